"""What rows get of the rows of their groups, as expressions over the same rows: planned as a `WindowNode`.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.expr.expr import col
>>> from spuframe.plan.build import scan
>>> visits = scan("s1", "clinic", "t0", [Field("id", Int(16)), Field("cost", Int(8), range=(0, 9))], 100)
>>> base, (total,) = windowed(visits, [col(visits.schema["id"])], [Wanted("sum", 1, None, col(visits.schema["cost"]))])
>>> base.schema.names, total.range
(['id', 'cost', 'sum'], (0, 900))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from spuframe.expr.expr import Col, Expr, col
from spuframe.ir.windows import Window
from spuframe.plan.build import project, select
from spuframe.plan.logical import LogicalNode
from spuframe.plan.names import free
from spuframe.plan.nodes.window import WindowNode
from spuframe.plan.rows import attach


class Wanted(NamedTuple):
    """A window, see `spuframe.ir.windows.Window`: of the groups of the first ``level`` sort keys, of an expression."""

    function: str
    level: int
    span: int | None = None
    value: Expr | None = None


def windowed(
    table: LogicalNode, by: Sequence[Expr], wanted: Sequence[Wanted], ascending: Sequence[bool] | None = None
) -> tuple[LogicalNode, list[Expr]]:
    """``table`` with more columns, and for each window the expression that it is over them.

    Parameters
    ----------
    table : LogicalNode
    by : sequence of Expr
        Sort keys.
    wanted : sequence of Wanted
    ascending : sequence of bool, optional
        One for each sort key.
    """
    exprs = list(dict.fromkeys([*by, *(w.value for w in wanted if w.value is not None)]))
    plain = all(isinstance(e, Col) for e in exprs)
    names = {e: e.field.name if plain and isinstance(e, Col) else f"column {i}" for i, e in enumerate(exprs)}
    below = table if plain else project(table, [(names[e], e) for e in exprs])
    taken, windows = set(below.schema.names), list[Window]()
    for w in wanted:
        name = free(w.function, taken)
        taken.add(name)
        windows.append(Window(name, w.function, w.level, w.span, None if w.value is None else names[w.value]))
    up = tuple(ascending or [True] * len(by))
    node: LogicalNode = WindowNode(below, tuple(names[e] for e in by), up, tuple(windows))
    if plain:
        return node, [col(node.schema[w.name]) for w in windows]
    there = attach(table, select(node, [w.name for w in windows]))
    return there, [col(there.schema[name]) for name in there.added]
