"""Projection push-down: columns that nobody reads are dropped where they arise; at best they are never shared."""

from __future__ import annotations

from spuframe.expr.expr import col
from spuframe.plan.logical import Aggregate, Concat, Filter, Join, Limit, Load, LogicalNode, Project, Roots, Scan, Sort
from spuframe.plan.rows import Adds, Attach
from spuframe.plan.rules.uses import Uses


def projection_pushdown(node: LogicalNode, uses: Uses) -> LogicalNode | None:
    """Rebuild a whole plan so that each node keeps the columns that any of its users reads.

    It works on the plan at once: a node that two others read keeps what either needs, and stays one node.
    """
    kept: dict[LogicalNode, LogicalNode] = {}
    for n in node.nodes():
        if n in kept:
            continue
        wanted = frozenset(n.schema.names) if n is node else uses.required(n)
        kept[n] = _narrow(n, [kept[i] for i in n.inputs], wanted)
    return kept[node] if kept[node] != node else None


def _narrow(n: LogicalNode, inputs: list[LogicalNode], wanted: frozenset[str]) -> LogicalNode:
    """The node over narrower inputs, with at least the wanted columns."""
    if isinstance(n, Scan):
        outputs = tuple((name, e) for name, e in n.outputs if name in wanted)
        if len(outputs) == len(n.outputs):
            return n
        return Scan(n.session_id, n.owner, n.table, n.fields, n.length, n.unique, outputs, n.predicate)
    if isinstance(n, Load):
        names = [f.name for f in n.fields if f.name in wanted]
        return n if len(names) == len(n.fields) else Project(n, tuple((name, col(n.schema[name])) for name in names))
    if isinstance(n, Project):
        columns = tuple((name, e) for name, e in n.columns if name in wanted)
        return Project(n.input, columns).with_children(inputs)
    if isinstance(n, Aggregate):
        return Aggregate(inputs[0], n.keys, tuple(a for a in n.aggregates if a[0] in wanted or a[0] in n.keys))
    if isinstance(n, Join):
        return _join(n, inputs[0], inputs[1], wanted)
    if isinstance(n, Concat):
        names = [f.name for f in n.schema if f.name in wanted]
        return Concat(tuple(exactly(t, names) for t in inputs))
    if isinstance(n, Adds) and not wanted & set(n.added):
        return inputs[0]
    if isinstance(n, Attach):
        return _attached(n, inputs[0], inputs[1], wanted)
    if isinstance(n, Adds | Filter | Sort | Limit | Roots):
        return n.with_children(inputs)
    # What hands a table on needs exactly the columns it had.
    old = [i.schema.names for i in n.inputs]
    return n.with_children([exactly(t, names) for t, names in zip(inputs, old, strict=True)])


def _attached(n: Attach, table: LogicalNode, other: LogicalNode, wanted: frozenset[str]) -> LogicalNode:
    """Of columns that were attached the wanted ones; alone where nothing is wanted of what they were attached to."""
    columns = tuple(c for c in n.columns if c[0] in wanted)
    if wanted <= set(n.added) and (other.rows, other.masked) == (table.rows, table.masked):  # else it is one row, which every row gets
        return Project(other, tuple((name, col(other.schema[source])) for name, source in columns))
    return Attach(table, other, columns) if columns != n.columns else n.with_children([table, other])


def exactly(table: LogicalNode, names: list[str]) -> LogicalNode:
    """The table with these columns, in this order."""
    return table if table.schema.names == names else Project(table, tuple((n, col(table.schema[n])) for n in names))


def _join(n: Join, left: LogicalNode, right: LogicalNode, wanted: frozenset[str]) -> LogicalNode:
    """The join of narrower sides. Where a name that clashed no longer does, its column keeps the name it had."""
    new = Join(left, right, n.how, n.left_on, n.right_on, n.unique, n.suffixes)
    before = {(side, source): name for name, side, source in n.columns}
    if all(before[side, source] == name for name, side, source in new.columns):
        return new
    columns = tuple((before[side, source], col(new.schema[name])) for name, side, source in new.columns)
    return Project(new, tuple(c for c in columns if c[0] in wanted))
