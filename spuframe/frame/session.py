"""The session of an analyst: where frames come from, and where their plans run."""

from __future__ import annotations

import datetime
import decimal as decimals
import itertools
import os
import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from spuframe.config import Policy, Quotas, SessionConfig
from spuframe.dtypes import constants, plain
from spuframe.errors import DataFileError, NotAvailableError, PlanError, TypeMismatchError
from spuframe.frame import arguments, intake
from spuframe.frame.frame import SecretFrame
from spuframe.frame.missing import missing
from spuframe.frame.progress import Progress
from spuframe.frame.rows import Revealed
from spuframe.ir.cost import CostReport
from spuframe.ir.leakage import leakage_report
from spuframe.ir.physical import PhysicalPlan
from spuframe.ir.step import Step
from spuframe.plan import build, explain
from spuframe.plan.logical import LogicalNode
from spuframe.plan.lower import lower
from spuframe.plan.nodes.results import Roots
from spuframe.plan.optimizer import optimize
from spuframe.runtime import local as launch
from spuframe.runtime.answers import Result
from spuframe.runtime.profile import Profile
from spuframe.runtime.runtimes import Runtimes

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_ORDERS = itertools.count(1)
"""Numbers of random orders: none is given twice in a process, so that rows of two sessions do not look alike either."""

Bound = float | str | datetime.date | datetime.timedelta | decimals.Decimal
Ranges = Mapping[str, tuple[Bound, Bound]]


