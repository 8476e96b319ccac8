"""`Scan`: an owner's table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spuframe.dtypes import Field, Schema
from spuframe.expr.expr import Col, Expr, check_columns, col
from spuframe.plan.logical import STAYS, LogicalNode, Order, Places, Shape, Ways, names_of
from spuframe.plan.nodes.filter import check_predicate
from spuframe.plan.nodes.project import named_expressions


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
    minds_order = minds_gaps = minds_mask = False

    @property
    def own_sessions(self) -> frozenset[str]:
        return frozenset({self.session_id})

    @property
    def outputs(self) -> tuple[tuple[str, Expr], ...]:
        """The columns that are shared, as expressions over the owner's."""
        return tuple((f.name, col(f)) for f in self.fields) if self.columns is None else self.columns

    def inferred(self) -> Shape:
        source = Schema(self.fields)
        for name in self.unique:
            source[name]
        if self.predicate is not None:
            check_predicate(self.predicate, source)
        for _, e in self.outputs:
            check_columns(e, source)
        return Shape(
            Schema(tuple(e.as_field(n) for n, e in self.outputs)),
            self.length,
            masked=self.predicate is not None,
            places=Places(Order.GIVEN, packed=self.predicate is None, stored=None),
            unique=frozenset(n for n, e in self.outputs if isinstance(e, Col) and e.field.name in self.unique),
            plain=True,
        )

    def reads(self, wanted: frozenset[str]) -> tuple[frozenset[str], ...]:
        return ()

    def narrowed(self, inputs: Sequence[LogicalNode], wanted: frozenset[str]) -> LogicalNode:
        outputs = tuple((name, e) for name, e in self.outputs if name in wanted)
        return self if len(outputs) == len(self.outputs) else self.sharing(outputs, self.predicate)

    def sharing(self, columns: tuple[tuple[str, Expr], ...] | None, predicate: Expr | None) -> Scan:
        """The same table; its owner computes and filters this."""
        return Scan(self.session_id, self.owner, self.table, self.fields, self.length, self.unique, columns, predicate)

    def takes_filter(self, columns: frozenset[str]) -> Ways:
        return STAYS

    def takes_computation(self, columns: frozenset[str]) -> Ways:
        return STAYS

    def described(self) -> str:
        where = f"  where {self.predicate}" if self.predicate is not None else ""
        return f"{self.owner}.{self.table}  [{names_of(self.schema)}]{where}"

    def listed(self) -> Mapping[str, Expr | None]:
        return dict(self.outputs)

    def params(self) -> dict[str, Any]:
        columns, predicate = named_expressions(self.outputs, *([] if self.predicate is None else [self.predicate]))
        return {"owner": self.owner, "table": self.table, **columns, "filter": predicate[0] if predicate else None, "drop": False}
