"""Between processes of one user on one machine: sockets that are files, which no network reaches.

This is also the example of a transport: one file. A transport says its name and whom it keeps out (`Transport`), where
a rank can be reached (`bind`), and how ranks join (`Endpoint.open`). Over stream sockets the last is
`SocketEndpoint`'s: it proves the secret, forms the mesh, limits lengths, keeps deadlines and makes a dead peer a typed
error. What is left is to connect, and what is peculiar to these sockets. A transport of another kind implements
`Endpoint` and `Link` by itself. `spuframe.testing.check_transport("unix")` is its whole test.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spuframe.errors import LinkError
from spuframe.link.base import Transport
from spuframe.link.endpoint import SocketEndpoint
from spuframe.link.mesh import Pair
from spuframe.link.streams import PlainStream, Stream

_ADDRESS = re.compile(r"/[ -~]*/link-[0-9a-f]{16}")


@dataclass(frozen=True)
class Unix(Transport):
    """Sockets in private folders: the system lets in who may enter the folder, this user and the administrator.

    Examples
    --------
    >>> TRANSPORT.name, TRANSPORT.insecure
    ('unix', False)
    """

    # What it says of itself. The runtime reads `insecure`: here no byte leaves the machine, so any host will do.
    name = "unix"
    insecure = False
    threat = "nothing leaves the machine: only its administrator and processes of the same user could read the shares"

    def bind(self, host: str, folder: Path) -> UnixEndpoint:
        # An address is text of the transport's own making; peers get it as it is.
        address = str(folder.absolute() / f"link-{secrets.token_hex(8)}")
        listener = socket.socket(socket.AF_UNIX)
        try:
            listener.bind(address)
            listener.listen(128)
        except OSError as error:  # "path too long" has no errno
            listener.close()
            text = f"cannot listen in the folder {str(folder)!r}: {error.strerror or error}. Take a writable folder with a short path (TMPDIR)."
            raise LinkError(text) from None
        return UnixEndpoint(listener, address)


class UnixEndpoint(SocketEndpoint):
    """A listening socket; its address is the path of its file."""

    def check(self, addresses: Sequence[str]) -> None:
        # Addresses come with a request: nothing but a socket of this transport is ever connected to.
        for address in addresses:
            if not _ADDRESS.fullmatch(address):
                raise LinkError("an address of the transport 'unix' is the path of a socket that it made. Bind all ranks by the same transport.")

    def connect(self, address: str, until: float) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.settimeout(max(0.001, until - time.monotonic()))
            sock.connect(address)
            return sock
        except BaseException:
            sock.close()
            raise

    def stream(self, pair: Pair, slice_seconds: float) -> Stream:
        return UnixStream(pair, slice_seconds)

    def close(self) -> None:
        super().close()
        with contextlib.suppress(OSError):
            Path(self.address).unlink(missing_ok=True)


class UnixStream(PlainStream):
    """Like a TCP socket, but for what only TCP has."""

    @staticmethod
    def tune(sock: socket.socket) -> None:
        pass  # nothing is held back here

    def unread_by_peer(self) -> int:
        return 0  # what was sent is in the peer's own queue, and stays there when this end closes


TRANSPORT = Unix()
