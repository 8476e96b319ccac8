"""A progress bar for plans that take over a second, in notebooks and terminals."""

from __future__ import annotations

import sys
import time
from importlib.util import find_spec
from types import TracebackType
from typing import Any

DELAY = 1.0  # seconds before anything is shown


def _bar(total: int) -> Any:
    """A widget in a notebook that can show one, else a line of text."""
    if find_spec("ipywidgets") is not None:
        from tqdm.auto import tqdm
    else:
        from tqdm import tqdm
    return tqdm(total=total, desc="spuframe", unit="step", leave=False)


def _watched() -> bool:
    """Whether there is a notebook or a terminal."""
    stream = sys.stderr
    notebook = "ipykernel" in sys.modules
    return notebook or (stream is not None and not stream.closed and stream.isatty())


class Progress:
    """Called with (done, total) while a plan runs; shows a `tqdm` bar once a second has passed, where somebody looks: not in files and pipes.

    Parameters
    ----------
    enabled : bool
    """

    def __init__(self, enabled: bool = True) -> None:
        self._enabled = enabled and _watched()
        self._start = time.monotonic()
        self._bar: Any = None

    def __call__(self, done: int, total: int) -> None:
        if not self._enabled or (self._bar is None and time.monotonic() - self._start < DELAY):
            return
        if self._bar is None:
            self._bar = _bar(total)
        self._bar.n = min(done, total)
        self._bar.refresh()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()
