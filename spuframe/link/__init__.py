"""Bytes between ranks: the contract, a transport in memory, a transport over TCP (and TLS)."""

from __future__ import annotations

from spuframe.link.base import Bytes, Link, LinkConfig, Traffic
from spuframe.link.memory import MemoryNetwork
from spuframe.link.sockets import TLSConfig, listen
from spuframe.link.tcp import TcpLink

__all__ = ["Bytes", "Link", "LinkConfig", "MemoryNetwork", "TLSConfig", "TcpLink", "Traffic", "listen"]
