"""Nodes with the same rows: what is added to the same rows becomes one node.

>>> from spuframe.dtypes import Field, Fixed, Int, Schema
>>> from spuframe.plan.build import output, scan, tensor
>>> from spuframe.plan.nodes.tensor import TensorOutput
>>> sales = scan("s1", "shop", "t0", [Field("sold", Int(64), range=(0, 9))], 100)
>>> scores = TensorOutput("score", Schema.of([Field("score", Fixed())]), 100, like=0)
>>> scored = attach(sales, output(tensor([sales], {}, [scores]), "score"))
>>> scored.schema.names, together(sales, scored) == (scored, {})
(['sold', 'score'], True)
"""

from __future__ import annotations

from collections.abc import Mapping

from spuframe.errors import PlanError
from spuframe.expr.expr import Expr, col, rebind, substitute
from spuframe.plan.logical import LogicalNode
from spuframe.plan.names import free
from spuframe.plan.nodes.adds import Adds
from spuframe.plan.nodes.attach import Attach, free_names, is_number
from spuframe.plan.nodes.filter import Filter
from spuframe.plan.nodes.project import Project


def attach(table: LogicalNode, other: LogicalNode) -> Attach:
    """``table`` with all columns of ``other``, which has the same rows, under their names or ones like them that are free."""
    return Attach(table, other, free_names(table, tuple((n, n) for n in other.schema.names)))


def spread(table: LogicalNode, number: LogicalNode) -> tuple[LogicalNode, Expr]:
    """``table`` with the first column of a one-row node in every row, and that column; it is attached once.

    >>> from spuframe.dtypes import Field, Int
    >>> from spuframe.plan.build import aggregate, scan
    >>> sales = scan("s1", "shop", "t0", [Field("sold", Int(64), range=(0, 9))], 100)
    >>> base, most = spread(sales, aggregate(sales, [], [("sold", "max", "sold")]))
    >>> base.schema.names, str(most), base.rows, spread(base, base.other)[0] is base
    (['sold', "sold'"], "sold'", 100, True)
    """
    if not is_number(number):
        raise PlanError(f"a number is a table of one row that exists, got one of {number.rows}: aggregate it first")
    source = number.schema.names[0]
    for add in _peeled(table)[0]:
        if isinstance(add, Attach) and add.other == number:
            for name, there in add.columns:
                if there == source:
                    return table, col(table.schema[name])
    found = Attach(table, number, free_names(table, ((source, source),)))
    return found, col(found.schema[found.added[0]])


def together(left: LogicalNode, right: LogicalNode) -> tuple[LogicalNode, Mapping[str, Expr]] | None:
    """``left`` with what ``right`` has of the same rows, and what stands there for columns of ``right`` whose names differ; None for other rows.

    Rows are the same where the nodes are equal but for columns that were added, also below equal filters: ``x[c]`` and ``y[c]`` of one table.
    """
    levels: list[tuple[list[Adds], LogicalNode, list[Adds], LogicalNode]] = []
    a, b = left, right
    while True:
        (mine, base), (theirs, root) = _peeled(a), _peeled(b)
        levels.append((mine, base, theirs, root))
        if base == root:
            break
        if not (isinstance(base, Filter) and isinstance(root, Filter)):
            return None
        a, b = _unprojected(base.input)[0], _unprojected(root.input)[0]
    node, names = base, dict[str, Expr]()
    for mine, base, theirs, root in reversed(levels):
        if base != root:
            assert isinstance(base, Filter) and isinstance(root, Filter)
            filtered = _filtered(base, root, node, names, {n for m in mine for n in m.added})
            if filtered is None:
                return None
            node, names = filtered
        there: dict[object, tuple[str, ...]] = {}
        for add in reversed(mine):
            node = add if add.input == node else add.onto(node, {})
            there[add.what] = add.added
        for add in reversed(theirs):
            moved = add.onto(node, names)
            if moved.what not in there:
                node = moved
                there[moved.what] = moved.added
            names |= {old: col(node.schema[new]) for old, new in zip(add.added, there[moved.what], strict=True) if old != new}
    return node, names


def _peeled(node: LogicalNode) -> tuple[list[Adds], LogicalNode]:
    """The nodes that only add columns, outermost first, and what they add them to."""
    added: list[Adds] = []
    while isinstance(node, Adds):
        added.append(node)
        node = node.input
    return added, node


def _unprojected(node: LogicalNode) -> tuple[LogicalNode, dict[str, Expr]]:
    """What projections read, and their columns; any other node with its own."""
    columns: dict[str, Expr] = {f.name: col(f) for f in node.schema}
    while isinstance(node, Project):
        below = dict(node.columns)
        columns = {n: substitute(e, below) for n, e in columns.items()}
        node = node.input
    return node, columns


def _filtered(
    base: Filter, root: Filter, node: LogicalNode, names: Mapping[str, Expr], taken: set[str]
) -> tuple[LogicalNode, dict[str, Expr]] | None:
    """`together` of two filters, whose inputs read ``node``; None where their conditions differ. New names are none of ``taken``."""
    below, mine = _unprojected(base.input)
    theirs = {n: substitute(e, names) for n, e in _unprojected(root.input)[1].items()}
    if substitute(base.predicate, mine) != substitute(root.predicate, theirs):
        return None
    known = {e: n for n, e in mine.items()}
    columns, places, taken = dict(mine), dict[str, str](), {*mine, *taken}
    for name, e in theirs.items():
        if e not in known:
            known[e] = free(name, taken)
            taken.add(known[e])
            columns[known[e]] = e
        places[name] = known[e]
    found = base
    if len(columns) > len(mine) or node != below:
        wide = Project(node, tuple(columns.items()))
        found = Filter(wide, rebind(base.predicate, wide.schema))
    return found, {old: col(found.schema[new]) for old, new in places.items() if old != new}


def check_order(table: LogicalNode, what: str) -> None:
    """Refuse ``what`` depends on the order of the rows, where that means nothing."""
    why = table.shape.places.order.refusal
    if why is not None:
        raise PlanError(f"{what} depends on the order of the rows, and {why}: sort first, with sort_values(...)")
