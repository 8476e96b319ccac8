"""A reader that a file's name harms: it dies, or never ends, or is slow to start."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spuframe.runtime import reader, tables

true = tables._read


def read(source: Mapping[str, Any], policy: Any) -> Any:
    name = Path(source.get("path", "")).name
    if name == "segv.csv":
        ctypes.string_at(0)  # here and now: a signal that is sent is taken by another thread, while this one goes on
    if name == "hang.csv":
        time.sleep(60)
    return true(source, policy)


def main() -> None:
    tables._read = read
    reader.main()
