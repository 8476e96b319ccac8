"""What each row gets of its group: planned over group-bys, prefix sums and joins. Rows whose key is null are in no group, and get null.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.plan.build import aggregate, scan
>>> visits = scan("s1", "clinic", "t0", [Field("id", Int(16)), Field("cost", Int(8), range=(0, 9))], 100)
>>> of_group(visits, aggregate(visits, ["id"], [("total", "sum", "cost")]), ["id"]).schema["total"].range
(0, 900)
>>> running(visits, ["id"], {"so far": col(visits.schema["cost"])}).schema.names
['so far']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from spuframe.expr.expr import Expr, Lit, col, lit
from spuframe.expr.functions.arithmetic import add, div, sub
from spuframe.expr.functions.conditional import fill_null, not_null
from spuframe.expr.functions.conversion import counted
from spuframe.plan.build import aggregate, filter_, project, select, sort
from spuframe.plan.cumulate import cumulate
from spuframe.plan.logical import LogicalNode
from spuframe.plan.many import some
from spuframe.plan.names import free
from spuframe.plan.nodes.join import Join
from spuframe.plan.rows import attach


def of_group(table: LogicalNode, groups: LogicalNode, keys: Sequence[str]) -> LogicalNode:
    """The columns of ``groups`` besides the keys, at the places of the table's rows."""
    return _found(select(table, keys), groups, tuple(keys))


def number_of_group(table: LogicalNode, keys: Sequence[str], name: str) -> LogicalNode:
    """The column ``name``: which group a row is of, counted from 0 in the order of the keys."""
    groups = cumulate(aggregate(table, keys, [(free("times", keys), "size", None)]), "place", lit(1))
    numbers = project(groups, {**{k: col(groups.schema[k]) for k in keys}, name: sub(col(groups.schema[groups.name]), 1)})
    return of_group(table, numbers, keys)


def running(table: LogicalNode, keys: Sequence[str], values: Mapping[str, Expr]) -> LogicalNode:
    """Under each name the prefix sums of a value within each group, in the order of the rows, at their places; nulls are skipped, and stay null.

    Raises
    ------
    PlanError
        The order of the rows means nothing.
    """
    summed = {f"value {i}": counted(e) for i, e in enumerate(values.values())}
    own = {f"key {i}": col(table.schema[k]) for i, k in enumerate(keys)}
    numbered = cumulate(project(table, {**own, **summed}), "place", lit(1))
    grouped: LogicalNode = numbered
    for key in own:
        if grouped.schema[key].nullable:
            grouped = filter_(grouped, not_null(col(grouped.schema[key])))
    grouped, sums = sort(grouped, list(own)), list[str]()
    for value in summed:
        grouped = cumulate(grouped, f"sum of {value}", col(grouped.schema[value]))
        sums.append(grouped.name)
    firsts = [(f"first {n}", "first", n) for n in (*sums, *summed)]
    joined = Join(grouped, aggregate(grouped, list(own), firsts), "left", tuple(own), tuple(own), "right")
    at = {n: col(joined.schema[n]) for n in joined.schema.names}
    known = _sure(joined, {n: joined.right.schema[n].nullable for n, _, _ in firsts})
    within = {
        name: add(sub(at[total], known[f"first {total}"]), known[f"first {value}"])  # what was there before the group is taken off
        for name, total, value in zip(values, sums, summed, strict=True)
    }
    place = free(numbered.name, within)
    made = project(joined, {place: at[numbered.name], **within})
    there = project(numbered, {place: col(numbered.schema[numbered.name])})
    return _found(there, made, (place,), certain=not any(table.schema[k].nullable for k in keys))


def ranked(table: LogicalNode, value: Expr, method: str, ascending: bool, keys: Sequence[str] = ()) -> LogicalNode:
    """The column ``rank``: the place, from 1, of each row's value among those that are there (in its group), by what `METHODS` makes of equal ones."""
    own = {f"key {i}": col(table.schema[k]) for i, k in enumerate(keys)}
    rows = project(table, {**own, "value": value})
    by = (*own, "value")
    groups = aggregate(rows, by, [("times", "size", None)])
    if not ascending:
        groups = sort(groups, by, [*(True for _ in own), False])
    step = lit(1) if method == "dense" else col(groups.schema["times"])
    counted = attach(groups, running(groups, list(own), {"last": step})) if own else cumulate(groups, "last", step)
    at = {n: col(counted.schema[n]) for n in counted.schema.names}
    return _found(rows, project(counted, {**{k: at[k] for k in by}, "rank": METHODS[method](at["last"], at["times"])}), by)


METHODS: Mapping[str, Callable[[Expr, Expr], Expr]] = MappingProxyType(
    {
        "average": lambda last, times: sub(last, div(sub(times, 1), 2)),
        "min": lambda last, times: add(sub(last, times), 1),
        "max": lambda last, times: last,
        "dense": lambda last, times: last,
    }
)
"""What of the last place of equal values, and how many they are, is the rank of each."""


def shifted(table: LogicalNode, value: Expr, periods: int) -> LogicalNode:
    """The column ``value``: that of the row so many rows above, null where there is none.

    Raises
    ------
    PlanError
        The order of the rows means nothing.
    """
    numbered = cumulate(project(table, {"value": value}), "place", lit(1))
    place, own = (col(numbered.schema[n]) for n in ("place", "value"))
    return _found(project(numbered, {"place": place}), project(numbered, {"place": add(place, periods), "value": own}), ("place",), certain=False)


def shifted_in_groups(table: LogicalNode, keys: Sequence[str], values: Mapping[str, Expr], periods: int) -> LogicalNode:
    """`shifted` under each name, of the rows of the same group."""
    own = {f"key {i}": col(table.schema[k]) for i, k in enumerate(keys)}
    moved = {f"value {i}": e for i, e in enumerate(values.values())}
    numbered = attach(project(table, {**own, **moved}), running(table, keys, {"place": lit(1)}))
    at = {n: col(numbered.schema[n]) for n in numbered.schema.names}
    there: LogicalNode = project(numbered, {**at, "place": add(at["place"], periods)})
    if there.schema["place"].nullable:  # of no group: these would match each other
        there = filter_(there, not_null(col(there.schema["place"])))
    found = _found(select(numbered, [*own, "place"]), there, (*own, "place"), certain=False)
    return project(found, {name: col(found.schema[n]) for name, n in zip(values, moved, strict=True)})


def _found(table: LogicalNode, other: LogicalNode, keys: tuple[str, ...], certain: bool | None = None) -> LogicalNode:
    """The columns besides the keys of what a row has in ``other``; ``certain``: each row that exists has something there."""
    joined = Join(table, other, "left", keys, keys, "right")
    every = not any(table.schema[k].nullable for k in keys) if certain is None else certain
    return project(joined, _sure(joined, {n: other.schema[n].nullable or not every for n in other.schema.names if n not in keys}))


def _sure(table: LogicalNode, nullable: Mapping[str, bool]) -> dict[str, Expr]:
    """Columns that a join made nullable, as what they are."""
    out = dict[str, Expr]()
    for name, may in nullable.items():
        field = table.schema[name]
        out[name] = col(field) if may else fill_null(col(field), Lit(some(field, field), field.dtype))
    return out
