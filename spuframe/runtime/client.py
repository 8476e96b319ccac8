"""The session's end of the control connection to one node."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from spuframe.errors import PartyDiedError, PeerTimeoutError, PlanVersionError, SessionClosedError, SpuframeError
from spuframe.link import handshake
from spuframe.link.handshake import DUPLEX, Credentials
from spuframe.link.sockets import connect_once
from spuframe.plan.physical import VERSION
from spuframe.runtime.channel import Channel
from spuframe.runtime.node import control_id
from spuframe.runtime.rpc import Caller, Emit


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
        until = time.monotonic() + deadline
        where = (self.address.host, self.address.port)
        try:
            sock = connect_once(where, until)
            try:
                own = Credentials(self.address.secret, control_id(self.name), 1, 2).check()
                handshake.connect(sock, own, 0, DUPLEX, until, self.name)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except BaseException:
                sock.close()
                raise
        except OSError as error:
            if isinstance(error, SpuframeError):
                raise
            text = f"{self.name} could not be reached at {where[0]}:{where[1]}. Check that its node runs, its address, and firewalls."
            raise PeerTimeoutError(text, party=self.name) from None
        self._caller = Caller(Channel(sock, self.name), self.name, self._lost)
        hello = self.request("hello", timeout=deadline)
        if hello["version"] != VERSION:
            raise PlanVersionError(
                f"{self.name} reads plans of version {hello['version']}, this session writes {VERSION}. Install the same spuframe."
            )
        self.pid = int(hello["pid"])
        return self

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

    def _lost(self) -> SpuframeError:
        if self._closed:
            return SessionClosedError("the session is closed. Open a new one.")
        how = self._how_died(self.name)
        self.died = PartyDiedError(f"{self.name} died: {how}. Open a new session.", party=self.name)
        return self.died
