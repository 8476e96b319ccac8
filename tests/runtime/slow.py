"""A reader that is slow to start."""

from __future__ import annotations

import time

from spuframe.runtime import reader


def main() -> None:
    time.sleep(1.5)
    reader.main()
