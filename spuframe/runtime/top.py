"""The top of every process of parties and owners: what each does first, and what becomes of an error that nobody caught."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from spuframe.errors import SpuframeError, to_wire
from spuframe.runtime.process import OUT_OF_MEMORY, PeakMemory, end_with_parent, end_with_threads, is_memory, no_core_files, out_of_memory
from spuframe.runtime.rpc import unexpected


def begin(*, threads: bool, orphaned: signal.Signals) -> PeakMemory:
    """Make the process one of ours: deaf to the analyst's Ctrl-C, its log on stderr, nothing of it in a core file.

    Parameters
    ----------
    threads : bool
        Whether a thread that dies of an error takes the process along: where one thread's work is all there is.
    orphaned : Signals
        What it gets when its parent has ended: it sees the end by itself, but not while it is stopped.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C in the analyst's terminal is the session's business
    logging.raiseExceptions = False  # a reader of stderr that is gone is no error
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    peak = PeakMemory()
    no_core_files()
    end_with_parent(orphaned)
    faulthandler.enable()
    if threads:
        end_with_threads()
    return peak


@contextlib.contextmanager
def guarded(name: str, tell: Callable[[Mapping[str, Any]], object]) -> Iterator[None]:
    """Run what a process is for, to its end: it always ends with a status, and who waits for it is told a typed error.

    Nothing else is waited for: threads that still serve somebody must not hold up the end.

    Parameters
    ----------
    name : str
        Who this is, for errors.
    tell : callable
        Hands over the error as plain data.
    """
    try:
        yield
    except BaseException as error:  # noqa: BLE001  the top of the process: who waits must see an end, not a hanging thread
        if is_memory(error):
            os._exit(OUT_OF_MEMORY)
        with contextlib.suppress(SpuframeError, OSError, ValueError):  # nobody is there, or was told already
            tell(to_wire(typed(error, name)))
        os._exit(1)
    os._exit(0)


def typed(error: BaseException, name: str) -> SpuframeError:
    """The typed error that stands for any."""
    if isinstance(error, SpuframeError):
        return error
    return out_of_memory(name) if is_memory(error) else unexpected(error, name)
