"""The session of an analyst: where frames come from, and where their plans run."""

from __future__ import annotations

import datetime
import itertools
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spuframe.config import Policy
from spuframe.errors import DataFileError, PlanError, TypeMismatchError
from spuframe.frame.frame import SecretFrame
from spuframe.frame.progress import Progress
from spuframe.plan import build, explain
from spuframe.plan.cost import CostReport
from spuframe.plan.logical import LogicalNode, Roots
from spuframe.plan.lower import lower
from spuframe.plan.optimizer import optimize
from spuframe.plan.physical import PhysicalPlan, Step
from spuframe.runtime import local as launch
from spuframe.runtime.session import Profile, Result
from spuframe.runtime.session import Session as Runtimes

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_ORDERS = itertools.count(1)
"""Numbers of random orders: none is given twice in a process, so that rows of two sessions do not look alike either."""

Ranges = Mapping[str, tuple[float, float] | tuple[datetime.date, datetime.date] | tuple[str, str]]


@dataclass(frozen=True)
class Revealed:
    """What the analyst is shown of one plan.

    Parameters
    ----------
    table : pyarrow.Table
    order : int or None
        None: the order of the rows means something. Else a number for the random order in which they come, the same for results of the same rows
        in the same order, and for nothing else.
    """

    table: pa.Table
    order: int | None


class Session(Runtimes):
    """Frames of the tables of owners, over the runtimes of all parties. Made by `local`; ``with`` opens and closes it.

    Attributes
    ----------
    last_profile : Profile or None
        What the last plan took: rounds, bytes, seconds and memory of every process, as measured.
    progress : bool
        Whether plans of over a second show a progress bar.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.id = secrets.token_hex(8)
        self.last_profile: Profile | None = None
        self._orders: dict[str, int] = {}
        self.progress = True

    # ---- tables --------------------------------------------------------------------------------------
    def read_csv(
        self, path: str | os.PathLike[str], *, owner: str, usecols: Sequence[str] | None = None, ranges: Ranges | None = None, **options: Any
    ) -> SecretFrame:
        """A CSV file of an owner; read by the owner's process, never here.

        Parameters
        ----------
        path : str or path
            Where the owner's process finds it.
        owner : str
        usecols : sequence of str, optional
            Only these columns.
        ranges : mapping of str to (low, high), optional
            Public bounds of columns, in place of what the owner would publish; the owner checks them. Narrow bounds make plans cheaper.
        **options
            ``nan_as_null=True``: NaN is a missing value rather than an error. ``fraction_bits={"x": 40}``: float columns that are kept with more (or
            fewer) than 18 bits after the point; magnitudes must then stay below ``2**(62 - bits) - 1``.

        Returns
        -------
        SecretFrame
        """
        return self._read("csv", path, owner, usecols, ranges, options)

    def read_parquet(
        self, path: str | os.PathLike[str], *, owner: str, columns: Sequence[str] | None = None, ranges: Ranges | None = None, **options: Any
    ) -> SecretFrame:
        """A Parquet file of an owner; see `read_csv`."""
        return self._read("parquet", path, owner, columns, ranges, options)

    def _read(
        self, kind: str, path: str | os.PathLike[str], owner: str, columns: Sequence[str] | None, ranges: Ranges | None, options: Mapping[str, Any]
    ) -> SecretFrame:
        self._check()
        where = os.path.abspath(os.fspath(path))
        if not os.path.exists(where):  # the processes of a local session see the files that we see
            raise DataFileError(f"there is no file {os.fspath(path)!r} for owner {owner!r}: check the path, which is relative to {os.getcwd()!r}")
        return self._open(owner, {"kind": kind, "path": where}, columns, ranges, options)

    def from_arrow(self, table: pa.Table, *, owner: str, ranges: Ranges | None = None, **options: Any) -> SecretFrame:
        """A table that is here already, handed to an owner's process: for tests and first steps, since the analyst has seen it."""
        import pyarrow as pa

        if not isinstance(table, pa.Table):
            raise TypeMismatchError(f"`table` must be a pyarrow.Table, got {type(table).__name__}: use from_pandas for a DataFrame")
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return self._open(owner, {"kind": "arrow", "data": sink.getvalue().to_pybytes()}, None, ranges, options)

    def from_pandas(self, frame: pd.DataFrame, *, owner: str, ranges: Ranges | None = None, **options: Any) -> SecretFrame:
        """A DataFrame that is here already, handed to an owner's process; missing values become nulls. The index is dropped."""
        import pandas as pd
        import pyarrow as pa

        if not isinstance(frame, pd.DataFrame):
            raise TypeMismatchError(f"`frame` must be a pandas.DataFrame, got {type(frame).__name__}")
        return self.from_arrow(pa.Table.from_pandas(frame, preserve_index=False), owner=owner, ranges=ranges, **options)

    def _open(
        self, owner: str, source: dict[str, Any], columns: Sequence[str] | None, ranges: Ranges | None, options: Mapping[str, Any]
    ) -> SecretFrame:
        source |= dict(options)
        if columns is not None:
            source["columns"] = list(columns)
        if ranges is not None:
            source["ranges"] = {name: [_plain_bound(b) for b in bounds] for name, bounds in ranges.items()}
        info = self.open_table(owner, source)
        return SecretFrame(self, build.scan(self.id, owner, info.handle, info.fields, info.rows))

    # ---- plans ---------------------------------------------------------------------------------------
    def physical(self, node: LogicalNode) -> PhysicalPlan:
        """Optimise and lower a plan."""
        return lower(optimize(node), protocol=self.config.protocol, parties=self.config.parties)

    def explain(self, node: LogicalNode, stage: str = "all") -> str:
        """The stages of a plan as text; the physical one with exact rounds and bytes."""
        if stage not in explain.STAGES:
            raise PlanError(f"`stage` must be one of {', '.join(map(repr, explain.STAGES))}, got {stage!r}")
        root = build.reveal(node)
        optimized = optimize(root)
        physical = lower(optimized, protocol=self.config.protocol, parties=self.config.parties)
        found = self.estimate(physical)
        cost = CostReport.of([(s.cost.rounds, s.cost.sent) for s in found.steps], [n for s in found.steps for n in s.notes], found.total.rounds)
        return explain.explain(stage, root, optimized, physical, cost)

    def execute(self, node: LogicalNode) -> Result:
        """Optimise, lower, ship and run a plan."""
        return self._execute(self.physical(node))

    def _execute(self, plan: PhysicalPlan) -> Result:
        self._check()
        with Progress(self.progress) as bar:
            result = self.run(plan, bar)
        self.last_profile = result.profile
        return result

    def reveal(self, node: LogicalNode) -> pa.Table:
        """Run a plan and hand its rows to the analyst."""
        return self.reveal_all([node])[0].table

    def reveal_all(self, nodes: Sequence[LogicalNode]) -> list[Revealed]:
        """Run several plans as one and hand their rows to the analyst."""
        root = optimize(build.roots([build.reveal(n) for n in nodes]))
        reveals = root.plans if isinstance(root, Roots) else (root,)
        plan = lower(root, protocol=self.config.protocol, parties=self.config.parties)
        steps = [s for s in plan if s.op == "reveal"]
        shown = [Revealed(t, self._order(s)) for t, s in zip(self._execute(plan).tables, steps, strict=True)]
        distinct = list(dict.fromkeys(reveals))  # equal plans are one step
        return [shown[distinct.index(r)] for r in reveals]

    def _order(self, reveal: Step) -> int | None:
        if not reveal.masked or reveal.params["ordered"]:
            return None
        stored = reveal.params["stored"]
        return next(_ORDERS) if stored is None else self._orders.setdefault(str(stored), next(_ORDERS))  # not the name itself, which is free to go

    def persist(self, node: LogicalNode) -> LogicalNode:
        """Run a plan and keep its result at the parties; the node that reads it, described by what was really stored.

        The result goes when nothing refers to that node any more.
        """
        name = self.stored_name(f"t-{secrets.token_hex(8)}")
        kept = build.store(node, name)
        plan = self.physical(kept)
        self._execute(plan)
        stored = plan.steps[-1]
        return build.load(name, stored.schema, stored.rows, stored.masked, self.id, kept.ordered)


