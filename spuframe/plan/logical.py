"""Logical plans: relational nodes over the owners' tables, inferred when they are built.

Every node knows its ``schema``, its public number of physical ``rows``, and whether it is ``masked`` (has a secret validity bit per row).
Build nodes with the functions of `spuframe.plan.build`, which check, convert and choose what pandas would; the classes check only.

>>> from spuframe.dtypes import Field, Fixed, Int, Whole
>>> from spuframe.expr import col, ge
>>> from spuframe.plan.build import aggregate, filter_, join, reveal, scan
>>> patient = Field("patient_id", Int(64), range=(1, 10**6))
>>> hospital = scan("s1", "hospital", "t0", [patient, Field("age", Int(64), range=(18, 97))], 2000)
>>> insurer = scan("s1", "insurer", "t0", [patient, Field("cost", Fixed(), range=(0.0, 2.0**15))], 1940)
>>> cohort = join(filter_(hospital, ge(col(hospital.schema["age"]), 50)), insurer, on="patient_id")
>>> cohort.schema.names, cohort.rows, cohort.masked, cohort.unique
(['patient_id', 'age', 'cost'], 2000, True, 'right')
>>> answer = reveal(aggregate(cohort, ["age"], [("n", "count", "patient_id"), ("mean", "mean", "cost")]))
>>> [str(f.dtype) for f in answer.schema]
['int64', 'int64', 'float']
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from spuframe.dtypes import PUBLIC, SECRET, Bool, Field, Fixed, Int, Schema, Whole
from spuframe.errors import ForeignFrameError, PlanError, SchemaError, TypeMismatchError
from spuframe.expr.expr import Col, Expr, check_columns, col, rebind, rebind_all
from spuframe.expr.node import Node
from spuframe.ir.aggregates import aggregation
from spuframe.plan.plain import Plain


@dataclass(frozen=True)
class Shape:
    """What is known of a node's table."""

    schema: Schema
    rows: int
    masked: bool


@dataclass(frozen=True, eq=False, repr=False)
class LogicalNode(Node):
    """Base of the relational nodes."""

    shape: Shape = field(init=False, repr=False)
    sessions: frozenset[str] = field(init=False, repr=False)
    op: ClassVar[str]

    def infer(self) -> None:
        found = self.own_sessions().union(*(i.sessions for i in self.inputs))
        if len(found) > 1:
            raise ForeignFrameError("frames of two sessions cannot be combined: read both tables in one session")
        self.set("sessions", found)
        self.set("shape", self.inferred())

    def inferred(self) -> Shape:
        """Check the fields and infer the result's shape."""
        raise NotImplementedError

    def own_sessions(self) -> frozenset[str]:
        return frozenset()

    @classmethod
    def family(cls) -> type[Node]:
        return LogicalNode  # expressions are no children of a plan

    @property
    def inputs(self) -> tuple[LogicalNode, ...]:
        return self.children  # type: ignore[return-value]  # of its family

    @property
    def schema(self) -> Schema:
        return self.shape.schema

    @property
    def rows(self) -> int:
        return self.shape.rows

    @property
    def masked(self) -> bool:
        return self.shape.masked

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.rows} rows: {', '.join(self.schema.names)}>"  # not what is below: that may be deep

    def nodes(self) -> Iterator[LogicalNode]:
        """Every distinct node below and including this one, inputs first."""
        for node in self.walk():
            if isinstance(node, LogicalNode):
                yield node


# ---- the nodes ------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False, repr=False)
class Scan(LogicalNode):
    """An owner's table, shared among the parties.

    Parameters
    ----------
    session_id, owner, table : str
        ``table`` is the handle at the owner.
    fields : tuple of Field
        The columns that the owner has.
    length : int
        Rows; public.
    unique : frozenset of str
        Columns that the owner publishes to be unique.
    columns : tuple of (str, Expr), optional
        What the owner computes in plaintext before sharing; by default its columns as they are.
    predicate : Expr, optional
        Rows for which it is not true are shared as invalid.
    """

    session_id: str
    owner: str
    table: str
    fields: tuple[Field, ...]
    length: int
    unique: frozenset[str] = frozenset()
    columns: tuple[tuple[str, Expr], ...] | None = None
    predicate: Expr | None = None
    op = "scan"

    def own_sessions(self) -> frozenset[str]:
        return frozenset({self.session_id})

    def inferred(self) -> Shape:
        source = Schema(self.fields)
        for name in self.unique:
            source[name]
        if self.predicate is not None:
            _check_predicate(self.predicate, source)
        for _, e in self.outputs:
            check_columns(e, source)
        return Shape(Schema(tuple(e.as_field(n) for n, e in self.outputs)), self.length, self.predicate is not None)

    @property
    def outputs(self) -> tuple[tuple[str, Expr], ...]:
        """The columns that are shared, as expressions over the owner's."""
        return tuple((f.name, col(f)) for f in self.fields) if self.columns is None else self.columns


