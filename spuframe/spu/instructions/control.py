"""How the instructions of `spuframe.ir.instructions.control` run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spuframe.spu.machine import Machine
from spuframe.spu.share import Share


def assign(machine: Machine, i: Mapping[str, Any]) -> Share:
    """A new value of a matrix."""
    return machine.values[i["a"]]
