"""Checks for authors of plug-ins, and parties that run in threads of one process."""

from __future__ import annotations

from spuframe.testing.protocol import check_protocol
from spuframe.testing.simulate import simulate, simulate_blackbox
from spuframe.testing.transport import check_transport

__all__ = ["check_protocol", "check_transport", "simulate", "simulate_blackbox"]