@dataclass(frozen=True, eq=False, repr=False)
class Load(LogicalNode):
    """A table of shares that the parties keep under a name."""

    name: str
    fields: tuple[Field, ...]
    length: int
    with_mask: bool = True
    session_id: str = ""
    ordered: bool = False
    op = "load"

    def own_sessions(self) -> frozenset[str]:
        return frozenset({self.session_id} if self.session_id else ())

    def inferred(self) -> Shape:
        return Shape(Schema(self.fields), self.length, self.with_mask)


@dataclass(frozen=True, eq=False, repr=False)
class Project(LogicalNode):
    """Exactly these columns, computed from the input's."""

    input: LogicalNode
    columns: tuple[tuple[str, Expr], ...]
    op = "project"

    def inferred(self) -> Shape:
        for _, e in self.columns:
            check_columns(e, self.input.schema)
        return Shape(Schema(tuple(e.as_field(n) for n, e in self.columns)), self.input.rows, self.input.masked)

    def with_children(self, children: Any) -> Project:
        (new,) = children
        if new == self.input:
            return self
        names, exprs = [n for n, _ in self.columns], rebind_all([e for _, e in self.columns], new.schema)
        return Project(new, tuple(zip(names, exprs, strict=True)))

    @property
    def changes_nothing(self) -> bool:
        """Whether the columns are the input's own, in their order."""
        return [n for n, _ in self.columns] == self.input.schema.names and all(isinstance(e, Col) and e.field.name == n for n, e in self.columns)


@dataclass(frozen=True, eq=False, repr=False)
class Filter(LogicalNode):
    """The rows for which the predicate is true (not false, not null); the physical rows stay."""

    input: LogicalNode
    predicate: Expr
    op = "filter"

    def inferred(self) -> Shape:
        _check_predicate(self.predicate, self.input.schema)
        return Shape(self.input.schema, self.input.rows, True)

    def with_children(self, children: Any) -> Filter:
        (new,) = children
        return self if new == self.input else Filter(new, rebind(self.predicate, new.schema))


@dataclass(frozen=True, eq=False, repr=False)
class Join(LogicalNode):
    """Inner join; the valid keys of the ``unique`` side must be unique, which the parties check without seeing them.

    The result has the rows of the other side, sorted by key. Pairs of keys of the same name give one column; other names on both sides get
    the suffixes.
    """

    left: LogicalNode
    right: LogicalNode
    how: str
    left_on: tuple[str, ...]
    right_on: tuple[str, ...]
    unique: str
    suffixes: tuple[str, str] = ("_x", "_y")
    op = "join"

    def inferred(self) -> Shape:
        if self.how != "inner":
            raise PlanError(f"how must be 'inner', got {self.how!r}: other joins are not supported yet")
        if self.unique not in ("left", "right"):
            raise PlanError(f"unique must be 'left' or 'right', got {self.unique!r}")
        if len(self.left_on) != len(self.right_on) or not self.left_on:
            raise PlanError(f"a join needs as many left keys as right keys, at least one; got {len(self.left_on)} and {len(self.right_on)}")
        for a, b in zip(self.left_on, self.right_on, strict=True):
            _check_keys(self.left.schema[a], self.right.schema[b])
        sides = {"left": self.left.schema, "right": self.right.schema}
        keys = {"left": self.left_on, "right": self.right_on}
        owners = frozenset[str]().union(*(sides[s][k].owners for s in sides for k in keys[s]))
        found = [(name, sides[side][source]) for name, side, source in self.columns]
        out = [replace(f, name=name, visibility=SECRET, owners=f.owners | owners) for name, f in found]
        return Shape(Schema(tuple(out)), (self.right if self.unique == "left" else self.left).rows, True)

    @property
    def columns(self) -> tuple[tuple[str, str, str], ...]:
        """The result's columns: (name, side, name there); in pandas' order."""
        shared = {a for a, b in zip(self.left_on, self.right_on, strict=True) if a == b}
        names = {"left": self.left.schema.names, "right": self.right.schema.names}
        clash = (set(names["left"]) & set(names["right"])) - shared
        many = "right" if self.unique == "left" else "left"  # its rows are the result's: its keys are where they are needed
        out: list[tuple[str, str, str]] = []
        for side, suffix in zip(("left", "right"), self.suffixes, strict=True):
            for name in names[side]:
                if name in shared:
                    out += [(name, many, name)] if side == "left" else []
                else:
                    out.append((name + suffix if name in clash else name, side, name))
        return tuple(out)


