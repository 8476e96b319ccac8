"""``join``: inner, one side's keys unique; the result has the rows of the other side, in key order, masked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from spuframe.dtypes import Field, String
from spuframe.errors import DuplicateKeyError, PlanError
from spuframe.spu.algorithms.join import match
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.encoding import column_kind
from spuframe.spu.operator import Env, Step
from spuframe.spu.share import Arithmetic, Share
from spuframe.spu.table import Column, Table


def run(env: Env, step: Step, inputs: Sequence[Table]) -> Table:
    """Join ``inputs[0]`` (left) and ``inputs[1]`` (right) by the keys ``params["left_on"]`` and ``params["right_on"]``."""
    params, box = step.params, env.box
    if params["how"] != "inner" or params["unique"] not in ("left", "right"):
        raise PlanError(f"this SPU joins 'inner' with unique 'left' or 'right', got how={params['how']!r}, unique={params['unique']!r}")
    side = params["unique"]
    tables = {"left": inputs[0], "right": inputs[1]}
    keys: dict[str, list[str]] = {"left": list(params["left_on"]), "right": list(params["right_on"])}
    other_side = "right" if side == "left" else "left"
    unique, other = tables[side], tables[other_side]
    found = match(box, unique, keys[side], other, keys[other_side])
    if found.duplicate.rows and box.open(found.duplicate)[0]:
        raise DuplicateKeyError(
            f"the {side} side of the join has a key of {keys[side]} more than once: drop the duplicates or aggregate it by "
            f"{keys[side]} first, or name the {other_side} side as the unique one, validate={'one_to_many' if other_side == 'left' else 'many_to_one'!r}"
        )
    # A key column of the unique side equals its partner's: it costs nothing to take it from there, if both are shared alike.
    partner = {u: o for u, o in zip(keys[side], keys[other_side], strict=True) if _alike(unique.columns[u], other.columns[o])}
    sources: list[tuple[str, str]] = []
    for _, where, source in params["columns"]:
        sources.append((other_side, partner[source]) if where == side and source in partner else (where, source))
    copied = _Picked([s for w, s in sources if w == side], unique)
    kept = _Picked([s for w, s in sources if w == other_side], other)
    copied.shares, kept.shares = box.both(
        lambda: found.copy_down(box, copied.shares), lambda: found.other_order.apply(kept.shares)
    )
    made = [
        partial(_result, box, (copied if where == side else kept).column(source), field)
        for (where, source), field in zip(sources, step.schema, strict=True)
    ]
    columns = {name: column for (name, _, _), column in zip(params["columns"], box.together(made), strict=True)}
    # Rows without a partner stand between the others, with keys in order; invalid rows of the other side are last.
    by: list[str] = []
    for key in keys[other_side]:
        name = next((n for (n, _, _), s in zip(params["columns"], sources, strict=True) if s == (other_side, key)), None)
        if name is None:
            break
        by.append(name)
    return Table(columns, other.rows, found.matched, tuple(by))


def _alike(mine: Column, theirs: Column) -> bool:
    """Whether a key can be taken from either side: rings can be changed, the width of strings is that of the column."""
    return not isinstance(mine.field.dtype, String) or mine.field.dtype == theirs.field.dtype


def _result(box: BlackBox, column: Column, field: Field) -> Column:
    """The column under the result's field, in a ring that holds the field's range."""
    kind = column_kind(field)[0]
    wide = isinstance(kind, Arithmetic) and kind.bits > column.values.bits
    return Column(field, box.extend(column.values, kind.bits) if wide else column.values, column.valid)


class _Picked:
    """Some columns of a table, each once, as a flat list of shares to be moved."""

    def __init__(self, names: Sequence[str], table: Table) -> None:
        self.columns = {n: table.columns[n] for n in names}
        self.shares: list[Share] = [c.values for c in self.columns.values()]
        self.shares += [c.valid for c in self.columns.values() if c.valid is not None]

    def column(self, name: str) -> Column:
        names = list(self.columns)
        column = self.columns[name]
        if column.valid is None:
            return Column(column.field, self.shares[names.index(name)])
        nullable = [n for n in names if self.columns[n].valid is not None]
        return Column(column.field, self.shares[names.index(name)], self.shares[len(names) + nullable.index(name)])
