"""`jit`: compile a loop with Numba, but only when it is first called.

Importing spuframe must be quick, and Numba alone takes a second to import. So the decorator only wraps; the first call imports Numba
and compiles, once per combination of word types. Machine code is cached on disk, beside the source or where Numba is told to; where no such
place can be written, kernels are compiled anew in every process.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from collections.abc import Callable
from functools import cache, update_wrapper
from types import FunctionType
from typing import Any, TypeVar, cast

log = logging.getLogger(__name__)
F = TypeVar("F", bound=Callable[..., Any])


def jit(fn: F) -> F:
    """Compile ``fn`` at its first call, for the types of that call and later for others.

    The code runs without the interpreter's lock, on the calling thread alone (a party's cores are shared out above, among
    lanes), with IEEE floating point and without bounds checks. It may call other functions that are decorated so.

    Parameters
    ----------
    fn : function
        Within the part of Python that Numba compiles.

    Returns
    -------
    function
        Called like ``fn``, which stays reachable as ``__wrapped__``.

    Examples
    --------
    >>> import numpy as np
    >>> @jit
    ... def total(words):
    ...     out = words.dtype.type(0)
    ...     for w in words:
    ...         out += w
    ...     return out
    >>> int(total.__wrapped__(np.arange(4, dtype=np.uint32)))  # as plain Python; ``total(...)`` compiles
    6
    """
    return cast(F, Compiled(fn))


class Compiled:
    """A function and, from its first call on, its Numba dispatcher."""

    def __init__(self, fn: Callable[..., Any]) -> None:
        update_wrapper(self, fn)
        self._fn = fn
        self._lock = threading.Lock()
        self._dispatcher: Callable[..., Any] | None = None

    def __call__(self, *args: Any) -> Any:
        return (self._dispatcher or self.dispatcher())(*args)

    def dispatcher(self) -> Callable[..., Any]:
        """The Numba dispatcher; made now if it is not there yet."""
        from numba import njit

        with self._lock:
            if self._dispatcher is None:
                fn = cast(FunctionType, self._fn)
                # Numba knows its own dispatchers, not ours: put them in the place of those that this function calls.
                used = {name: fn.__globals__[name] for name in fn.__code__.co_names if name in fn.__globals__}
                inner = {name: v.dispatcher() for name, v in used.items() if isinstance(v, Compiled)}
                if inner:
                    plain = FunctionType(fn.__code__, {**fn.__globals__, **inner}, fn.__name__, fn.__defaults__, fn.__closure__)
                    plain.__module__, plain.__qualname__ = fn.__module__, fn.__qualname__
                    fn = plain
                self._dispatcher = njit(nogil=True, fastmath=False, boundscheck=False)(fn)
                cached(self._dispatcher, fn)
            return self._dispatcher

    def load(self) -> None:
        """Load the machine code that the disk holds, for whatever types; what cannot be loaded is made when it is called for."""
        dispatcher: Any = self.dispatcher()
        with contextlib.suppress(Exception):  # of Numba's, whatever it is: the call that needs it tells
            for signature in dispatcher._cache.signatures(dispatcher.targetctx.codegen()):
                dispatcher.compile(signature)


def load_cached() -> None:
    """Load the machine code that the disk holds of every kernel of the modules that are loaded by now."""
    for module in list(sys.modules.values()):
        for kernel in list(getattr(module, "__dict__", {}).values()):
            if type(kernel) is Compiled:  # asked so that no lazy object is woken
                kernel.load()


def cached(dispatcher: Any, fn: FunctionType) -> None:
    """Let a dispatcher keep its machine code on disk, if there is a place for it."""
    from spuframe.kernels.cache import SafeCache

    try:
        dispatcher._cache = SafeCache(fn)
    except (RuntimeError, OSError) as error:  # Numba's words for: nowhere to write
        _warn_once(type(error).__name__)


@cache
def _warn_once(reason: str) -> None:
    log.warning("kernels are compiled without a cache, in every process anew (%s): set NUMBA_CACHE_DIR to a folder that can be written", reason)
