"""Which of NumPy's functions a secret column takes, row by row: ``np.exp(frame["x"])``, as with pandas.

>>> import numpy as np
>>> supported(np.exp), supported(np.arctan)
(True, False)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from spuframe import expr as ex
from spuframe.errors import TypeMismatchError


def _times(factor: float) -> Callable[..., ex.Expr]:
    return lambda x: ex.mul(x, factor)


UFUNCS: Mapping[np.ufunc, Callable[..., ex.Expr]] = MappingProxyType(
    {
        np.exp: ex.exp,
        np.exp2: ex.exp2,
        np.expm1: lambda x: ex.sub(ex.exp(x), 1),
        np.log: ex.log,
        np.log2: ex.log2,
        np.log10: ex.log10,
        np.log1p: lambda x: ex.log(ex.add(x, 1)),
        np.sqrt: ex.sqrt,
        np.square: lambda x: ex.mul(x, x),
        np.reciprocal: ex.reciprocal,
        np.sin: ex.sin,
        np.cos: ex.cos,
        np.tanh: ex.tanh,
        np.cosh: lambda x: ex.mul(ex.add(ex.exp(x), ex.exp(ex.neg(x))), 0.5),
        np.radians: _times(math.pi / 180),
        np.deg2rad: _times(math.pi / 180),
        np.degrees: _times(180 / math.pi),
        np.rad2deg: _times(180 / math.pi),
        np.hypot: lambda x, y: ex.sqrt(ex.add(ex.mul(x, x), ex.mul(y, y))),
        np.floor: ex.floor,
        np.ceil: ex.ceil,
        np.trunc: lambda x: ex.where(ex.lt(x, 0), ex.ceil(x), ex.floor(x)),
        np.rint: ex.round_,
        np.absolute: ex.abs_,
        np.fabs: ex.abs_,
        np.negative: ex.neg,
        np.positive: lambda x: x,
        np.sign: ex.sign,
        np.maximum: ex.maximum,
        np.minimum: ex.minimum,
        np.add: ex.add,
        np.subtract: ex.sub,
        np.multiply: ex.mul,
        np.true_divide: ex.div,
        np.floor_divide: ex.floordiv,
        np.remainder: ex.mod,
        np.power: ex.pow_,
        np.float_power: ex.pow_,
        np.equal: ex.eq,
        np.not_equal: ex.ne,
        np.less: ex.lt,
        np.less_equal: ex.le,
        np.greater: ex.gt,
        np.greater_equal: ex.ge,
        np.logical_and: ex.and_,
        np.logical_or: ex.or_,
        np.logical_xor: ex.xor,
        np.logical_not: ex.not_,
        np.bitwise_and: ex.bit_and,
        np.bitwise_or: ex.bit_or,
        np.bitwise_xor: ex.bit_xor,
        np.invert: ex.bit_not,
        np.left_shift: ex.shift_left,
        np.right_shift: ex.shift_right,
    }
)
"""By NumPy function: what builds its expression."""

OTHERS: Mapping[str, Callable[..., ex.Expr]] = MappingProxyType({"expit": ex.sigmoid, "erf": ex.erf})
"""SciPy's, by name: they dispatch like NumPy's, and SciPy is not imported for them."""


def supported(ufunc: np.ufunc) -> bool:
    """Whether secret columns have this function."""
    return ufunc in UFUNCS or ufunc.__name__ in OTHERS


def builder(ufunc: np.ufunc, method: str, options: object) -> Callable[..., ex.Expr]:
    """What builds the expression of ``ufunc``, or an error that names the functions there are."""
    if method != "__call__" or options:
        raise TypeMismatchError(
            f"np.{ufunc.__name__}{'' if method == '__call__' else '.' + method} with "
            f"{', '.join(map(str, options)) if isinstance(options, dict) and options else 'this method'} is not possible on a secret column: "
            "call the plain function, or use .sum(), .min(), .max(), .where()"
        )
    found = UFUNCS.get(ufunc) or OTHERS.get(ufunc.__name__)
    if found is None:
        raise TypeMismatchError(
            f"np.{ufunc.__name__} has no secret version. A secret column takes {', '.join(sorted('np.' + f.__name__ for f in UFUNCS))}, "
            "sf.sigmoid, sf.erf, sf.rsqrt; anything else: .reveal() first"
        )
    return found
