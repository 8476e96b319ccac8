"""``sem``: the standard error of the mean."""

from __future__ import annotations

from collections.abc import Sequence

import spuframe.expr as ex
from spuframe.expr.expr import bounds_of
from spuframe.expr.stated import Stated, always
from spuframe.plan.aggregates import Composite


class Sem(Composite):
    """``std / sqrt(n)``."""

    states = always(Stated(relative=2.0**-18, units=4, chance=True))
    moves = False

    def __init__(self, ddof: int = 1) -> None:
        self.ddof = ddof

    def parts(self, x: ex.Expr) -> Sequence[tuple[ex.Expr, str]]:
        return [(x, f"std[ddof={self.ddof}]"), (x, "count")]

    def finish(self, *parts: ex.Expr) -> ex.Expr:
        std, n = parts
        if bounds_of(n)[1] == 0:  # there is no row, and no deviation
            return std
        return ex.mul(std, ex.rsqrt(n))  # a quotient would keep room for the divisors below one that a root's type has, and roots of counts have not


COMPOSITE = Sem