def _plain_bound(bound: float | datetime.date | str) -> float | str:
    """A bound of a range as plain data; dates as ISO strings."""
    return bound.isoformat()[:10] if isinstance(bound, datetime.date) else bound


def local(
    parties: int | None = None,
    protocol: str = "aby3",
    *,
    deadline: float = 60.0,
    memory_limit: int | None = None,
    owners: Mapping[str, Policy] | Sequence[str] | None = None,
    policy: Policy | None = None,
    base_port: int | None = None,
) -> Session:
    """A session whose parties and owners are processes of this machine; use it with ``with``.

    Parameters
    ----------
    parties : int, optional
        By default as many as the protocol needs.
    protocol : str
        ``"aby3"`` (three parties, semi-honest, one corrupt) or, for tests alone, ``"plaintext"``.
    deadline : float
        Seconds that a process waits for another.
    memory_limit : int, optional
        Bytes that one SPU instance may use.
    owners : mapping of str to Policy, or sequence of str, optional
        The only owners there are; by default every name makes one.
    policy : Policy, optional
        Of owners that have none of their own. A policy without ``folders`` lets files be read in the current folder alone.
    base_port : int, optional
        Parties listen for the analyst at ``base_port + rank``; by default at free ports.

    Examples
    --------
    >>> local(parties=4)
    Traceback (most recent call last):
    spuframe.errors.PartyCountError: protocol 'aby3' needs 3 parties, got 4: choose parties=3 or another protocol
    """
    return launch.local(
        parties, protocol, deadline=deadline, memory_limit=memory_limit, owners=owners, policy=policy, base_port=base_port, session=Session
    )
