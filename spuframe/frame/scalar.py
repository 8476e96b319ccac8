"""One secret number, and what makes one of a column: aggregates, deviations, products of two columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from spuframe import expr as ex
from spuframe.dtypes import DEFAULT_FRACTION_BITS, Bool, Fixed, Int
from spuframe.errors import PlanError, TypeMismatchError
from spuframe.expr.expr import bounds_of
from spuframe.expr.functions.common import numeric, overflow
from spuframe.plan import build
from spuframe.plan.logical import LogicalNode

if TYPE_CHECKING:
    from spuframe.frame.session import Session

SUM_BITS, MOST_BITS = 36, 40
"""Fraction bits of values that are brought into [-1, 1], and of their squares, at most."""
NARROW = 26
"""Bits that a value may have before its point when it is brought there."""


class SecretScalar:
    """One secret number, such as the mean of a column."""

    __slots__ = ("name", "node", "session")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, session: Session, node: LogicalNode, name: str) -> None:
        self.session = session
        self.node = node
        self.name = name

    def __repr__(self) -> str:
        return f"<SecretScalar: {self.name}; nothing is computed before .reveal()>"

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeMismatchError(f"{self.name} is secret, and can be neither computed with nor seen as it is: .reveal() it first")

    __bool__ = __float__ = __int__ = __index__ = __array__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse

    def explain(self, stage: str = "all") -> str:
        """The plan of this number; see `SecretFrame.explain`."""
        return self.session.explain(self.node, stage)

    def reveal(self) -> bool | int | float | str | None:
        """Compute the number and show it to the analyst; None where it is null."""
        from spuframe.frame.reveal import reveal

        return reveal(self)[0]  # type: ignore[no-any-return]


def reduce_rows(
    table: LogicalNode,
    columns: Mapping[str, ex.Expr],
    aggregates: Sequence[tuple[str, str, str]],
    name: str = "",
    finish: Callable[..., ex.Expr] | None = None,
) -> LogicalNode:
    """One row of aggregates of computed columns; with ``finish`` the one column ``name``, which it computes from them."""
    node: LogicalNode = build.aggregate(build.project(table, columns), [], aggregates)
    return node if finish is None else build.project(node, {name: finish(*(ex.col(f) for f in node.schema))})


def some(table: LogicalNode, name: str, e: ex.Expr) -> LogicalNode:
    """Whether any value that is there is true (not zero)."""
    return reduce_rows(table, {"x": ex.cast(e, Bool())}, [("n", "sum", "x")], name, lambda n: ex.gt(n, 0))


def every(table: LogicalNode, name: str, e: ex.Expr) -> LogicalNode:
    """Whether all values that are there are true (not zero)."""
    return reduce_rows(table, {"x": ex.not_(ex.cast(e, Bool()))}, [("n", "sum", "x")], name, lambda n: ex.eq(n, 0))


def dot(table: LogicalNode, name: str, left: ex.Expr, right: ex.Expr) -> LogicalNode:
    """The sum of the products; null if one of them is."""
    product = ex.mul(left, right)
    if not product.nullable:
        return reduce_rows(table, {name: product}, [(name, "sum", name)])
    columns, sums = {"x": product, "gap": ex.is_null(product)}, [("x", "sum", "x"), ("gaps", "sum", "gap")]
    return reduce_rows(table, columns, sums, name, lambda total, gaps: ex.where(ex.gt(gaps, 0), None, total))


def moment(table: LogicalNode, name: str, e: ex.Expr, ddof: int, root: bool) -> LogicalNode:
    """The variance, or its root, of the values that are there; null where they are no more than ``ddof``.

    The values are brought into [-1, 1] by their public range. For any m near their mean, the squares of their distances from it sum up to
    ``Q - m (2 S - n m)``, with the sums S of the values and Q of their squares: how near does not matter, and nothing large is rounded. Where the range
    is R wide and the deviation s, the relative error is about ``2**-36 * (R / s)**2``, and 2^-19 of the root.
    """
    if isinstance(ddof, bool) or not isinstance(ddof, int) or ddof < 0:
        raise PlanError(f"`ddof` must be an integer, 0 or more, got {ddof!r}")
    scaled, k = _scaled(numeric("take the variance of", e), table.rows)
    size = 2.0 ** (k if root else 2 * k)
    if size * (1 + ddof) >= Fixed().limit:
        raise overflow(e, bounds_of(e), Fixed().limit, f"its {'deviation' if root else 'variance'}", repr(str(e)))
    known = not (table.masked or e.nullable)
    if known and table.rows <= ddof:
        return build.project(reduce_rows(table, {"x": scaled}, [("n", "count", "x")]), {name: ex.lit(None, Fixed())})
    exact = Fixed(_room(table.rows, MOST_BITS))

    def finish(mean: ex.Expr, total: ex.Expr, squares: ex.Expr, count: ex.Expr) -> ex.Expr:
        n: ex.Expr = ex.lit(table.rows) if known else count
        near = ex.mul(mean, ex.sub(ex.mul(total, 2), ex.mul(mean, n)))
        distances = ex.maximum(ex.sub(squares, ex.cast(near, exact)), 0.0)
        found = ex.clip(ex.div(distances, table.rows - ddof if known else ex.sub(count, ddof)), 0.0, 1.0 + ddof)
        found = ex.sqrt(found) if root else found
        assert isinstance(found.dtype, Fixed)
        found = ex.cast(found, Fixed(min(found.dtype.f, 60 - int(size * (1 + ddof)).bit_length())))
        found = ex.mul(found, int(size) if size >= 1 else size)
        return found if known else ex.where(ex.gt(count, ddof), found, None)

    wide = ex.cast(scaled, exact)
    sums = [("m", "mean", "x"), ("s", "sum", "x"), ("q", "sum", "square"), ("n", "count", "x")]
    return reduce_rows(table, {"x": scaled, "square": ex.mul(wide, wide)}, sums, name, finish)


def _scaled(e: ex.Expr, rows: int) -> tuple[ex.Expr, int]:
    """``(e - c) / 2**k`` within [-1, 1], for the centre c of the public range; and k."""
    low, high = bounds_of(e)
    centre: float = (int(low) + int(high)) // 2
    if isinstance(e.dtype, Fixed):
        centre = 0.0 if e.range is None else round((low + high) * 2.0 ** (e.dtype.f - 1)) * 2.0**-e.dtype.f
    moved = ex.sub(e, centre) if centre else e
    reach = max(high - centre, centre - low)
    k = max(math.ceil(math.log2(reach)), -DEFAULT_FRACTION_BITS) if reach else 0
    if k > NARROW:
        spare = k - NARROW
        moved = ex.shift_right(moved, spare) if isinstance(moved.dtype, Int) else ex.mul(moved, 2.0**-spare)
    before = min(k, NARROW)
    return ex.mul(ex.cast(moved, Fixed(min(_room(rows, SUM_BITS), 60 - max(before, 0)))), 2.0**-before), k


def _room(rows: int, most: int) -> int:
    """Fraction bits, at most so many, that three times a sum over the rows leaves."""
    return min(most, 59 - (3 * max(rows, 1)).bit_length())
