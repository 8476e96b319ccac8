"""The session's end of the control connection to one node."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from spuframe.errors import AuthenticationError, PartyDiedError, PeerTimeoutError, PlanVersionError, SessionClosedError, SpuframeError
from spuframe.ir.physical import VERSION
from spuframe.link import handshake
from spuframe.link.handshake import DUPLEX, Credentials
from spuframe.link.sockets import check_network, connect_once
from spuframe.runtime.channel import Channel
from spuframe.runtime.node import control_id
from spuframe.runtime.rpc import Caller, Emit

LEAST_SILENCE = 5.0
"""Seconds that a node may be silent whatever the deadline: a busy machine lets a process wait."""


@dataclass(frozen=True)
class NodeAddress:
    """Where the node of a party or an owner listens, and the secret that it must be shown.

    Parameters
    ----------
    name : str
        ``"party 0"``, ``"owner hospital"``.
    host : str
    port : int
    secret : bytes
    owner : str, optional
        The owner's own name; None for a party.
    """

    name: str
    host: str
    port: int
    secret: bytes = field(repr=False)
    owner: str | None = None


class Client:
    """Requests to one node.

    Parameters
    ----------
    address : NodeAddress
    how_died : callable
        Says in words how the node's process ended, if that is known here.
    """

    def __init__(self, address: NodeAddress, how_died: Callable[[str], str] = lambda name: "its process ended") -> None:
        self.address = address
        self.name = address.name
        self.pid = -1
        self.died: SpuframeError | None = None
        self._how_died = how_died
        self._closed = False
        self._caller: Caller | None = None

    def connect(self, deadline: float) -> Client:
        """Connect and prove the secret, both ways.

        Raises
        ------
        AuthenticationError, PeerTimeoutError, PlanVersionError
        """
        sock = self._reach(time.monotonic() + deadline)
        silence = max(deadline, LEAST_SILENCE)
        channel = Channel(sock, self.name, deadline=silence)
        self._caller = Caller(channel, self.name, self._lost, silence=silence)
        hello = self.request("hello", timeout=deadline)
        if hello["version"] != VERSION:
            raise PlanVersionError(
                f"{self.name} reads plans of version {hello['version']}, this session writes {VERSION}. Install the same spuframe."
            )
        self.pid, channel.most = int(hello["pid"]), int(hello["message"])
        return self

    def _reach(self, until: float) -> socket.socket:
        """Connect and prove; a node whose port is crowded with strangers drops connections, so that one tries again."""
        where, pause = (self.address.host, self.address.port), 0.02
        own = Credentials(self.address.secret, control_id(self.name), 1, 2).check()
        check_network([where], None, False)
        while True:
            sock: socket.socket | None = None
            try:
                sock = connect_once(where, until)
                handshake.connect(sock, own, 0, DUPLEX, until, self.name)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                return sock
            except BaseException as error:
                if sock is not None:
                    sock.close()
                if not isinstance(error, OSError) or isinstance(error, AuthenticationError):
                    raise
                refused = isinstance(error, ConnectionRefusedError)
            if refused or time.monotonic() + pause >= until:
                text = f"{self.name} could not be reached at {where[0]}:{where[1]}. Check that its node runs, its address, and firewalls."
                raise PeerTimeoutError(text, party=self.name)
            time.sleep(pause)
            pause = min(2 * pause, 0.5)

    def call(self, method: str, params: Mapping[str, Any] | None = None, on_event: Emit | None = None) -> Future[Any]:
        return self._connected().call(method, params, on_event)

    def request(self, method: str, params: Mapping[str, Any] | None = None, timeout: float | None = None) -> Any:
        return self._connected().request(method, params, timeout)

    def close(self) -> None:
        self._closed = True
        if self._caller is not None:
            self._caller.close()

    def _connected(self) -> Caller:
        if self._caller is None:
            raise SessionClosedError(f"the session is not connected to {self.name}. Open it first (`with`).")
        return self._caller

    def _lost(self, reason: SpuframeError | None) -> SpuframeError:
        if self._closed:
            return SessionClosedError("the session is closed. Open a new one.")
        if reason is None:
            reason = PartyDiedError(f"{self.name} died: {self._how_died(self.name)}. Open a new session.", party=self.name)
        else:
            reason = type(reason)(f"{reason.message} Open a new session.", party=self.name)
        self.died = reason
        return reason
