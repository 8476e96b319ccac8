"""`Join`: rows of two tables with equal keys; what may go through it is said by its kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spuframe.dtypes import SECRET, Field, Schema
from spuframe.errors import PlanError, TypeMismatchError
from spuframe.expr.expr import Expr, col
from spuframe.ir.joins import BOTH, KINDS, SIDES, Kind, other
from spuframe.plan.logical import LogicalNode, Order, Places, Shape, Ways, as_they_are
from spuframe.plan.nodes.concat import stacked
from spuframe.plan.nodes.project import Project


@dataclass(frozen=True, eq=False, repr=False)
class Join(LogicalNode):
    """Rows with equal keys; the valid keys of the ``unique`` side must be unique, which the parties check without seeing them.

    The result has the rows of the other side. Where all of these stay, or it is a selection of the left's (semi, anti), which needs
    nothing to be unique, they stand as they stood; else they are sorted by key, and those of the unique side that stay without a match are
    below them. Pairs of keys of the same name give one column; other names on both sides get the suffixes.
    """

    left: LogicalNode
    right: LogicalNode
    how: str
    left_on: tuple[str, ...]
    right_on: tuple[str, ...]
    unique: str
    suffixes: tuple[str, str] = ("_x", "_y")
    op = "join"
    own_sessions = frozenset[str]()
    minds_gaps = minds_mask = False

    def inferred(self) -> Shape:
        if self.how not in KINDS:
            raise PlanError(f"how must be one of {', '.join(map(repr, KINDS))}, got {self.how!r}")
        if self.unique not in SIDES:
            raise PlanError(f"unique must be 'left' or 'right', got {self.unique!r}")
        if self.kind.selects and self.unique != "right":
            raise PlanError(f"a {self.how} join looks for its left rows' keys on the right side: unique must be 'right', got {self.unique!r}")
        if len(self.left_on) != len(self.right_on) or not self.left_on:
            raise PlanError(f"a join needs as many left keys as right keys, at least one; got {len(self.left_on)} and {len(self.right_on)}")
        for a, b in zip(self.left_on, self.right_on, strict=True):
            _check_keys(self.left.schema[a], self.right.schema[b])
        owners = frozenset[str]().union(*(self.tables[s].schema[k].owners for s in SIDES for k in self.keys[s]))
        out = [replace(self._field(side, source), name=name, visibility=SECRET) for name, side, source in self.columns]
        return Shape(
            Schema(tuple(replace(f, owners=f.owners | owners) for f in out)),
            self._rows(),
            masked=not self.stays or self.kind.selects or self.tables[other(self.unique)].masked,
            places=self._places(),
            unique=self._unique(),
            plain=False,
        )

    def _places(self) -> Places:
        if not self.stays:
            return Places(Order.MERGED, packed=False, stored=None)
        places = self.tables[other(self.unique)].shape.places
        return Places(places.order, packed=False, stored=None) if self.kind.selects else places  # as a filter's, or row by row

    # ---- what its kind decides ---------------------------------------------------------------------
    @property
    def kind(self) -> Kind:
        return KINDS[self.how]

    @property
    def stays(self) -> bool:
        """Whether its rows are those of one side, where they stand."""
        return self.kind.stays(self.unique)

    @property
    def minds_order(self) -> bool:
        return self.stays

    @property
    def tables(self) -> dict[str, LogicalNode]:
        """The inputs by their sides."""
        return {"left": self.left, "right": self.right}

    @property
    def keys(self) -> dict[str, tuple[str, ...]]:
        """The keys by their sides."""
        return {"left": self.left_on, "right": self.right_on}

    @property
    def columns(self) -> tuple[tuple[str, str, str], ...]:
        """The result's columns: (name, side, name there); in pandas' order."""
        gives, many = self.kind.gives, other(self.unique)
        shared = {a for a, b in zip(self.left_on, self.right_on, strict=True) if a == b}
        names = {side: self.tables[side].schema.names if side in gives else [] for side in SIDES}
        clash = (set(names["left"]) & set(names["right"])) - shared
        # A key of one name is taken where each row has it: of two such sides from the one whose rows are the result's.
        sure = [side for side in (many, other(many)) if self.kind.has(side)]
        home = sure[0] if sure else BOTH
        out: list[tuple[str, str, str]] = []
        for side, suffix in zip(SIDES, self.suffixes, strict=True):
            for name in names[side]:
                if name in shared:
                    out += [(name, home, name)] if side == "left" else []
                else:
                    out.append((name + suffix if name in clash else name, side, name))
        return tuple(out)

    def _field(self, side: str, source: str) -> Field:
        if side == BOTH:
            return stacked(self.left.schema[source], self.right.schema[source])
        f = self.tables[side].schema[source]
        return f if self.kind.has(side) else replace(f, nullable=True)

    def _rows(self) -> int:
        many = self.tables[other(self.unique)].rows
        return many + self.tables[self.unique].rows if self.unique in self.kind.keeps else many

    def _unique(self) -> frozenset[str]:
        """Each row of the side whose keys may repeat is there once, at most, and so is each of the left in a selection of it."""
        once = other(self.unique)
        if not self.kind.has(once):
            return frozenset()
        known = self.tables[once].shape.unique
        return frozenset(name for name, side, source in self.columns if side == once and source in known)

    # ---- what goes through it ----------------------------------------------------------------------
    def takes_filter(self, columns: frozenset[str]) -> Ways:
        """On a side that each row is a row of. A condition on keys alone also on the other side, whose rows would match none that is left."""
        enough, foreign = set[int](), set[int]()
        at: dict[int, Mapping[str, Expr]] = {}
        for i, side in enumerate(SIDES):
            known = self._known(side)
            if columns and columns <= known.keys():
                enough.add(i)
                at[i] = {name: col(self.tables[side].schema[known[name]]) for name in columns}
                if any(home != side for name, home, _ in self.columns if name in columns):
                    foreign.add(i)
        keys = {name: (side, source) for name, side, source in self.columns if name in columns and (side == BOTH or source in self.keys[side])}
        if columns and keys.keys() == columns:
            homes = {side for side, _ in keys.values()}
            if homes == {BOTH}:
                both = {i: as_they_are(self.tables[side], columns) for i, side in enumerate(SIDES)}
                return Ways((frozenset(both),), both)
            for i, side in enumerate(SIDES):
                if homes == {other(side)} and self.kind.has(other(side)) and i not in at:
                    partner = dict(zip(self.keys[other(side)], self.keys[side], strict=True))
                    at[i] = {name: col(self.tables[side].schema[partner[source]]) for name, (_, source) in keys.items()}
                    foreign.add(i)
                    if self.kind.matches and other(side) not in self.kind.keeps:
                        enough.add(i)
        return Ways(tuple(frozenset({i}) for i in sorted(enough)), at, frozenset(foreign))

    def _known(self, side: str) -> dict[str, str]:
        """The result's columns that each row has from this side, by its names: its own, and keys of the other one if each row has both."""
        if not self.kind.has(side):
            return {}
        partner = dict(zip(self.keys[other(side)], self.keys[side], strict=True)) if self.kind.has(other(side)) else {}
        own = {name: source for name, home, source in self.columns if home == side}
        return own | {name: partner[source] for name, home, source in self.columns if home != side and source in partner}

    def takes_computation(self, columns: frozenset[str]) -> Ways:
        """On a side that each row is a row of: elsewhere what it makes of missing values would be missing."""
        for i, side in enumerate(SIDES):
            own = {name: source for name, home, source in self.columns if home == side}
            if self.kind.has(side) and columns <= own.keys():
                return Ways((frozenset({i}),), {i: {name: col(self.tables[side].schema[own[name]]) for name in columns}})
        return Ways((), {})

    # ---- what nodes answer -------------------------------------------------------------------------
    def reads(self, wanted: frozenset[str]) -> tuple[frozenset[str], ...]:
        return tuple(
            frozenset(self.keys[side]) | {source for name, home, source in self.columns if home in (side, BOTH) and name in wanted} for side in SIDES
        )

    def narrowed(self, inputs: Sequence[LogicalNode], wanted: frozenset[str]) -> LogicalNode:
        """Where a name that clashed no longer does, its column keeps the name it had."""
        new = Join(inputs[0], inputs[1], self.how, self.left_on, self.right_on, self.unique, self.suffixes)
        before = {(side, source): name for name, side, source in self.columns}
        if all(before[side, source] == name for name, side, source in new.columns):
            return new
        columns = tuple((before[side, source], col(new.schema[name])) for name, side, source in new.columns)
        return Project(new, tuple(c for c in columns if c[0] in wanted))

    def described(self) -> str:
        on = ", ".join(a if a == b else f"{a} = {b}" for a, b in zip(self.left_on, self.right_on, strict=True))
        return f"{self.how} on {on}" if self.kind.selects else f"{self.how} on {on}  ({self.unique} unique)"

    def listed(self) -> Mapping[str, Expr | None]:
        return {}

    def params(self) -> dict[str, Any]:
        return {
            "how": self.how,
            "left_on": list(self.left_on),
            "right_on": list(self.right_on),
            "unique": self.unique,
            "columns": [list(c) for c in self.columns],
        }