@dataclass(frozen=True, eq=False, repr=False)
class Aggregate(LogicalNode):
    """One row for each group of equal keys (null keys dropped), sorted by key; without keys one row.

    ``aggregates`` are (name, function, column); ``size`` has no column.
    """

    input: LogicalNode
    keys: tuple[str, ...]
    aggregates: tuple[tuple[str, str, str | None], ...]
    op = "aggregate"

    def inferred(self) -> Shape:
        schema = self.input.schema
        keys = [replace(schema[k], nullable=False, visibility=SECRET) for k in self.keys]
        by = frozenset[str]().union(*(k.owners for k in keys))
        out = [_aggregate(self.input, name, function, column, by, not self.keys) for name, function, column in self.aggregates]
        return Shape(Schema((*keys, *out)), min(self.input.rows, _groups(keys)) if self.keys else 1, bool(self.keys))


@dataclass(frozen=True, eq=False, repr=False)
class Sort(LogicalNode):
    """Sorted by columns, stable, nulls last; invalid rows at the end."""

    input: LogicalNode
    by: tuple[str, ...]
    ascending: tuple[bool, ...]
    op = "sort"

    def inferred(self) -> Shape:
        if len(self.by) != len(self.ascending):
            raise PlanError(f"ascending needs one value for each of the {len(self.by)} columns, got {len(self.ascending)}")
        by = frozenset[str]().union(*(self.input.schema[n].owners for n in self.by))
        out = tuple(replace(f, visibility=SECRET, owners=f.owners | by) for f in self.input.schema)
        return Shape(Schema(out), self.input.rows, self.input.masked)


@dataclass(frozen=True, eq=False, repr=False)
class Limit(LogicalNode):
    """The first rows that exist."""

    input: LogicalNode
    count: int
    op = "limit"

    def inferred(self) -> Shape:
        if self.count < 0:
            raise PlanError(f"a number of rows must not be negative, got {self.count}")
        out = tuple(replace(f, visibility=SECRET) for f in self.input.schema)
        return Shape(Schema(out), min(self.count, self.input.rows), self.input.masked)


@dataclass(frozen=True, eq=False, repr=False)
class Concat(LogicalNode):
    """The inputs' rows one below the other; equal names and types, in equal order."""

    tables: tuple[LogicalNode, ...]
    op = "concat"

    def inferred(self) -> Shape:
        if not self.tables:
            raise PlanError("concat needs at least one frame")
        first, *rest = (t.schema for t in self.tables)
        out = list(first)
        for schema in rest:
            if schema.names != first.names or [f.dtype for f in schema] != [f.dtype for f in first]:
                raise SchemaError(f"frames to concatenate need the same columns and types: {_columns(first)} is not {_columns(schema)}")
            out = [_stacked(a, b) for a, b in zip(out, schema, strict=True)]
        return Shape(Schema(tuple(out)), sum(t.rows for t in self.tables), any(t.masked for t in self.tables))


@dataclass(frozen=True)
class TensorOutput:
    """One result of a tensor program, as a table; ``like``: the input table whose rows it has."""

    name: str
    schema: Schema
    rows: int
    like: int | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Tensor(LogicalNode):
    """A program over matrices (see `spuframe.plan.tensor`); its results are read with `Output`. All columns of its inputs are used."""

    tables: tuple[LogicalNode, ...]
    program: Plain
    outputs: tuple[TensorOutput, ...]
    op = "tensor"

    def inferred(self) -> Shape:
        return Shape(Schema(()), 0, False)


@dataclass(frozen=True, eq=False, repr=False)
class Output(LogicalNode):
    """One result of a tensor program: ``Output(tensor, "coef")``."""

    input: Tensor
    name: str
    op = "output"

    def inferred(self) -> Shape:
        found = self._found
        return Shape(found.schema, found.rows, self.like is not None and self.like.masked)

    @property
    def like(self) -> LogicalNode | None:
        """The table whose rows, one by one, these are computed from; None for a result that is no column of any."""
        like = self._found.like
        return None if like is None else self.input.tables[like]

    @property
    def _found(self) -> TensorOutput:
        for o in self.input.outputs:
            if o.name == self.name:
                return o
        raise PlanError(f"the tensor program has no output {self.name!r}: it has {', '.join(o.name for o in self.input.outputs)}")


