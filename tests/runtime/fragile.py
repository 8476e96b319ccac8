"""A reader that a file's name harms: it dies, or never ends; run as a script by the tests."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from spuframe.runtime import reader, tables

true = tables._read


def read(source: Mapping[str, Any], policy: Any) -> Any:
    name = Path(source.get("path", "")).name
    if name == "segv.csv":
        os.kill(os.getpid(), signal.SIGSEGV)
    if name == "hang.csv":
        time.sleep(60)
    return true(source, policy)


if __name__ == "__main__":
    tables._read = read
    reader.main()
