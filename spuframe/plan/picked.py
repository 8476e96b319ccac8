"""Rows that are picked: a random sample, and what stands beside the largest or the smallest value.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.plan.build import scan
>>> visits = scan("s1", "clinic", "t0", [Field("id", Int(16)), Field("cost", Int(8), range=(0, 9))], 100)
>>> sample(visits, 7).rows
7
"""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.expr.expr import Expr
from spuframe.expr.functions.comparison import eq
from spuframe.expr.functions.conditional import is_null, where
from spuframe.plan.build import aggregate, filter_, project
from spuframe.plan.groups import Keys, grouped
from spuframe.plan.logical import LogicalNode
from spuframe.plan.nodes.limit import Limit
from spuframe.plan.nodes.shuffle import Shuffle
from spuframe.plan.rows import check_order
from spuframe.plan.windows import Wanted, windowed


def sample(table: LogicalNode, rows: int) -> LogicalNode:
    """So many of the rows that exist, drawn at random."""
    return Limit(Shuffle(table), rows)


def beside_extreme(table: LogicalNode, names: Sequence[str], keys: Keys, value: Expr, label: Expr, largest: bool, out: str) -> LogicalNode:
    """For each group (without keys for all rows) the ``label`` of the row with the largest value, the first of equal ones; null without any."""
    check_order(table, f"idx{'max' if largest else 'min'}")
    base, (place,) = windowed(table, [*keys.exprs, value], [Wanted("count", keys.level)], [*(True for _ in keys.exprs), not largest])
    kept = filter_(base, eq(place, 1))
    named = where(is_null(value), None, label) if value.nullable else label
    rows = project(kept, {**dict(zip(names, keys.exprs, strict=True)), out: named})
    wanted = [(out, "first", out)]
    return grouped(rows, names, wanted, nulls=keys.nulls, ordered=True) if names else aggregate(rows, [], wanted)
