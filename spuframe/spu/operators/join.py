"""``join``: one side's keys unique. Its rows: those of the other side, where they stand or in key order, and what is left of the unique one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from spuframe.dtypes import Field, String
from spuframe.errors import DuplicateKeyError, PlanError
from spuframe.ir.joins import BOTH, KINDS, Kind, other
from spuframe.spu.algorithms.join import Matching, match
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.encoding import column_kind, column_shape
from spuframe.spu.operator import Env, Step
from spuframe.spu.shaping import conform
from spuframe.spu.share import BIT, Arithmetic, Share, concat
from spuframe.spu.table import Column, Table

Sources = Sequence[tuple[str, str]]
"""For each column of the result its side and its name there."""


def run(env: Env, step: Step, inputs: Sequence[Table]) -> Table:
    """Join ``inputs[0]`` (left) and ``inputs[1]`` (right) by the keys ``params["left_on"]`` and ``params["right_on"]``."""
    params, box = step.params, env.box
    kind, side = KINDS[params["how"]], params["unique"]
    if kind.selects and side != "right":
        raise PlanError(f"a {params['how']} join looks for keys on the right side: the plan says unique {side!r}; lower it again")
    keys: dict[str, list[str]] = {"left": list(params["left_on"]), "right": list(params["right_on"])}
    joined = _Sides(box, kind, side, dict(zip(("left", "right"), inputs, strict=True)), keys)
    if joined.found.duplicate is not None and joined.found.duplicate.rows and box.open(joined.found.duplicate)[0]:
        many = other(side)
        raise DuplicateKeyError(
            f"the {side} side of the join has a key of {keys[side]} more than once: drop the duplicates or aggregate it by "
            f"{keys[side]} first, or name the {many} side as the unique one, validate={'one_to_many' if many == 'left' else 'many_to_one'!r}"
        )
    sources = [(where, source) for _, where, source in params["columns"]]
    names = [name for name, _, _ in params["columns"]]
    return (joined.in_place if kind.stays(side) else joined.by_key)(names, sources, step.schema.fields)


class _Sides:
    """Two tables, and what of their keys matches."""

    def __init__(self, box: BlackBox, kind: Kind, side: str, tables: Mapping[str, Table], keys: Mapping[str, list[str]]) -> None:
        self.box, self.kind, self.side, self.many, self.keys = box, kind, side, other(side), keys
        self.unique, self.other = tables[side], tables[self.many]
        self.below = side in kind.keeps
        self.found: Matching = match(
            box, self.unique, keys[side], self.other, keys[self.many], check=not kind.selects, alone=self.below
        )

    def in_place(self, names: Sequence[str], sources: Sources, fields: Sequence[Field]) -> Table:
        """The other side's rows where they stand: only what is copied to them moves."""
        box, found = self.box, self.found
        copied = _Picked.of([s for w, s in sources if w == self.side], self.unique)
        *copied.shares, matched = found.other_order.undo([*found.copy_down(box, self._ordered(copied.shares)), found.matched])
        made = [
            partial(_where, box, matched, copied.column(s), field) if w == self.side else partial(_result, box, self.other.columns[s], field)
            for (w, s), field in zip(sources, fields, strict=True)
        ]
        columns = dict(zip(names, box.together(made), strict=True))
        valid = self.other.valid
        if self.kind.selects:
            valid = matched if self.kind.matches else box.not_(matched) if valid is None else box.and_(valid, box.not_(matched))
        return Table(columns, self.other.rows, valid, _as_named(self.other.sorted_by, self.many, names, sources))

    def by_key(self, names: Sequence[str], sources: Sources, fields: Sequence[Field]) -> Table:
        """The other side's rows in key order, and below them those of the unique side that are alone, if these stay."""
        box, found = self.box, self.found
        if not self.below:
            # A key column of the unique side equals its partner's: it costs nothing to take it from there, if both are shared alike.
            pairs = zip(self.keys[self.side], self.keys[self.many], strict=True)
            partner = {u: o for u, o in pairs if _alike(self.unique.columns[u], self.other.columns[o])}
            sources = [(self.many, partner[s]) if w == self.side and s in partner else (w, s) for w, s in sources]
        copied = _Picked.of([s for w, s in sources if w in (self.side, BOTH)], self.unique)
        kept = _Picked.of([s for w, s in sources if w in (self.many, BOTH)], self.other)
        exists = [self.other.valid] if self.other.valid is not None and self.many in self.kind.keeps else []

        def down() -> list[Share]:
            own = self._ordered(copied.shares)
            return [*found.copy_down(box, own), *(own if self.below else [])]

        moved, rest = box.both(down, lambda: found.other_order.apply([*kept.shares, *exists]))
        own, copied.shares = copied.shares, moved[: len(copied.shares)]
        kept.shares, exists = rest[: len(kept.shares)], rest[len(kept.shares) :]
        if not self.below:
            made = [partial(_result, box, (copied if w == self.side else kept).column(s), f) for (w, s), f in zip(sources, fields, strict=True)]
            columns = dict(zip(names, box.together(made), strict=True))
            # Rows without a partner stand between the others, with keys in order; invalid rows of the other side are last.
            return Table(columns, self.other.rows, found.matched, _as_named(self.keys[self.many], self.many, names, sources))
        alone = replace(copied, shares=moved[len(own) :])
        top = [partial(self._top, (copied if w == self.side else kept).column(s), w, f) for (w, s), f in zip(sources, fields, strict=True)]
        bottom = [partial(self._bottom, None if w == self.many else alone.column(s), f) for (w, s), f in zip(sources, fields, strict=True)]
        pieces = box.together([*top, *bottom])
        columns = {
            name: Column(f, concat([a.values, b.values]), concat([a.valid, b.valid]) if a.valid is not None and b.valid is not None else None)
            for name, f, a, b in zip(names, fields, pieces, pieces[len(top) :], strict=False)
        }
        assert found.alone is not None
        above = found.matched
        if self.many in self.kind.keeps:
            above = exists[0] if exists else box.constant(1, BIT, (self.other.rows,))
        return Table(columns, self.other.rows + self.unique.rows, concat([above, found.alone]))

    def _ordered(self, columns: list[Share]) -> list[Share]:
        """Columns of the unique side in key order, where anybody reads them."""
        return self.found.unique_order.apply(columns) if self.below or (self.unique.rows and self.other.rows) else columns

    def _top(self, column: Column, where: str, field: Field) -> Column:
        """A column of the other side's rows, as one below which more is put."""
        if where == self.side and self.many in self.kind.keeps:
            return _where(self.box, self.found.matched, conform(self.box, column, replace(field, nullable=column.valid is not None)), field)
        return conform(self.box, column, field)

    def _bottom(self, column: Column | None, field: Field) -> Column:
        """A column of the unique side's own rows; None: they have no values of it."""
        if column is not None:
            return conform(self.box, column, field)
        rows = self.unique.rows
        return Column(field, self.box.constant(0, column_kind(field)[0], column_shape(field, rows)), self.box.constant(0, BIT, (rows,)))


