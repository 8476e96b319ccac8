"""``midpoint``: in the middle of the two values next to a quantile, or the value there."""

from __future__ import annotations

from collections.abc import Sequence

import spuframe.expr as ex
from spuframe.expr.stated import Stated, always
from spuframe.ir.aggregates.lower import WHOLE
from spuframe.plan.aggregates import Composite


class Midpoint(Composite):
    """``(lower + higher) / 2``."""

    states = always(Stated(units=2, chance=True))
    moves = True

    def __init__(self, ppm: int = WHOLE // 2) -> None:
        self.ppm = ppm

    def parts(self, x: ex.Expr) -> Sequence[tuple[ex.Expr, str]]:
        return [(x, f"{part}[ppm={self.ppm}]") for part in ("lower", "higher")]

    def finish(self, *parts: ex.Expr) -> ex.Expr:
        low, high = parts
        return ex.add(low, ex.div(ex.sub(high, low), 2))


COMPOSITE = Midpoint
