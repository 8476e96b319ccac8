"""Forming the mesh: rank i connects to every rank below it and accepts every rank above it."""

from __future__ import annotations

import logging
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from spuframe.errors import AuthenticationError, PeerTimeoutError
from spuframe.link import handshake
from spuframe.link.base import LinkConfig
from spuframe.link.handshake import DOWN, DUPLEX, UP, Credentials
from spuframe.link.sockets import MAX_UNPROVEN, set_buffers, shut

log = logging.getLogger(__name__)
Connect = Callable[[str, float], socket.socket]
HANDSHAKE_SECONDS = 5.0


@dataclass(frozen=True)
class Pair:
    """The connection (without TLS: one for both directions) with one peer."""

    incoming: socket.socket
    outgoing: socket.socket

    def close(self) -> None:
        """Close both."""
        self.incoming.close()
        self.outgoing.close()


def form(
    own: Credentials,
    addresses: Sequence[str],
    listener: socket.socket,
    config: LinkConfig,
    connect: Connect,
    context: ssl.SSLContext | None,
) -> dict[int, Pair]:
    """Open and prove all connections of one rank, or none.

    Parameters
    ----------
    own : Credentials
    addresses : sequence of str
        Where the ranks below listen; those above connect to ``listener``.
    listener : socket
    config : LinkConfig
    connect : callable
        Connects to an address by a time (of `time.monotonic`); `OSError` where it fails.
    context : SSLContext, optional
        For TLS, of the accepting side: each direction has then a connection of its own.

    Raises
    ------
    AuthenticationError
        A peer did not prove the secret: at once for one we connect to. One that connects to us
        cannot be told from a stranger, so it is dropped, and the deadline decides.
    PeerTimeoutError
        A peer was not there by the deadline.
    """
    until = time.monotonic() + config.deadline
    channels = (DUPLEX,) if context is None else (UP, DOWN)
    found: dict[tuple[int, int], socket.socket] = {}
    door = None
    try:
        if own.rank + 1 < own.world:
            seconds = float(config.options.get("handshake_timeout", HANDSHAKE_SECONDS))
            door = _Door(listener, own, channels, context, until, seconds)
            door.start()
        for peer in range(own.rank):
            for channel in channels:
                found[peer, channel] = _reach(own, peer, channel, addresses[peer], connect, until, config.name(peer))
        if door is not None:
            found |= door.wait(config)
    except BaseException:
        for sock in found.values():
            sock.close()
        raise
    finally:
        if door is not None:
            door.stop()
    pairs = {}
    for peer in range(own.world):
        if peer != own.rank:
            up, down = found[peer, channels[0]], found[peer, channels[-1]]
            pairs[peer] = Pair(down, up) if peer < own.rank else Pair(up, down)
    return pairs


def _reach(
    own: Credentials, peer: int, channel: int, address: str, connect: Connect, until: float, name: str
) -> socket.socket:
    """Connect to ``peer`` and prove the secret, trying again while it is not there yet."""
    pause = 0.02
    while True:
        sock: socket.socket | None = None
        try:
            sock = connect(address, until)
            handshake.connect(sock, own, peer, channel, until, name)
            return sock
        except OSError as error:  # all network errors, and AuthenticationError too
            if sock is not None:
                sock.close()
            if isinstance(error, AuthenticationError):
                raise
            if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
                raise handshake.refused(name) from None
        except BaseException:
            if sock is not None:
                sock.close()
            raise
        if time.monotonic() + pause >= until:
            raise PeerTimeoutError(
                f"{name} could not be reached at {address}. Check that it runs, its address, and firewalls; "
                "or raise the deadline.",
                party=name,
            )
        time.sleep(pause)
        pause = min(2 * pause, 0.5)


