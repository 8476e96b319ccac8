"""What can be revealed, as `spuframe.frame.reveal` and a session take it: named expressions over one set of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from spuframe import expr as ex
from spuframe.plan import build
from spuframe.plan.logical import LogicalNode
from spuframe.plan.rows import together

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Revealed:
    """What the analyst is shown of one plan.

    Parameters
    ----------
    table : pyarrow.Table
    order : int or None
        None: the order of the rows means something. Else a number for the random order in which they come. Results of the same rows in the same
        order have the same number, and nothing else has it.
    """

    table: pa.Table
    order: int | None


class Home(Protocol):
    """What secrets ask of the session that they belong to."""

    id: str

    def explain(self, node: LogicalNode, stage: str = "all") -> str: ...

    def persist(self, node: LogicalNode) -> LogicalNode: ...

    def reveal_all(self, nodes: Sequence[LogicalNode]) -> list[Revealed]: ...


@dataclass(frozen=True)
class Rows:
    """Columns by name, expressions over the rows of ``base``."""

    session: Home
    base: LogicalNode
    columns: Mapping[str, ex.Expr]

    @property
    def node(self) -> LogicalNode:
        """Their logical plan."""
        return build.projected(self.base, self.columns)

    def onto(self, base: LogicalNode) -> Rows | None:
        """The columns over ``base`` with what they need added to it; None where its rows are others."""
        found = together(base, self.base)
        if found is None:
            return None
        return Rows(self.session, found[0], {n: ex.substitute(e, found[1]) for n, e in self.columns.items()})