def _as_named(by: Sequence[str], side: str, names: Sequence[str], sources: Sources) -> tuple[str, ...]:
    """Columns of a side by which rows are sorted, as the result calls them; up to the first that it does not have."""
    called = dict(zip(reversed(sources), reversed(names), strict=True))
    found: list[str] = []
    for key in by:
        if (side, key) not in called:
            break
        found.append(called[side, key])
    return tuple(found)


def _alike(mine: Column, theirs: Column) -> bool:
    """Whether a key can be taken from either side: rings can be changed, the width of strings is that of the column."""
    return not isinstance(mine.field.dtype, String) or mine.field.dtype == theirs.field.dtype


def _result(box: BlackBox, column: Column, field: Field) -> Column:
    """The column under the result's field, in a ring that holds the field's range."""
    kind = column_kind(field)[0]
    wide = isinstance(kind, Arithmetic) and kind.bits > column.values.bits
    return Column(field, box.extend(column.values, kind.bits) if wide else column.values, column.valid)


def _where(box: BlackBox, bit: Share, column: Column, field: Field) -> Column:
    """The column with nulls where the bit is not set."""
    (made, valid) = box.both(lambda: _result(box, column, field), lambda: bit if column.valid is None else box.and_(bit, column.valid))
    return replace(made, valid=valid)


@dataclass
class _Picked:
    """Some columns of a table, each once, as a flat list of shares to be moved."""

    columns: Mapping[str, Column]
    shares: list[Share]

    @classmethod
    def of(cls, names: Sequence[str], table: Table) -> _Picked:
        columns = {n: table.columns[n] for n in names}
        return cls(columns, [c.values for c in columns.values()] + [c.valid for c in columns.values() if c.valid is not None])

    def column(self, name: str) -> Column:
        names = list(self.columns)
        column = self.columns[name]
        if column.valid is None:
            return Column(column.field, self.shares[names.index(name)])
        nullable = [n for n in names if self.columns[n].valid is not None]
        return Column(column.field, self.shares[names.index(name)], self.shares[len(names) + nullable.index(name)])
