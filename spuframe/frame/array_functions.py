"""NumPy's functions of whole columns: ``np.sum(frame["x"])``, ``np.where(frame["x"] > 0, 1, 0)``; and no silent conversion to an array.

>>> sorted(f.__name__ for f in FUNCTIONS)[:6]
['all', 'amax', 'amin', 'any', 'around', 'clip']
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NoReturn

import numpy as np

from spuframe import expr as ex
from spuframe.errors import TypeMismatchError
from spuframe.frame.arguments import is_missing
from spuframe.frame.operators import Operators
from spuframe.frame.ufuncs import builder


# NumPy's own names of the arguments: who calls by name finds them.
def _reduction(name: str) -> Callable[..., Any]:
    return lambda a: getattr(_one(a, name), name)()


def _spread(name: str) -> Callable[..., Any]:
    return lambda a, *, ddof=0: getattr(_one(a, name), name)(ddof=ddof)


def _one(a: Any, name: str) -> Any:
    """What has one number; of a frame, NumPy means that of all its values, and pandas those of its columns."""
    if hasattr(a, "columns"):
        raise TypeMismatchError(f"np.{name} of a frame is one number of all its values: take those of its columns, frame.{name}()")
    return a


def _dot(a: Any, b: Any) -> Any:
    return a.dot(b) if hasattr(a, "dot") and _secret(a) else b.dot(a)


def _round(a: Any, decimals: int = 0) -> Any:
    return a.round(decimals)


def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    return a.clip(a_min if min is None else min, a_max if max is None else max)


def _where(condition: Any, x: Any, y: Any) -> Any:
    first = next(v for v in (x, y, condition) if _secret(v))
    then, other = (not is_missing(v) for v in (x, y))  # None is no operand, and has the type of the other branch
    operands = [v for v, there in ((x, then), (y, other)) if there]
    return first._apply(lambda c, *v: ex.where(c, v[0] if then else None, v[-1] if other else None), condition, *operands)


FUNCTIONS: Mapping[Callable[..., Any], Callable[..., Any]] = MappingProxyType(
    {
        np.sum: _reduction("sum"),
        np.nansum: _reduction("sum"),
        np.mean: _reduction("mean"),
        np.nanmean: _reduction("mean"),
        np.min: _reduction("min"),
        np.amin: _reduction("min"),
        np.nanmin: _reduction("min"),
        np.max: _reduction("max"),
        np.amax: _reduction("max"),
        np.nanmax: _reduction("max"),
        np.std: _spread("std"),
        np.nanstd: _spread("std"),
        np.var: _spread("var"),
        np.nanvar: _spread("var"),
        np.any: _reduction("any"),
        np.all: _reduction("all"),
        np.cumsum: _reduction("cumsum"),
        np.dot: _dot,
        np.inner: _dot,
        np.vdot: _dot,
        np.round: _round,
        np.around: _round,
        np.clip: _clip,
        np.where: _where,
        np.isin: lambda element, test_elements: element.isin(test_elements),
    }
)
"""By NumPy function: what it is of a secret column. Nulls are skipped, as pandas does, also where NumPy would not."""

_PAIRS: Mapping[np.ufunc, tuple[str, str]] = MappingProxyType({np.matmul: ("dot", "dot"), np.vecdot: ("dot", "dot"), np.divmod: ("divmod", "rdivmod")})
"""NumPy functions that are a method: of the left operand, of the right one where the left one is public."""


def call_ufunc(series: Operators, ufunc: np.ufunc, method: str, inputs: Sequence[object], options: Mapping[str, object]) -> Any:
    """What ``series.__array_ufunc__`` is: an element of the result for each row, or a product of whole columns."""
    if ufunc in _PAIRS and method == "__call__" and not options:
        left, right = inputs
        forward, backward = _PAIRS[ufunc]
        return getattr(left, forward)(right) if _secret(left) else getattr(right, backward)(left)
    return series._apply(builder(ufunc, method, options), *inputs)


def call_function(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """What ``series.__array_function__`` is: a function of the table, or an error that names those that there are."""
    name = f"np.{_path(function)}"
    if function not in FUNCTIONS:
        known = ", ".join(dict.fromkeys(f"np.{f.__name__}" for f in FUNCTIONS))
        raise TypeMismatchError(
            f"{name} has no secret version, and a secret column is never turned into an array. Of whole columns there are {known}, and the column's "
            "own methods; row by row np.exp and the like; anything else: .reveal() first"
        )
    run = FUNCTIONS[function]
    takes = inspect.signature(run)
    try:
        bound = takes.bind(*args, **kwargs)
    except TypeError as error:
        given = ", ".join(takes.parameters)
        raise TypeMismatchError(f"{name} of a secret column takes ({given}): {error}. Leave the rest out, or .reveal() first") from None
    if not any(_secret(v) for v in bound.arguments.values()):
        raise TypeMismatchError(f"{name} takes the secret column itself, not in a list or a tuple: {name}(frame['x'])")
    return run(*bound.args, **bound.kwargs)


def refuse_array(what: str) -> NoReturn:
    """What ``__array__`` is: nothing secret is converted by itself."""
    raise TypeMismatchError(f"{what} is secret and is never turned into an array by itself: .reveal() shows it, if it may be seen")


def _secret(value: object) -> bool:
    return hasattr(value, "_apply")


def _path(function: Callable[..., Any]) -> str:
    module = getattr(function, "__module__", "numpy").removeprefix("numpy").removeprefix(".")
    return f"{module}.{function.__name__}" if module else function.__name__
