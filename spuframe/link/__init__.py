"""Bytes between ranks: the contract of transports and links, what transports over sockets share, and links in memory."""

from __future__ import annotations

from spuframe.link.base import Bytes, Endpoint, Link, LinkConfig, Traffic, Transport
from spuframe.link.memory import MemoryNetwork
from spuframe.link.sockets import TLSConfig, listen

__all__ = ["Bytes", "Endpoint", "Link", "LinkConfig", "MemoryNetwork", "TLSConfig", "Traffic", "Transport", "listen"]
