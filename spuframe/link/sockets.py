"""Plain socket work: listening, connecting until a deadline, TLS contexts, what counts as this machine."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from spuframe.errors import AddressInUseError, AuthenticationError, LinkError

log = logging.getLogger(__name__)
Address = tuple[str, int]
BUFFER = 4 << 20
MAX_UNPROVEN = 64  # connections that have proved nothing yet, at one port


class WaitingRoom:
    """Connections that have proved nothing yet. Where it is full the oldest gives way: silent strangers keep nobody out.

    Who was pushed out tries again; to keep it out, strangers must come faster than it proves itself.

    Parameters
    ----------
    size : int
    """

    def __init__(self, size: int = MAX_UNPROVEN) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._inside: dict[socket.socket, None] = {}

    def enter(self, sock: socket.socket) -> None:
        """Take in a connection; close the oldest if there are too many."""
        with self._lock:
            self._inside[sock] = None
            if len(self._inside) > self._size:
                oldest = next(iter(self._inside))
                del self._inside[oldest]
                shut(oldest)

    def leave(self, sock: socket.socket) -> None:
        """Forget a connection: it has proved itself, or is closed."""
        with self._lock:
            self._inside.pop(sock, None)


def shut(sock: socket.socket) -> None:
    """Close a socket, waking a thread that reads from it."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    sock.close()


@dataclass(frozen=True)
class TLSConfig:
    """Mutual TLS 1.3: every process shows a certificate, and trusts only what ``cafile`` signed.

    Parameters
    ----------
    certfile, keyfile : str or Path
        The certificate chain of this process and its private key, PEM.
    cafile : str or Path
        The certificates of the authority that signed those of the peers, PEM.
    check_hostname : bool
        Whether a peer's certificate must name the address that we connect to.

    Examples
    --------
    >>> TLSConfig("party0.pem", "party0.key", "ca.pem").check_hostname
    True
    """

    certfile: str | Path
    keyfile: str | Path
    cafile: str | Path
    check_hostname: bool = True

    def context(self, *, server: bool) -> ssl.SSLContext:
        """Read the files and build the context of one side."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        try:
            context.load_cert_chain(self.certfile, self.keyfile)
            context.load_verify_locations(self.cafile)
        except (OSError, ssl.SSLError) as error:
            reason = error.strerror or type(error).__name__
            raise AuthenticationError(
                f"the TLS files {str(self.certfile)!r}, {str(self.keyfile)!r}, {str(self.cafile)!r} cannot be used: {reason}. "
                "Each must be a readable PEM file, and the key must belong to the certificate."
            ) from None
        context.verify_mode = ssl.CERT_REQUIRED
        if server:
            context.num_tickets = 0  # nothing is resumed, and unread tickets would turn a close into a reset
        else:
            context.check_hostname = self.check_hostname
        return context


def join(host: str, port: int) -> str:
    """Write an address as text.

    Examples
    --------
    >>> join("::1", 9000), split("[::1]:9000")
    ('[::1]:9000', ('::1', 9000))
    """
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def split(text: str) -> Address:
    """Read the inverse of `join`.

    Raises
    ------
    LinkError
        It is no address.
    """
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16):
        raise LinkError("an address of the transport 'tcp' is host:port. Bind all ranks by the same transport.")
    return host.removeprefix("[").removesuffix("]"), int(port)


def listen(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """Open a listening socket; port 0 takes a free one.

    Raises
    ------
    AddressInUseError
        Something else listens there.

    Examples
    --------
    >>> with listen() as listener:
    ...     listener.getsockname()[0]
    '127.0.0.1'
    """
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except socket.gaierror as error:
        raise LinkError(f"{host!r} is not an address of this machine: {error.strerror}. Name an address of this machine.") from None
    listener = socket.socket(family, kind, proto)
    try:
        # A restart must not wait for TIME_WAIT; on Linux a socket that still listens is refused all the same.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        set_buffers(listener)  # accepted sockets inherit them, and the window's scale is agreed at accept
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise AddressInUseError(
                f"something else listens on {host}:{port}. Stop it, or take another port (port=0 takes a free one)."
            ) from None
        raise LinkError(f"cannot listen on {host}:{port}: {error.strerror}. Name an address of this machine, a port above 1023.") from None
    except BaseException:
        listener.close()
        raise
    return listener


def set_buffers(sock: socket.socket) -> None:
    """Ask for large kernel buffers, where asking helps.

    A fixed size switches the kernel's own tuning off. So where ``net.core.*mem_max`` would cut the wish below what
    the tuning reaches by itself (4-6 MB), nothing is asked.
    """
    for option, limit in ((socket.SO_SNDBUF, "wmem_max"), (socket.SO_RCVBUF, "rmem_max")):
        try:
            allowed = int(Path("/proc/sys/net/core", limit).read_text())
        except (OSError, ValueError):
            continue
        if allowed >= BUFFER:
            sock.setsockopt(socket.SOL_SOCKET, option, BUFFER)


def connect_once(address: Address, until: float) -> socket.socket:
    """Connect a socket, by ``until`` (of `time.monotonic`); `OSError` where it fails."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    host, port = address
    last: OSError = OSError(errno.EADDRNOTAVAIL, "no address")
    for family, kind, proto, _, where in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, proto)
        try:
            set_buffers(sock)
            sock.settimeout(left)
            sock.connect(where)
            if sock.getsockname() == sock.getpeername():  # TCP's self-connect to a free port of our own
                raise ConnectionRefusedError(errno.ECONNREFUSED, "self-connect")
            return sock
        except OSError as error:
            sock.close()
            last = error
    raise last


def is_loopback(host: str) -> bool:
    """Whether everything that ``host`` stands for is this machine's loopback.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0")
    (True, False)
    """
    try:
        found: Iterable[str] = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError:
        return False
    return all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in found)


def check_network(addresses: Sequence[Address], tls: TLSConfig | None, insecure: bool, *, warn: bool = True) -> None:
    """Refuse to send shares in the clear over a network."""
    outside = [] if tls is not None else [host for host, _ in addresses if not is_loopback(host)]
    if not outside:
        return
    if not insecure:
        raise LinkError(
            f"{outside[0]!r} is not the loopback, and without TLS shares would travel in the clear. "
            "Pass tls=TLSConfig(...), or insecure_no_tls=True where something else protects the network."
        )
    if warn:
        log.warning("INSECURE: no TLS; shares travel in the clear over the network", extra={"hosts": outside})
