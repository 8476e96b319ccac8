"""Logical plans: relational nodes over the owners' tables, inferred when they are built. Here is what all nodes answer; they are in `spuframe.plan.nodes`.

Every node knows its `Shape`, and answers what rules, lowering and `explain` ask of it: all of it is abstract here, so that a node that is silent on one
question cannot be built. Nobody else switches over kinds of nodes, but for a rule over those that it is about.
Build nodes with the functions of `spuframe.plan.build`, which check, convert and choose what pandas would; the classes check only.

>>> from spuframe.dtypes import Field, Fixed, Int
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

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from spuframe.dtypes import Schema
from spuframe.errors import ForeignFrameError
from spuframe.expr.expr import Expr, col
from spuframe.expr.node import Node

WIDTH = 100
"""Columns of text that a description may take."""


class Order(Enum):
    """What the order of a table's rows means."""

    ASKED = "asked"  # by a sort, by groups, by a limit: it is shown and kept
    GIVEN = "given"  # as the owner or a program has them
    MERGED = "merged"
    SHUFFLED = "shuffled"
    DRAWN = "drawn"

    @property
    def refusal(self) -> str | None:
        """Why nothing may depend on it."""
        return {
            Order.MERGED: "a merge gives its rows in no particular one",
            Order.SHUFFLED: "rows that a filter or a merge left are kept in none",
            Order.DRAWN: "a sample has its rows in none",
        }.get(self)


@dataclass(frozen=True)
class Places:
    """Where a table's rows stand.

    Parameters
    ----------
    order : Order
    packed : bool
        Whether rows that do not exist are known to stand at the end.
    stored : str, optional
        The stored table that has these rows at these places, if it was put into a random order when it was stored.
    """

    order: Order
    packed: bool
    stored: str | None


@dataclass(frozen=True)
class Shape:
    """What is known of a node's table.

    Parameters
    ----------
    schema : Schema
    rows : int
        Physical rows; public.
    masked : bool
        Whether each row has a secret validity bit.
    places : Places
    unique : frozenset of str
        Columns that are known to hold no value twice, each by itself: their owners publish it, or it follows.
    plain : bool
        Whether one owner has all that is below, so that it can compute in plaintext what is computed row by row above.
    """

    schema: Schema
    rows: int
    masked: bool
    places: Places
    unique: frozenset[str]
    plain: bool


@dataclass(frozen=True)
class Ways:
    """At which inputs something may be done, instead of above a node.

    Parameters
    ----------
    enough : tuple of frozenset of int
        Sets of inputs; done at all of one, it is done.
    at : mapping
        The inputs where it does no harm, and for each what it reads, over that input's columns.
    foreign : frozenset of int
        Those of them that hold what it reads as copies of another's columns: the parties, who have these anyway, save nothing there.
    """

    enough: tuple[frozenset[int], ...]
    at: Mapping[int, Mapping[str, Expr]]
    foreign: frozenset[int] = frozenset()


STAYS = Ways((), {})
"""It is done above."""


@dataclass(frozen=True, eq=False, repr=False)
class LogicalNode(Node, ABC):
    """Base of the relational nodes."""

    shape: Shape = field(init=False, repr=False)
    sessions: frozenset[str] = field(init=False, repr=False)

    # ---- what every node answers -------------------------------------------------------------------
    @property
    @abstractmethod
    def op(self) -> str:
        """Its name in plans."""

    @property
    @abstractmethod
    def own_sessions(self) -> frozenset[str]:
        """The session that it reads something of, beside its inputs."""

    @abstractmethod
    def inferred(self) -> Shape:
        """Check the fields and infer the result's shape."""

    @abstractmethod
    def reads(self, wanted: frozenset[str]) -> tuple[frozenset[str], ...]:
        """Which columns of each input it reads, for its own columns ``wanted``."""

    @abstractmethod
    def narrowed(self, inputs: Sequence[LogicalNode], wanted: frozenset[str]) -> LogicalNode:
        """The same table over narrower inputs, which have what it reads, with at least the columns ``wanted``."""

    @abstractmethod
    def takes_filter(self, columns: frozenset[str]) -> Ways:
        """Where a filter above it that reads these of its columns may stand instead, and costs no more."""

    @abstractmethod
    def takes_computation(self, columns: frozenset[str]) -> Ways:
        """Where what is computed from these of its columns may be computed instead, as one more column that it passes on."""

    @property
    @abstractmethod
    def minds_order(self) -> bool:
        """Whether the order of its inputs' rows shows in what it gives."""

    @property
    @abstractmethod
    def minds_gaps(self) -> bool:
        """Whether its input's rows that exist must stand before those that do not."""

    @property
    @abstractmethod
    def minds_mask(self) -> bool:
        """Whether the types of its columns depend on whether all rows below exist."""

    @abstractmethod
    def described(self) -> str:
        """What it does, in one line beside its name."""

    @abstractmethod
    def listed(self) -> Mapping[str, Expr | None]:
        """The columns to print below it, and how they are computed; none where they are its inputs'."""

    @abstractmethod
    def params(self) -> dict[str, Any] | None:
        """The params of its step; None if it has no step."""

    # ---- what follows ------------------------------------------------------------------------------
    def infer(self) -> None:
        found = self.own_sessions.union(*(i.sessions for i in self.inputs))
        if len(found) > 1:
            raise ForeignFrameError("frames of two sessions cannot be combined: read both tables in one session")
        self.set("sessions", found)
        self.set("shape", self.inferred())

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


# ---- what nodes have in common ----------------------------------------------------------------------
NOWHERE = Places(Order.GIVEN, packed=True, stored=None)
"""Of a result that has no rows of a table."""


def all_columns(tables: Sequence[LogicalNode]) -> tuple[frozenset[str], ...]:
    """What a node reads that hands its inputs on as they are."""
    return tuple(frozenset(t.schema.names) for t in tables)


def as_they_are(table: LogicalNode, columns: Iterable[str]) -> dict[str, Expr]:
    """Columns that an input has under their own names."""
    return {name: col(table.schema[name]) for name in columns}


def short(text: str) -> str:
    """A description that fits into a line."""
    return text if len(text) <= WIDTH else text[: WIDTH - 4] + " ..."


def names_of(schema: Schema) -> str:
    """A table's columns, for a line."""
    return short(", ".join(schema.names))
