"""What a value is beside those of other rows: ranks, rows above and below, running sums and extremes."""

from __future__ import annotations

from typing import Any, Literal, Self

from spuframe import expr as ex
from spuframe.errors import TypeMismatchError
from spuframe.frame import arguments
from spuframe.frame.column import Column
from spuframe.frame.columns import Columns
from spuframe.frame.rolling import Rolling, spans
from spuframe.frame.scalar import SecretScalar
from spuframe.plan.cumulate import cumulate
from spuframe.plan.groups import METHODS, Keys, Rows, ranked, running, shifted
from spuframe.plan.picked import beside_extreme

ALL = Keys([])
"""All rows are one group."""
Method = Literal["average", "min", "max", "first", "dense"]


@arguments.like_pandas
class OrderedColumn(Column):
    """Base of `spuframe.SecretSeries`: what a column is of other rows."""

    __slots__ = ()

    def _seen(self, found: Rows) -> Self:
        """The one expression over more columns of the same rows."""
        base, (e,) = found
        return type(self)(self.session, base, e, self.name)

    def rank(self, method: Method = "average", *, ascending: bool = True, pct: bool = False) -> Self:
        """The place of each value, from 1, among those that are there.

        Equal ones get their average, least, largest or (dense) common place, or one after the other (first, which depends on the order of the rows).
        Null where the value is; whole numbers but for averages. With ``pct`` over the number of values, or of different ones if dense.
        """
        how, up, share = arguments.choice(method, "method", tuple(METHODS)), arguments.flag(ascending, "ascending"), arguments.flag(pct, "pct")
        return self._seen(ranked(self.base, ALL, [self.expr], how, up, share))

    def shift(self, periods: int = 1, *, fill_value: object = None) -> Self:
        """The value so many rows above (negative: below), ``fill_value`` or null where there is no row. After a merge, sort first."""
        fill = None if arguments.is_missing(fill_value) else self._constant(fill_value)
        return self._seen(shifted(self.base, ALL, [self.expr], arguments.whole(periods, "periods"), fill))

    def diff(self, periods: int = 1) -> Self:
        """What the value is more than that so many rows above."""
        return self - self.shift(periods)

    def pct_change(self, periods: int = 1) -> Self:
        """What the value is more than that so many rows above, as a share of it; null where one is missing, or that one is 0."""
        return self / self.shift(periods) - 1

    def cumsum(self) -> Self:
        """The sums of each value and those above it; nulls are skipped and stay null, as in pandas; rows that a filter dropped count nothing.

        It depends on the order of the rows: after a merge, which gives them in no particular one, sort first.
        """
        base = cumulate(self.base, f"cumsum of {self.name}", self.expr)
        return type(self)(self.session, base, ex.col(base.schema[base.name]), self.name)

    def cummax(self) -> Self:
        """The largest of each value and those above it; nulls are skipped and stay null. After a merge, sort first."""
        return self._seen(running(self.base, ALL, "max", [self.expr]))

    def cummin(self) -> Self:
        """The smallest of each value and those above it; nulls are skipped and stay null. After a merge, sort first."""
        return self._seen(running(self.base, ALL, "min", [self.expr]))

    def rolling(self, window: int, min_periods: int | None = None) -> Rolling:
        """So many rows, each row the last of them: ``.rolling(7).mean()``; null of fewer values than ``min_periods``, by default all of them.

        It depends on the order of the rows: after a merge, sort first.
        """
        span, least = spans(window, min_periods)
        return self._window(span, least)

    def expanding(self, min_periods: int = 1) -> Rolling:
        """Each row and all above it: ``.expanding().max()``; null of fewer values than ``min_periods``."""
        return self._window(None, arguments.whole(min_periods, "min_periods", 0))

    def idxmax(self, label: Any) -> SecretScalar:
        """What the column ``label`` holds beside the largest value, the first of equal ones, since rows have no index; null without any value."""
        return self._beside_extreme(label, largest=True)

    def idxmin(self, label: Any) -> SecretScalar:
        """What the column ``label`` holds beside the smallest value, the first of equal ones; null without any value."""
        return self._beside_extreme(label, largest=False)

    def _beside_extreme(self, label: Any, *, largest: bool) -> SecretScalar:
        if not isinstance(label, Column):
            raise TypeMismatchError(f"`label` must be a column of the same frame that names its rows, got a {type(label).__name__}: frame['id']")
        base, (value, named) = self._common([self, label])
        node = beside_extreme(base, [], ALL, value, named, largest, label.name)
        return SecretScalar(self.session, node, f"{label.name} of the {'largest' if largest else 'smallest'} {self.name}")

    def _window(self, span: int | None, least: int) -> Rolling:
        return Rolling(self.base, {self.name: self.expr}, ALL, span, least, lambda base, made: type(self)(self.session, base, made[self.name], self.name))


@arguments.like_pandas
class OrderedColumns(Columns):
    """Base of `spuframe.SecretFrame`: the same of every column."""

    __slots__ = ()

    def rank(self, method: Method = "average", *, ascending: bool = True, pct: bool = False) -> Self:
        """The place of each value in its column; see `SecretSeries.rank`."""
        return self._every("rank", method, ascending=ascending, pct=pct)

    def shift(self, periods: int = 1, *, fill_value: object = None) -> Self:
        """The rows so many above, ``fill_value`` or null where there is none."""
        return self._every("shift", periods, fill_value=fill_value)

    def diff(self, periods: int = 1) -> Self:
        """What each row is more than that so many above."""
        return self._every("diff", periods)

    def pct_change(self, periods: int = 1) -> Self:
        """What each row is more than that so many above, as a share of it."""
        return self._every("pct_change", periods)

    def cumsum(self) -> Self:
        """The sums of each value and those above it, in every column; see `SecretSeries.cumsum`."""
        return self._every("cumsum")

    def cummax(self) -> Self:
        """The largest of each value and those above it, in every column; see `SecretSeries.cummax`."""
        return self._every("cummax")

    def cummin(self) -> Self:
        """The smallest of each value and those above it, in every column; see `SecretSeries.cummin`."""
        return self._every("cummin")

    def rolling(self, window: int, min_periods: int | None = None) -> Rolling:
        """So many rows, each row the last of them, of every column; see `SecretSeries.rolling`."""
        span, least = spans(window, min_periods)
        return Rolling(self._base, self._exprs, ALL, span, least, self._made)

    def expanding(self, min_periods: int = 1) -> Rolling:
        """Each row and all above it, of every column; see `SecretSeries.expanding`."""
        return Rolling(self._base, self._exprs, ALL, None, arguments.whole(min_periods, "min_periods", 0), self._made)

    def _every(self, method: str, *args: Any, **options: Any) -> Self:
        return self._each_column(lambda c: getattr(c, method)(*args, **options))
