"""Functions of a secret column that NumPy has no name for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from spuframe import expr as ex
from spuframe.errors import TypeMismatchError
from spuframe.frame.column import Column

C = TypeVar("C", bound=Column)


def _named(name: str, build: Callable[[ex.Expr], ex.Expr], x: C) -> C:
    if not isinstance(x, Column):
        raise TypeMismatchError(f"sf.{name} takes a secret column, got {type(x).__name__}: for plaintext there is scipy.special")
    return x._apply(build, x)


def sigmoid(x: C) -> C:
    """``1 / (1 + exp(-x))`` of a secret column; also ``scipy.special.expit(x)``.

    >>> import pandas as pd
    >>> import spuframe as sf
    >>> with sf.local() as session:
    ...     people = session.from_pandas(pd.DataFrame({"score": [-1.0, 0.0, 2.0]}), owner="bank")
    ...     sf.sigmoid(people["score"]).reveal().round(3).tolist()
    [0.269, 0.5, 0.881]
    """
    return _named("sigmoid", ex.sigmoid, x)


def erf(x: C) -> C:
    """The error function of a secret column; also ``scipy.special.erf(x)``."""
    return _named("erf", ex.erf, x)


def rsqrt(x: C) -> C:
    """``1 / sqrt(x)`` of a secret column, in one step and more exact than two; null where x is not positive."""
    return _named("rsqrt", ex.rsqrt, x)
