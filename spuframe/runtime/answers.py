"""What the analyst is told: of an owner's table, and of a plan that ran."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgpack

from spuframe.dtypes import Field, Schema
from spuframe.ir.physical import PhysicalPlan
from spuframe.runtime.profile import Profile, rank_profile

if TYPE_CHECKING:
    import pyarrow as pa

    from spuframe.spu.kernel import Protocol


@dataclass(frozen=True)
class TableInfo:
    """What the analyst learns of an owner's table.

    Parameters
    ----------
    handle : str
        For ``scan`` steps.
    fields : Schema
        Private to the owner, with the bounds that it publishes.
    rows : int
    owner : str
    unique : frozenset of str
        Columns that the owner publishes to have no value twice.
    """

    handle: str
    fields: Schema
    rows: int
    owner: str
    unique: frozenset[str] = frozenset()

    @classmethod
    def of(cls, owner: str, answer: Mapping[str, Any]) -> TableInfo:
        """Read what an owner's node answered."""
        fields = Schema.of([Field.from_plain(f) for f in answer["fields"]])
        return cls(str(answer["handle"]), fields, int(answer["rows"]), owner, frozenset(map(str, answer["unique"])))


@dataclass(frozen=True)
class Result:
    """The revealed tables of a plan, in the order of its ``reveal`` steps, and what it cost."""

    tables: list[pa.Table]
    profile: Profile

    @classmethod
    def of(cls, plan: PhysicalPlan, ranks: Sequence[str], answers: Sequence[Mapping[str, Any]], protocol: Protocol, seconds: float) -> Result:
        """Put together what all ranks answered.

        Parameters
        ----------
        plan : PhysicalPlan
        ranks : sequence of str
            The names of all ranks, some of whose owners the plan may not need.
        answers : sequence of mappings
            By rank.
        protocol : Protocol
        seconds : float
        """
        from spuframe.spu.spu import assemble

        results = [msgpack.unpackb(a["result"]) for a in answers]
        tables = assemble(protocol, plan.parties, results[: plan.parties])
        needed = [*range(plan.parties), *(ranks.index(f"owner {owner}") for owner in plan.owners)]
        profiles = tuple(rank_profile(ranks[r], answers[r]["counters"], results[r]["profile"]) for r in needed)
        return cls(tables, Profile(profiles, seconds))
