"""Which of NumPy's functions a secret column takes, row by row: ``np.exp(frame["x"])``, as with pandas. The builders of expressions say it themselves.

>>> import numpy as np
>>> supported(np.exp), supported(np.arctan)
(True, False)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

import numpy as np

from spuframe.errors import TypeMismatchError
from spuframe.expr import Expr
from spuframe.expr.functions import by_scipy, by_ufunc


@cache
def of_one() -> Mapping[str, np.ufunc]:
    """NumPy's functions of one argument that a secret column takes, by all names that NumPy has for them."""
    return MappingProxyType({name: f for name, f in sorted(vars(np).items()) if isinstance(f, np.ufunc) and f.nin == 1 and f in by_ufunc()})


def supported(ufunc: np.ufunc) -> bool:
    """Whether secret columns have this function."""
    return ufunc in by_ufunc() or ufunc.__name__ in by_scipy()


def builder(ufunc: np.ufunc, method: str, options: object) -> Callable[..., Expr]:
    """What builds the expression of ``ufunc``, or an error that names the functions there are."""
    if method != "__call__" or options:
        raise TypeMismatchError(
            f"np.{ufunc.__name__}{'' if method == '__call__' else '.' + method} with "
            f"{', '.join(map(str, options)) if isinstance(options, dict) and options else 'this method'} is not possible on a secret column: "
            "call the plain function, or use .sum(), .min(), .max(), .where()"
        )
    found = by_ufunc().get(ufunc) or by_scipy().get(ufunc.__name__)
    if found is None:
        known = sorted("np." + f.__name__ for f in by_ufunc()) + sorted("scipy.special." + name for name in by_scipy())
        raise TypeMismatchError(f"np.{ufunc.__name__} has no secret version. A secret column takes {', '.join(known)}; anything else: .reveal() first")
    return found
