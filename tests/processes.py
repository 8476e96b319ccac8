"""What tests do to the process of the analyst: fork it, interrupt it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TypeVar

import spuframe

T = TypeVar("T")
_OURS = str(Path(spuframe.__file__).parent)


def in_child(work: Callable[[], bool]) -> bool:
    """Whether ``work`` gives true in a forked child, within a minute."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 advises against what is tested here
        child = os.fork()
    if child == 0:
        good = False
        try:
            good = work()
        finally:
            os._exit(0 if good else 1)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def interrupting(true: Callable[..., T]) -> Callable[..., T]:
    """``true``, the first time with a Ctrl-C once it is done and before anybody has its result; wherever it runs, that comes to the main thread."""
    left = [signal.SIGINT]

    def interrupted(*args: object, **options: object) -> T:
        result = true(*args, **options)
        if left:
            signal.pthread_kill(threading.main_thread().ident or 0, left.pop())
            time.sleep(0.1)  # it has come when this goes on
        return result

    return interrupted


def interrupted_at(moment: int, work: Callable[[], object]) -> bool:
    """Do ``work``, with a Ctrl-C at its ``moment``-th moment; whether it came to that."""
    count = _moments(work, moment)
    return count == moment


def moments(work: Callable[[], object]) -> int:
    """How many moments ``work`` has at which Python lets a Ctrl-C come into the code of spuframe: as a function begins, and as a call is done."""
    return _moments(work, None)


def _moments(work: Callable[[], object], last: int | None) -> int:
    count = 0

    def seen(frame: FrameType, event: str, arg: object) -> None:
        nonlocal count
        if event == "c_call" or not frame.f_code.co_filename.startswith(_OURS):
            return
        if frame.f_back is not None and frame.f_back.f_code.co_filename == weakref.__file__:
            return  # of a weak table that loses an entry, where Python takes no error, and calls none its own
        count += 1
        if count == last:
            sys.setprofile(None)
            raise KeyboardInterrupt

    sys.setprofile(seen)
    try:
        work()
    except KeyboardInterrupt:
        pass
    finally:
        sys.setprofile(None)
    return count
