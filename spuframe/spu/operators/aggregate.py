"""``aggregate``: groups by keys, or the whole table as one group; nulls are skipped. The functions are `spuframe.spu.aggregates`.

The rows are sorted by the keys once, unless they are already, and once more for each column whose values (or nulls) must be in order within the groups;
the first of these sorts serves everything else too. What a group's result needs is moved to the front together, where the groups end.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from spuframe.dtypes import Field
from spuframe.errors import PlanError, TypeMismatchError
from spuframe.ir.aggregates import aggregation
from spuframe.ir.step import Step
from spuframe.spu.aggregates import By, Order, Wanted, aggregate, in_order, order_of
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.encoding import column_kind, column_shape
from spuframe.spu.operator import Env
from spuframe.spu.share import BIT
from spuframe.spu.table import Column, Table


def run(env: Env, step: Step, inputs: Sequence[Table]) -> Table:
    """Aggregate ``inputs[0]`` by ``params["keys"]``."""
    (table,), keys = inputs, tuple(step.params["keys"])
    fields = {f.name: f for f in step.schema}
    wanted = [Wanted(fields[name], aggregation(function), source or "") for name, function, source in step.params["aggregates"]]
    for w in wanted:
        if not w.how.of_rows and w.source not in table.columns:
            raise PlanError(f"{w.how} needs a column")
        dtype = None if w.how.of_rows else table.columns[w.source].field.dtype
        if dtype is not None and not w.how.accepts(dtype):
            raise TypeMismatchError(f"column {w.source!r} holds {dtype}, which has no {w.how}")
    if table.rows == 0:
        null = {w.field.name for w in wanted if w.how.nullable(0)}
        columns = {f.name: _blank(env.box, f, step.rows, f.name in null) for f in step.schema}
        return Table(columns, step.rows, env.box.constant(0, BIT, (step.rows,)) if keys and step.masked else None, keys)
    if keys:
        return _by_keys(env.box, table, keys, wanted, fields, step.rows)
    made = env.box.together([partial(aggregate(w.how).whole, env.box, table, w) for w in wanted])
    return Table({c.field.name: c for c in made}, 1, None)


def _by_keys(box: BlackBox, table: Table, keys: tuple[str, ...], wanted: Sequence[Wanted], fields: dict[str, Field], most: int) -> Table:
    orders = [(Order.ANY, None) if w.how.of_rows else order_of(w, table) for w in wanted]
    sorts: list[By] = list(dict.fromkeys(by for by in orders if by[0] is not Order.ANY)) or [(Order.ANY, None)]
    homes = [sorts[0] if by[0] is Order.ANY else by for by in orders]
    used = [[w.source for w, home in zip(wanted, homes, strict=True) if home == by and not w.how.of_rows] for by in sorts]
    tasks = [partial(in_order, box, table, keys, by, sources, most) for by, sources in zip(sorts, used, strict=True)]
    views = dict(zip(sorts, box.together(tasks), strict=True))
    main = views[sorts[0]]
    for key in keys:
        main.groups.carry(("key", key), lambda key=key: main.columns[key].values)  # type: ignore[misc]
    finish = [aggregate(w.how).grouped(views[home], w) for w, home in zip(wanted, homes, strict=True)]
    box.together([view.groups.close for view in views.values()])
    columns = {key: Column(fields[key], main.groups.at_last(("key", key))) for key in keys}
    columns |= {w.field.name: done for w, done in zip(wanted, box.together(finish), strict=True)}
    return Table({name: columns[name] for name in fields}, most, main.groups.flag, keys)


def _blank(box: BlackBox, field: Field, rows: int, null: bool) -> Column:
    values = box.constant(0, column_kind(field)[0], column_shape(field, rows))
    return Column(field, values, box.constant(0, BIT, (rows,)) if null else None)