@dataclass(frozen=True, eq=False, repr=False)
class Store(LogicalNode):
    """The input, kept in the parties' stores under a name; in its order if ``ordered``, else in a random one when masked."""

    input: LogicalNode
    name: str
    ordered: bool
    op = "store"

    def inferred(self) -> Shape:
        return self.input.shape


@dataclass(frozen=True, eq=False, repr=False)
class Reveal(LogicalNode):
    """The input's valid rows, handed to the analyst; in their order if ``ordered``, else shuffled when masked."""

    input: LogicalNode
    ordered: bool
    op = "reveal"

    def inferred(self) -> Shape:
        out = tuple(replace(f, visibility=PUBLIC) for f in self.input.schema)
        return Shape(Schema(out), self.input.rows, self.input.masked)


@dataclass(frozen=True, eq=False, repr=False)
class Roots(LogicalNode):
    """Several plans that run as one: what they share is computed once. Its results are those of its reveals, in order."""

    plans: tuple[LogicalNode, ...]
    op = "roots"

    def inferred(self) -> Shape:
        return Shape(Schema(()), 0, False)


# ---- how they are inferred --------------------------------------------------------------------------
def _columns(schema: Schema) -> str:
    return "{" + ", ".join(f"{f.name}: {f.dtype}" for f in schema) + "}"


def _check_predicate(predicate: Expr, schema: Schema) -> None:
    check_columns(predicate, schema)
    if not isinstance(predicate.dtype, Bool):
        raise TypeMismatchError(f"a filter needs a boolean, got {str(predicate)!r} ({predicate.dtype}): compare it with something")


def _check_keys(a: Field, b: Field) -> None:
    if isinstance(a.dtype, Fixed) and isinstance(b.dtype, Fixed) and a.dtype != b.dtype:
        raise TypeMismatchError(
            f"cannot join on {a.name!r} ({a.dtype}) and {b.name!r} ({b.dtype}): the same number may be stored as two. Read both with the same "
            f"fraction_bits=, such as fraction_bits={{{a.name!r}: {min(a.dtype.f, b.dtype.f)}}}, or join on whole numbers, such as "
            "(x * 100).round().astype('int64')"
        )
    if not a.dtype.like(b.dtype):
        raise TypeMismatchError(f"cannot join on {a.name!r} ({a.dtype}) and {b.name!r} ({b.dtype}): make the keys the same type first, with astype")
    if isinstance(a.dtype, Whole):  # both are laid out in one word
        bounds = [f.dtype.limits if f.range is None else f.range for f in (a, b)]
        if int(max(h for _, h in bounds) - min(low for low, _ in bounds)).bit_length() > 64:
            raise TypeMismatchError(
                f"cannot join on {a.name!r} ({a.dtype}) and {b.name!r} ({b.dtype}): together they may be negative and reach 2**63, which no word of 64 "
                "bits holds. Declare a narrower range when reading, ranges={'column': (low, high)}, if the owner takes ranges, or "
                ".clip(low, high) one of them"
            )


def _groups(keys: list[Field]) -> int:
    """How many groups there can be at most, as far as public ranges tell; one without keys."""
    count = 1
    for k in keys:
        values = k.dtype.count(k.range)
        if values is None:
            return 1 << 62
        count *= values
    return count


def _stacked(a: Field, b: Field) -> Field:
    bounds = None
    if a.range is not None and b.range is not None:
        bounds = (min(a.range[0], b.range[0]), max(a.range[1], b.range[1]))
    return Field(a.name, a.dtype, a.nullable or b.nullable, a.visibility.join(b.visibility), bounds, a.owners | b.owners)


def _aggregate(table: LogicalNode, name: str, function: str, column: str | None, by: frozenset[str], whole: bool) -> Field:
    how = aggregation(function)
    if how.of_rows:
        return Field(name, Int(64), False, SECRET, (0, table.rows), by)
    if column is None:
        raise PlanError(f"{how} needs a column: give (column, {function!r})")
    f = table.schema[column]
    if not how.accepts(f.dtype):
        raise TypeMismatchError(f"cannot take the {how} of {column!r} ({f.dtype}): it needs a number")
    least = 0 if f.nullable else 1 if not whole else 0 if table.masked else table.rows
    dtype, bounds = how.result(f, table.rows)
    return Field(name, dtype, how.nullable(least), SECRET, bounds, f.owners | by)