class _Door:
    """Accepts connections and proves each in a thread of its own, so that a silent stranger holds up nobody."""

    def __init__(
        self,
        listener: socket.socket,
        own: Credentials,
        channels: tuple[int, ...],
        context: ssl.SSLContext | None,
        until: float,
        seconds: float,
    ) -> None:
        self._listener = listener
        self._own = own
        self._channels = channels
        self._context = context
        self._until = until
        self._seconds = seconds
        self._changed = threading.Condition()
        self._found: dict[tuple[int, int], socket.socket] = {}
        self._pending: dict[socket.socket, threading.Thread] = {}
        self._claims: list[int] = []
        self._stopped = False
        self._bell, self._ear = socket.socketpair()  # wakes the thread: not every kind of socket wakes from accept when it is shut down
        self._thread = threading.Thread(target=self._run, name="spuframe-link-accept", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wait(self, config: LinkConfig) -> dict[tuple[int, int], socket.socket]:
        """Wait for all ranks above ours; the sockets are the caller's from then on."""
        wanted = {(peer, channel) for peer in range(self._own.rank + 1, self._own.world) for channel in self._channels}
        with self._changed:
            while not wanted <= self._found.keys():
                left = self._until - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    absent = min(peer for peer, channel in wanted if (peer, channel) not in self._found)
                    name = config.name(absent)
                    if absent in self._claims:
                        raise handshake.refused(name)
                    raise PeerTimeoutError(
                        f"{name} did not connect within {config.deadline} s. Check that it runs and can reach this process; "
                        "or raise the deadline.",
                        party=name,
                    )
            found, self._found = self._found, {}
            self._stopped = True
            return found

    def stop(self) -> None:
        """Drop everyone who is not proven, and end the threads."""
        with self._changed:
            self._stopped = True
            strays = [*self._found.values(), *self._pending]
            threads = [self._thread, *self._pending.values()]
            self._found = {}
        self._bell.close()
        for sock in strays:
            shut(sock)
        for thread in threads:
            if thread.is_alive():
                thread.join(1.0)
        self._ear.close()

    def _run(self) -> None:
        self._listener.setblocking(False)
        waiter = select.poll()
        waiter.register(self._listener, select.POLLIN)
        waiter.register(self._ear, select.POLLIN)
        while not self._stopped and time.monotonic() < self._until:
            waiter.poll(500)
            if self._stopped:
                return
            try:
                sock, _ = self._listener.accept()
            except BlockingIOError:
                continue
            except OSError as error:  # a connection that broke off in the queue, or no more descriptors
                log.debug("accept failed", extra={"errno": error.errno})
                time.sleep(0.01)
                continue
            with self._changed:
                if self._stopped:
                    sock.close()
                    continue
                if len(self._pending) >= MAX_UNPROVEN:  # the oldest gives way; a peer tries again
                    oldest = next(iter(self._pending))
                    del self._pending[oldest]
                    shut(oldest)
                thread = threading.Thread(target=self._prove, args=(sock,), name="spuframe-link-handshake", daemon=True)
                self._pending[sock] = thread
                thread.start()

    def _prove(self, raw: socket.socket) -> None:
        sock = raw
        until = min(self._until, time.monotonic() + self._seconds)
        claims: list[int] = []
        proven = None
        try:
            set_buffers(raw)
            raw.settimeout(max(until - time.monotonic(), 0.001))
            if self._context is not None:
                sock = self._context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
                with self._changed:  # the plain socket is an empty shell from here on
                    self._pending[sock] = self._pending.pop(raw, threading.current_thread())
                sock.do_handshake()
            proven = handshake.accept(sock, self._own, self._channels, until, claims)
        except OSError as error:  # silence, rubbish, a wrong proof: a stranger as far as we can know
            log.warning("a connection did not prove the session secret and was dropped", extra={"reason": type(error).__name__})
        with self._changed:
            self._pending.pop(sock, None)
            self._claims += [peer for peer in claims if proven is None][: 1024 - len(self._claims)]
            if proven is None or self._stopped:
                shut(sock)
                return
            older = self._found.pop(proven, None)
            if older is not None:  # the peer proved itself again: its earlier try did not get through
                shut(older)
            self._found[proven] = sock
            self._changed.notify_all()