@arguments.like_pandas
class Session:
    """Frames of the tables of owners, over the runtimes of all parties. Made by `local`; ``with`` opens and closes it.

    Parameters
    ----------
    runtimes : Runtimes
        What runs the plans.

    Attributes
    ----------
    runtimes : Runtimes
        For plans that are no frame's.
    last_profile : Profile or None
        What the last plan took: rounds, bytes, seconds and memory of every process, as measured.
    progress : bool
        Whether plans of over a second show a progress bar.
    """

    def __init__(self, runtimes: Runtimes) -> None:
        self.runtimes = runtimes
        self.id = secrets.token_hex(8)
        self.last_profile: Profile | None = None
        self._orders: dict[str, int] = {}
        self.progress = True

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise missing("a session", name, dir(type(self)))

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeMismatchError(
            "a session is the hand on running processes and is never pickled or copied: open one with sf.local() where you need it, "
            "and read the tables there"
        )

    def __copy__(self) -> NoReturn:
        self.__reduce_ex__(2)

    def __deepcopy__(self, memo: object) -> NoReturn:
        self.__reduce_ex__(2)

    # ---- open and close ------------------------------------------------------------------------------
    def open(self) -> Session:
        """Start or reach all parties."""
        self.runtimes.open()
        return self

    def close(self) -> None:
        """Stop everything that was started; twice is harmless, and so is a forked child."""
        self.runtimes.close()

    def __enter__(self) -> Session:
        return self.open()

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        return self.runtimes.closed

    @property
    def config(self) -> SessionConfig:
        return self.runtimes.config

    @property
    def owners(self) -> list[str]:
        return self.runtimes.owners

    def add_owner(self, owner: str, policy: Policy | None = None) -> None:
        """Start or reach an owner's node; the first table that names an owner does it too."""
        self.runtimes.add_owner(owner, policy)

    def status(self) -> list[dict[str, Any]]:
        """For each process its ``name``, ``pid``, whether it is ``alive``, and what it holds for this session."""
        return self.runtimes.status()

    def stored(self) -> dict[str, int]:
        """Names of the tables of shares, with the bytes that they take at all parties together."""
        return self.runtimes.stored()

    def delete(self, name: str) -> None:
        """Delete a table of shares at all parties."""
        self.runtimes.delete(name)

    # ---- tables --------------------------------------------------------------------------------------
    def read_csv(
        self,
        filepath_or_buffer: str | os.PathLike[str],
        *,
        owner: str,
        usecols: Sequence[str] | None = None,
        ranges: Ranges | None = None,
        sep: str = ",",
        encoding: str = "utf-8",
        thousands: str | None = None,
        decimal: str = ".",
        parse_dates: Sequence[str] | None = None,
        date_format: str | Mapping[str, str] | None = None,
        na_values: str | Sequence[str] | None = None,
        nan_as_null: bool = False,
        fraction_bits: int | Mapping[str, int] | None = None,
    ) -> SecretFrame:
        """A CSV file of an owner; read by the owner's process, never here.

        Parameters
        ----------
        filepath_or_buffer : str or path
            Where the owner's process finds it.
        owner : str
        usecols : sequence of str, optional
            Only these columns.
        ranges : mapping of str to (low, high), optional
            Public bounds of columns, in place of what the owner would publish; the owner checks them. Narrow bounds make plans cheaper.
        sep, encoding, thousands, decimal : str, optional
            As in pandas: ``sep=";"``, ``encoding="latin-1"``, ``thousands="."``, ``decimal=","``.
        parse_dates : sequence of str, optional
            Columns of dates or points in time that are not written YYYY-MM-DD [HH:MM:SS], which needs no word; all of ``date_format``, if that is a
            mapping.
        date_format : str or mapping of column to str, optional
            How these are written, such as ``"%d.%m.%Y %H:%M"``. What is written otherwise is an error, never a guess.
        na_values : str or sequence of str, optional
            More words for a missing value.
        nan_as_null : bool
            NaN is a missing value rather than an error.
        fraction_bits : int, or mapping of str to int, optional
            Float columns that are kept with so many bits after the point (a number alone: all of them); magnitudes must then stay below
            ``2**(62 - bits) - 1``. By default a column keeps about 30 significant bits against its published bounds, and 18 after the point.

        Returns
        -------
        SecretFrame
        """
        words = {"sep": sep, "encoding": encoding, "decimal": decimal} | ({} if thousands is None else {"thousands": thousands})
        options: dict[str, Any] = {k: v for k, v in words.items() if arguments.text(v, k) != intake.CSV[k]}
        formats: Mapping[str, str | None] = (
            date_format
            if isinstance(date_format, Mapping)
            else dict.fromkeys(arguments.names([] if parse_dates is None else parse_dates, "parse_dates"), date_format)
        )
        if date_format is not None and not formats:
            raise PlanError("date_format needs parse_dates, the columns of dates: parse_dates=['born'], or date_format={'born': '%d.%m.%Y'}")
        if formats:
            iso = "%Y-%m-%d"
            options["dates"] = {arguments.text(n, "parse_dates"): arguments.text(iso if f is None else f, "date_format") for n, f in formats.items()}
        if na_values is not None:
            options["na_values"] = arguments.names(na_values, "na_values")
        return self._read("csv", filepath_or_buffer, owner, usecols, ranges, options | _common(nan_as_null, fraction_bits))

    def read_parquet(
        self,
        path: str | os.PathLike[str],
        *,
        owner: str,
        columns: Sequence[str] | None = None,
        ranges: Ranges | None = None,
        nan_as_null: bool = False,
        fraction_bits: int | Mapping[str, int] | None = None,
    ) -> SecretFrame:
        """A Parquet file of an owner; see `read_csv`."""
        return self._read("parquet", path, owner, columns, ranges, _common(nan_as_null, fraction_bits))

    def _read(
        self, kind: str, path: str | os.PathLike[str], owner: str, columns: Sequence[str] | None, ranges: Ranges | None, options: Mapping[str, Any]
    ) -> SecretFrame:
        self.runtimes.check()
        arguments.text(owner, "owner")
        if not isinstance(path, str | os.PathLike) or (isinstance(path, str) and "\0" in path):
            raise TypeMismatchError(f"`path` must be the path of a file, got a {type(path).__name__}: a DataFrame comes in by from_pandas")
        where = os.path.abspath(os.fspath(path))
        if not os.path.exists(where):  # the processes of a local session see the files that we see
            raise DataFileError(f"there is no file {os.fspath(path)!r} for owner {owner!r}: check the path, which is relative to {os.getcwd()!r}")
        return self._open(owner, {"kind": kind, "path": where}, columns, ranges, options)

    def from_arrow(
        self, table: pa.Table, *, owner: str, ranges: Ranges | None = None, nan_as_null: bool = False, fraction_bits: int | Mapping[str, int] | None = None
    ) -> SecretFrame:
        """A table that is here already, handed to an owner's process: for tests and first steps, since the analyst has seen it."""
        data = intake.serialized(intake.checked(table))
        return self._open(owner, {"kind": "arrow", "data": data}, None, ranges, _common(nan_as_null, fraction_bits))

    def from_pandas(
        self,
        frame: pd.DataFrame,
        *,
        owner: str,
        ranges: Ranges | None = None,
        nan_as_null: bool = False,
        fraction_bits: int | Mapping[str, int] | None = None,
    ) -> SecretFrame:
        """A DataFrame that is here already, handed to an owner's process; missing values become nulls. The index is dropped."""
        table = intake.from_pandas(frame)
        return self.from_arrow(table, owner=owner, ranges=ranges, nan_as_null=nan_as_null, fraction_bits=fraction_bits)

    def _open(self, owner: str, source: dict[str, Any], columns: Sequence[str] | None, ranges: Ranges | None, options: Mapping[str, Any]) -> SecretFrame:
        self.runtimes.check()
        arguments.text(owner, "owner")
        source |= dict(options)
        if columns is not None:
            source["columns"] = arguments.names(columns, "columns")
        if ranges is not None:
            source["ranges"] = {name: _plain_bounds(name, bounds) for name, bounds in arguments.mapping(ranges, "ranges").items()}
        info = self.runtimes.open_table(owner, source)
        return SecretFrame(self, build.scan(self.id, owner, info.handle, info.fields, info.rows, info.unique))

    def sql(self, query: str, tables: Mapping[str, SecretFrame] | None = None, *, dialect: str = "duckdb") -> SecretFrame:
        """The frame that a SELECT describes, a plan like any other; nothing runs. docs/design/sql.md says what is read.

        Parameters
        ----------
        query : str
        tables : mapping of str to SecretFrame
            The tables that the query may read, by name.
        dialect : {"duckdb", "postgres"}
            Whose SQL it is.

        Raises
        ------
        PlanError
            For what is not read, with its line and column.
        NotAvailableError
            Without sqlglot, which ``pip install 'spuframe[sql]'`` brings.

        Examples
        --------
        >>> session.sql("SELECT region, AVG(cost) AS mean FROM p GROUP BY region", {"p": patients}).reveal()  # doctest: +SKIP
        """
        try:
            from spuframe.frame.sql import queries
        except ModuleNotFoundError as error:
            if str(error.name).partition(".")[0] != "sqlglot":
                raise
            raise NotAvailableError("session.sql needs sqlglot, which is not installed: pip install 'spuframe[sql]'") from None
        return queries.run(self, query, tables, dialect)

    # ---- plans ---------------------------------------------------------------------------------------
    def physical(self, node: LogicalNode) -> PhysicalPlan:
        """Optimise and lower a plan."""
        return lower(optimize(node), protocol=self.config.protocol, parties=self.config.parties)

    def estimate(self, plan: PhysicalPlan) -> CostReport:
        """Rounds and bytes of a plan, exactly; nothing is sent."""
        return self.runtimes.estimate(plan)

    def explain(self, node: LogicalNode, stage: str = "all") -> str:
        """The stages of a plan as text; the physical one with exact rounds and bytes."""
        arguments.choice(stage, "stage", explain.STAGES)
        root = build.reveal(node)
        optimized = optimize(root)
        physical = lower(optimized, protocol=self.config.protocol, parties=self.config.parties)
        protocol = self.runtimes.protocol
        known = leakage_report(physical, protocol.threat, protocol.insecure)
        return explain.explain(stage, root, optimized, physical, self.estimate(physical), known)

    def execute(self, node: LogicalNode) -> Result:
        """Optimise, lower, ship and run a plan."""
        return self._execute(self.physical(node))

    def _execute(self, plan: PhysicalPlan) -> Result:
        self.runtimes.check()
        with Progress(self.progress) as bar:
            result = self.runtimes.run(plan, bar)
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
        name = self.runtimes.stored_name(f"t-{secrets.token_hex(8)}")
        kept = build.store(node, name)
        plan = self.physical(kept)
        self._execute(plan)
        stored = plan.steps[-1]
        return build.load(name, stored.schema, stored.rows, stored.masked, self.id, kept.ordered)


