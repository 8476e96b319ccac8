"""Between processes over TCP: one connection a pair; with TLS one connection a direction.

The bytes are protected by TLS alone. Without it a link is refused on anything but the loopback, unless the caller
insists; the proof of the session secret (`spuframe.link.handshake`) keeps strangers out in both cases.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spuframe.link.base import Transport
from spuframe.link.endpoint import SocketEndpoint
from spuframe.link.mesh import Pair
from spuframe.link.sockets import TLSConfig, check_network, connect_once, join, listen, split
from spuframe.link.streams import PlainStream, Stream, TlsStream


@dataclass(frozen=True)
class Tcp(Transport):
    """TCP, on the loopback or, with TLS, over any network.

    Parameters
    ----------
    tls : TLSConfig, optional
        Mutual TLS 1.3; needed off the loopback.
    insecure_no_tls : bool
        Send shares in the clear over a network. Only where something else protects it.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> import numpy as np
    >>> endpoints = [Tcp().bind("127.0.0.1", Path()) for _ in range(2)]
    >>> addresses = [e.address for e in endpoints]
    >>> def open_rank(rank):
    ...     return endpoints[rank].open(rank, addresses, b"a secret of 32 random bytes here", b"session")
    >>> with ThreadPoolExecutor(2) as pool:
    ...     a, b = pool.map(open_rank, range(2))
    >>> a.send(1, np.arange(3))
    >>> out = np.empty(3, np.int64)
    >>> b.recv_into(0, out)
    >>> out.tolist()
    [0, 1, 2]
    >>> a.close(), b.close()
    (None, None)
    """

    tls: TLSConfig | None = None
    insecure_no_tls: bool = False
    name = "tcp"

    @property
    def insecure(self) -> bool:
        return self.tls is None

    @property
    def threat(self) -> str:
        if self.tls is not None:
            return "mutual TLS 1.3: who is between the machines learns how many bytes pass and when"
        return "no TLS: who is between the machines can read and change the shares; for the loopback, where only this machine's administrator is"

    def bind(self, host: str, folder: Path) -> TcpEndpoint:
        check_network([(host, 0)], self.tls, self.insecure_no_tls, warn=False)
        return TcpEndpoint(self, listen(host))


class TcpEndpoint(SocketEndpoint):
    """A listening socket of TCP; its address is ``host:port``."""

    def __init__(self, transport: Tcp, listener: socket.socket) -> None:
        super().__init__(listener, join(*listener.getsockname()[:2]))
        self._transport = transport

    def check(self, addresses: Sequence[str]) -> None:
        check_network([split(a) for a in addresses], self._transport.tls, self._transport.insecure_no_tls)

    def connect(self, address: str, until: float) -> socket.socket:
        sock = connect_once(split(address), until)
        if self._transport.tls is None:
            return sock
        try:
            return self._transport.tls.context(server=False).wrap_socket(sock, server_hostname=split(address)[0])
        except BaseException:
            sock.close()
            raise

    def server_context(self) -> ssl.SSLContext | None:
        return None if self._transport.tls is None else self._transport.tls.context(server=True)

    def stream(self, pair: Pair, slice_seconds: float) -> Stream:
        return PlainStream(pair, slice_seconds) if self._transport.tls is None else TlsStream(pair, slice_seconds)


TRANSPORT = Tcp()