def _check_keys(a: Field, b: Field) -> None:
    if not a.dtype.exact and not b.dtype.exact and a.dtype != b.dtype:
        raise TypeMismatchError(
            f"cannot join on {a.name!r} ({a.dtype}) and {b.name!r} ({b.dtype}): the same number may be stored as two. Read both with the same "
            f"fraction_bits=, such as fraction_bits={{{a.name!r}: {min(a.dtype.frac, b.dtype.frac)}}}, or join on whole numbers, such as "
            "(x * 100).round().astype('int64')"
        )
    if not a.dtype.like(b.dtype):
        raise TypeMismatchError(f"cannot join on {a.name!r} ({a.dtype}) and {b.name!r} ({b.dtype}): make the keys the same type first, with astype")
    lows, highs = zip(*(f.dtype.units(f.range) for f in (a, b)), strict=True)
    if (max(highs) - min(lows)).bit_length() > 64:  # both are laid out in one word
        raise TypeMismatchError(
            f"cannot join on {a.name!r} ({a.dtype}) and {b.name!r} ({b.dtype}): together they may be negative and reach 2**63, which no word of 64 "
            "bits holds. Declare a narrower range when reading, ranges={'column': (low, high)}, if the owner takes ranges, or "
            ".clip(low, high) one of them"
        )
