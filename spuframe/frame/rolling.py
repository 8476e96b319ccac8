"""Windows of rows: ``frame["x"].rolling(7).mean()``, of columns, frames and groups; they depend on the order of the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from spuframe.errors import PlanError
from spuframe.expr.expr import Expr
from spuframe.frame import arguments
from spuframe.frame.missing import Secret
from spuframe.plan.groups import Keys
from spuframe.plan.logical import LogicalNode
from spuframe.plan.rolling import FUNCTIONS, rolling

Made = Callable[[LogicalNode, Mapping[str, Expr]], Any]


@arguments.like_pandas
class Rolling(Secret):
    """Each row and those above it, so many in all or all of them; of groups, those of its group. Made by ``rolling`` and ``expanding``.

    Results stand beside their rows, and are null where fewer values are there than ``min_periods``.
    """

    __slots__ = ("base", "keys", "least", "made", "span", "values")
    _what = "a window of rows"

    def __init__(self, base: LogicalNode, values: Mapping[str, Expr], keys: Keys, span: int | None, least: int, made: Made) -> None:
        self.base = base
        self.values = dict(values)
        self.keys = keys
        self.span = span
        self.least = least
        self.made = made

    def __repr__(self) -> str:
        return f"<Rolling: {', '.join(self.values)}; {'all rows so far' if self.span is None else f'{self.span} rows'}>"

    def sum(self) -> Any:
        """Sums of the values that are there."""
        return self._of("sum")

    def mean(self) -> Any:
        """Means of the values that are there."""
        return self._of("mean")

    def min(self) -> Any:
        """Smallest values."""
        return self._of("min")

    def max(self) -> Any:
        """Largest values."""
        return self._of("max")

    def count(self) -> Any:
        """Numbers of values that are there; null where there are fewer rows than ``min_periods``."""
        return self._of("count")

    def agg(self, func: str) -> Any:
        """One of these by its name."""
        return self._of(arguments.choice(func, "func", tuple(FUNCTIONS)))

    aggregate = agg

    def _of(self, function: str) -> Any:
        base, found = rolling(self.base, self.keys, list(self.values.values()), function, self.span, self.least)
        return self.made(base, dict(zip(self.values, found, strict=True)))


def spans(window: object, min_periods: object) -> tuple[int, int]:
    """The rows of a window, and how many values at least; as many by default, as in pandas."""
    if isinstance(window, str) or type(window).__name__ in ("timedelta", "Timedelta", "timedelta64"):
        raise PlanError("windows are of so many rows, rolling(7), not of times: sort by time, and fill rows that are missing before")
    span = arguments.whole(window, "window", 1)
    least = span if arguments.is_missing(min_periods) else arguments.whole(min_periods, "min_periods", 0)
    if least > span:
        raise PlanError(f"`min_periods` must be at most the window, {span}, got {least}")
    return span, least