def _common(nan_as_null: bool, fraction_bits: int | Mapping[str, int] | None) -> dict[str, Any]:
    """Options of every kind of table."""
    options: dict[str, Any] = {"nan_as_null": True} if arguments.flag(nan_as_null, "nan_as_null") else {}
    if fraction_bits is not None:
        if isinstance(fraction_bits, Mapping):
            what = "fraction_bits"
            options[what] = {arguments.text(n, f"a column in {what}"): arguments.whole(b, what) for n, b in fraction_bits.items()}
        else:
            options["fraction_bits"] = arguments.whole(fraction_bits, "fraction_bits")
    return options


def _plain_bounds(name: str, bounds: object) -> list[float | str]:
    """The bounds of a range as plain data; times and decimals as strings, durations in microseconds."""
    pair = [arguments.plain(b) for b in bounds] if isinstance(bounds, tuple | list) or type(bounds).__name__ == "ndarray" else []  # type: ignore[attr-defined]
    if len(pair) != 2 or not all(isinstance(b, constants()) for b in pair):
        raise TypeMismatchError(
            f"the range of column {name!r} must be (low, high), two numbers, dates, times, durations or ISO strings, got a {type(bounds).__name__}"
        )
    return [plain(b) for b in pair]


@arguments.takes_keywords
def local(
    parties: int | None = None,
    protocol: str = "aby3",
    *,
    deadline: float = 60.0,
    memory_limit: int | None = None,
    owners: Mapping[str, Policy] | Sequence[str] | None = None,
    policy: Policy | None = None,
    base_port: int | None = None,
    quotas: Quotas | None = None,
    transport: str = "tcp",
    scratch: str | os.PathLike[str] | None = None,
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
    quotas : Quotas, optional
        What each process lets the session ask of it: rows, trips of loops, instances, bytes of messages.
    transport : str
        By which the processes are joined: ``"tcp"`` over the loopback, ``"unix"`` (sockets that are files), or that of an installed package.
    scratch : str or path, optional
        The folder for shares and open tables, see `spuframe.runtime.local.local`: by default what the environment variable ``SPUFRAME_SCRATCH`` names,
        else ``/dev/shm``. Choose another one where that is small, as in a container (``docker run --shm-size`` enlarges it).

    Examples
    --------
    >>> local(parties=4)
    Traceback (most recent call last):
    spuframe.errors.PartyCountError: protocol 'aby3' needs 3 parties, got 4: choose parties=3 or another protocol
    """
    if parties is not None:
        parties = _whole(parties, "parties", f"sf.local(protocol={parties!r})" if isinstance(parties, str) else "sf.local(parties=3)")
    arguments.text(protocol, "protocol")
    arguments.text(transport, "transport")
    if isinstance(deadline, bool) or not isinstance(arguments.plain(deadline), int | float):
        raise TypeMismatchError(f"`deadline` must be a number of seconds, got a {type(deadline).__name__}")
    memory_limit = None if memory_limit is None else _whole(memory_limit, "memory_limit", "a number of bytes, memory_limit=2**30")
    base_port = None if base_port is None else _whole(base_port, "base_port", "base_port=9000")
    if scratch is not None and not isinstance(scratch, str | os.PathLike):
        raise TypeMismatchError(f"`scratch` must be the path of a folder, got a {type(scratch).__name__}")
    if isinstance(owners, str):
        owners = [owners]
    if owners is not None and not isinstance(owners, Mapping):
        owners = arguments.names(owners, "owners")
    for given in [policy, *(owners.values() if isinstance(owners, Mapping) else ())]:
        if given is not None and not isinstance(given, Policy):
            hint = f"sf.Policy(ranges={given!r})" if isinstance(given, str) else "sf.Policy(...)"
            raise TypeMismatchError(f"a policy is a spuframe.Policy, got a {type(given).__name__}: write {hint}")
    if quotas is not None and not isinstance(quotas, Quotas):
        raise TypeMismatchError(f"`quotas` must be a spuframe.Quotas, got a {type(quotas).__name__}: write sf.Quotas(rows=10**9)")
    runtimes = launch.local(
        parties,
        protocol,
        deadline=deadline,
        memory_limit=memory_limit,
        owners=owners,
        policy=policy,
        base_port=base_port,
        quotas=quotas,
        transport=transport,
        scratch=scratch,
    )
    return Session(runtimes)


def _whole(value: object, what: str, remedy: str) -> int:
    try:
        return arguments.whole(value, what)
    except TypeMismatchError as error:
        raise TypeMismatchError(f"{error}: write {remedy}") from None
