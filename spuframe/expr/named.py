"""By which functions of NumPy and SciPy a builder of expressions is called: said where it stands, and collected by `spuframe.expr.functions.builders`.

>>> import numpy as np
>>> from spuframe.expr import exp
>>> names_of(exp).ufuncs == (np.exp,)
True
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Names:
    """Whose calls a builder answers.

    Parameters
    ----------
    ufuncs : tuple of numpy.ufunc
        NumPy's functions; several, if they mean the same here.
    scipy : str
        The name of SciPy's function, which dispatches like NumPy's; SciPy is not imported for it.
    bare : bool
        Whether it takes public numbers as they are, infinity and 2**70 too, which no constant can be.
    """

    ufuncs: tuple[np.ufunc, ...] = ()
    scipy: str = ""
    bare: bool = False


def named(*ufuncs: np.ufunc, scipy: str = "", bare: bool = False) -> Callable[[F], F]:
    """Say whose calls a builder answers (see `Names`)."""

    def mark(build: F) -> F:
        vars(build)["names"] = Names(ufuncs, scipy, bare)
        return build

    return mark


def names_of(build: Callable[..., Any]) -> Names:
    """Whose calls a builder answers; nobody's, if it does not say."""
    found = getattr(build, "names", None)
    return found if isinstance(found, Names) else Names()
