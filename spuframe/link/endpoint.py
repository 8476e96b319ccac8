"""What all transports over stream sockets have in common: prove the secret, form the mesh, cut the streams into frames."""

from __future__ import annotations

import socket
import ssl
from abc import abstractmethod
from collections.abc import Sequence

from spuframe.errors import LinkError
from spuframe.link.base import Endpoint, LinkConfig
from spuframe.link.handshake import Credentials
from spuframe.link.mesh import Pair, form
from spuframe.link.stream_link import StreamLink
from spuframe.link.streams import Stream

_OPTIONS = {"handshake_timeout"}


class SocketEndpoint(Endpoint):
    """A socket that listens for the ranks above; a transport says how the ranks below are reached.

    `LinkConfig.options` may have ``handshake_timeout``: seconds before a silent stranger is dropped.

    Parameters
    ----------
    listener : socket
        The endpoint's own from here on.
    address : str
    """

    def __init__(self, listener: socket.socket, address: str) -> None:
        self.address = address
        self._listener = listener

    def open(self, rank: int, addresses: Sequence[str], secret: bytes, session_id: bytes, config: LinkConfig | None = None) -> StreamLink:
        config = config or LinkConfig()
        try:
            world = len(addresses)
            if not 0 <= rank < world:
                raise LinkError(f"`rank` must be below the number of addresses ({world}), got {rank}.")
            unknown = config.options.keys() - _OPTIONS
            if unknown:
                raise LinkError(f"`options` must be among {sorted(_OPTIONS)}, got {sorted(unknown)}.")
            own = Credentials(secret, session_id, rank, world).check()
            self.check([*addresses[:rank], *([self.address] if rank + 1 < world else [])])
            pairs = form(own, addresses, self._listener, config, self.connect, self.server_context())
        finally:
            self.close()
        return StreamLink(rank, {peer: self.stream(pair, config.slice) for peer, pair in pairs.items()}, config)

    def close(self) -> None:
        self._listener.close()

    @abstractmethod
    def check(self, addresses: Sequence[str]) -> None:
        """Refuse addresses that will be used, this rank's own perhaps among them, before anything is sent."""

    @abstractmethod
    def connect(self, address: str, until: float) -> socket.socket:
        """Connect a socket by ``until`` (of `time.monotonic`); `OSError` where it fails."""

    def server_context(self) -> ssl.SSLContext | None:
        """For TLS, the side that accepts: each direction has then a connection of its own."""
        return None

    @abstractmethod
    def stream(self, pair: Pair, slice_seconds: float) -> Stream:
        """Wrap what joins this rank and a peer."""
