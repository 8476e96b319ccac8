"""A thread for what an interrupt must not cut in two."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from spuframe.errors import SessionClosedError

T = TypeVar("T")


class Uncut:
    """Does what is asked in one thread of its own, in order and to its end, also where who asked was interrupted meanwhile.

    Python lets a Ctrl-C into the main thread alone: here none comes between, say, the start of a process and the note of it. Not for a forked child.

    Examples
    --------
    >>> uncut = Uncut()
    >>> uncut.do(lambda: 1 + 1)
    2
    >>> uncut.close(wait=True)
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "spuframe-uncut")

    def do(self, work: Callable[[], T]) -> T:
        """Have a thing done, and wait for its result.

        Raises
        ------
        SessionClosedError
            After `close`.
        """
        try:
            done = self._thread.submit(work)
        except RuntimeError:
            raise SessionClosedError("the session was closed. Open a new one.") from None
        return done.result()

    def close(self, *, wait: bool) -> None:
        """Take nothing more; ``wait`` for what is under way."""
        self._thread.shutdown(wait=wait)
