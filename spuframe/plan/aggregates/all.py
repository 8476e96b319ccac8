"""``all``: whether all values that are there are true (not zero)."""

from __future__ import annotations

from collections.abc import Sequence

import spuframe.expr as ex
from spuframe.dtypes import Bool
from spuframe.expr.stated import EXACT, always
from spuframe.plan.aggregates import Composite


class All(Composite):
    """None is false."""

    states = always(EXACT)

    def parts(self, x: ex.Expr) -> Sequence[tuple[ex.Expr, str]]:
        return [(ex.not_(ex.cast(x, Bool())), "sum")]

    def finish(self, *parts: ex.Expr) -> ex.Expr:
        return ex.eq(parts[0], 0)


COMPOSITE = All
