"""``quantile``: between the two values next to it, in proportion, as NumPy and pandas have it by default."""

from __future__ import annotations

from collections.abc import Sequence

import spuframe.expr as ex
from spuframe.expr.stated import Stated, always
from spuframe.ir.aggregates.lower import WHOLE, share_of
from spuframe.plan.aggregates import Composite


class Quantile(Composite):
    """``lower + (higher - lower) * between``."""

    states = always(Stated(units=2, chance=True))
    moves = True

    def __init__(self, ppm: int = WHOLE // 2) -> None:
        self.ppm = ppm

    def parts(self, x: ex.Expr) -> Sequence[tuple[ex.Expr, str]]:
        return [(x, f"{part}[ppm={self.ppm}]") for part in ("lower", "higher", "between")]

    def finish(self, *parts: ex.Expr) -> ex.Expr:
        low, high, between = parts
        return ex.add(low, ex.div(ex.mul(ex.sub(high, low), between), share_of(self.ppm).denominator))


COMPOSITE = Quantile
