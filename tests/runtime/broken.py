"""A worker that fails at its start, with values in its log."""

from __future__ import annotations

import sys


def read(line: str) -> None:
    raise ValueError(f"bad line: {line} 4711")


def main() -> None:
    sys.stderr.write("WARNING spuframe: row 4711\n")
    read("4711")
