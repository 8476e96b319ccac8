"""``var``: the square of the standard deviation."""

from __future__ import annotations

from collections.abc import Sequence

import spuframe.expr as ex
from spuframe.dtypes import Fixed
from spuframe.expr.stated import Stated, always
from spuframe.plan.aggregates import Composite


class Var(Composite):
    """With as many fraction bits as its public range leaves room for."""

    states = always(Stated(relative=2.0**-18, units=4, chance=True))

    def __init__(self, ddof: int = 1) -> None:
        self.ddof = ddof

    def parts(self, x: ex.Expr) -> Sequence[tuple[ex.Expr, str]]:
        return [(x, "std" if self.ddof == 1 else f"std[ddof={self.ddof}]")]

    def finish(self, *parts: ex.Expr) -> ex.Expr:
        return squared(parts[0])


def squared(root: ex.Expr) -> ex.Expr:
    """A variance, of its root."""
    own = root.dtype.frac
    room = 2 * own - Fixed.ROOM - 1
    root = ex.cast(root, Fixed(min(own, room, Fixed.ROOM))) if room >= 0 else root  # 30 bits are left of the smallest ranges
    return ex.mul(root, root)


COMPOSITE = Var
