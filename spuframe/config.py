"""Configuration: frozen data, handed in where it is needed; nothing reads the environment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from spuframe.errors import SessionError

RangePolicy = Literal["exact", "magnitude", "none"]
MIN_MEMORY = 128 << 20
"""What an instance needs beside the interpreter and its libraries to compile the kernels and add two rows."""


class InsecureWarning(UserWarning):
    """A protocol that protects nothing is in use."""


@dataclass(frozen=True)
class Policy:
    """What an owner lets others do with its tables; every rule is enforced at the owner's own process.

    Parameters
    ----------
    ranges : {"magnitude", "exact", "none"}
        What an owner publishes of a column's smallest and largest value: the bounds rounded outward to powers of two, the bounds, or
        which of a few ranges of its type holds it (`spuframe.runtime.fields.nothing`). Published bounds are seen by all parties and the
        analyst; narrower ones make plans cheaper. Under each, the analyst is warned of a float column whose values are too small or too close to
        each other for its fraction bits, which tells that they are.
        Ranges that the analyst declares are checked at the owner, whose log alone names the rows outside: under "none" they are not taken at all,
        else only a few for each column of a file, of all sessions together. Whatever the policy, the number of rows, the width of strings (rounded
        up to 4 bytes) and whether a column has nulls are published; unless
        "none", also which columns of integers, dates and strings have no value twice.
    allow_row_counts : bool
        Whether an owner's own filter may drop rows before sharing, which tells everybody how many rows passed it.
    folders : tuple of str, optional
        The only folders that files are read from. None: no file is read, but what is handed over; `spuframe.local` then names the current folder
        (and the datasets of the checkout that it runs from), since analyst and owners are one user there. Of a path elsewhere nothing is told, not
        even whether it exists.

    Examples
    --------
    >>> Policy(ranges="exact").allow_row_counts
    False
    """

    ranges: RangePolicy = "magnitude"
    allow_row_counts: bool = False
    folders: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.ranges not in get_args(RangePolicy):
            raise SessionError(f"`ranges` must be one of {', '.join(get_args(RangePolicy))}, got {self.ranges!r}.")

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Policy:
        folders = data["folders"]
        return cls(data["ranges"], bool(data["allow_row_counts"]), None if folders is None else tuple(folders))


@dataclass(frozen=True)
class Quotas:
    """What a node lets sessions ask of it at most; what is more is refused before anything runs.

    Parameters
    ----------
    rows : int
        Of each step of a plan, and of each matrix.
    instructions : int
        That a plan's programs over matrices (`fit`, `predict`) carry out, those of loops as often as the loops repeat them.
    instances : int
        SPU instances at a time, of all sessions.
    message : int
        Bytes of a message from a session: of a table that is handed over, above all.
    reader_memory : int
        Bytes that the process in which tables are opened may use, beside the interpreter and its libraries.
    reader_seconds : float
        That opening one table may take.

    Examples
    --------
    >>> Quotas(rows=10**9).instances
    16
    """

    rows: int = 200_000_000
    instructions: int = 10_000_000
    instances: int = 16
    message: int = 1 << 29
    reader_memory: int = 1 << 33
    reader_seconds: float = 600.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
                raise SessionError(f"the quota `{name}` must be a number above 0, got {value!r}.")
        check_memory(self.reader_memory, "reader_memory")


@dataclass(frozen=True)
class RuntimeConfig:
    """How one process of a party or an owner runs.

    Parameters
    ----------
    name : str
        How everybody calls it: ``"party 0"``, ``"owner hospital"``.
    owner : str, optional
        The owner whose tables it holds; None for a party.
    host : str
        Where it listens for the analyst, and its instances for each other.
    port : int
        For the analyst; 0 takes a free one.
    protocols : tuple of str, optional
        Those it agrees to run; None: any that is installed and not insecure.
    transports : tuple of str, optional
        Those by which its instances may join others; None: any that is installed. An insecure one is bound to the loopback alone.
    memory_limit : int, optional
        Bytes that one instance may use, beside what the interpreter and its libraries hold.
    deadline : float
        Seconds that an instance waits for a peer.
    policy : Policy
    scratch : str, optional
        The folder in which a private one is made for shares and tables; None: ``/dev/shm``, in memory, if it can be used, else that for temporary files.
    worker : str, optional
        The module whose ``main`` a worker runs; None: `spuframe.runtime.worker`.
    quotas : Quotas
    reader : str, optional
        The module whose ``main`` a process runs that opens tables; None: `spuframe.runtime.reader`.

    Examples
    --------
    >>> RuntimeConfig("party 0").deadline
    60.0
    """

    name: str
    owner: str | None = None
    host: str = "127.0.0.1"
    port: int = 0
    protocols: tuple[str, ...] | None = None
    transports: tuple[str, ...] | None = None
    memory_limit: int | None = None
    deadline: float = 60.0
    policy: Policy = field(default_factory=Policy)
    scratch: str | None = None
    worker: str | None = None
    quotas: Quotas = field(default_factory=Quotas)
    reader: str | None = None

    def __post_init__(self) -> None:
        check_deadline(self.deadline)
        check_memory(self.memory_limit)

    def to_plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> RuntimeConfig:
        """Read the inverse of `to_plain`, from another process."""
        values = dict(data)
        values["policy"] = Policy.from_plain(values["policy"])
        values["quotas"] = Quotas(**values["quotas"])
        for name in ("protocols", "transports"):
            values[name] = None if values[name] is None else tuple(values[name])
        return cls(**values)


@dataclass(frozen=True)
class SessionConfig:
    """How the analyst's session behaves.

    Parameters
    ----------
    protocol : str
    parties : int
    deadline : float
        Seconds that a party waits for another, and the session for a process to start.
    memory_limit : int, optional
        Bytes that one SPU instance may use.
    transport : str
        By which the processes of parties and owners are joined.
    grace : float
        Seconds that a failed plan waits for the processes' own reports, to tell the cause from its consequences.

    Examples
    --------
    >>> SessionConfig().protocol
    'aby3'
    """

    protocol: str = "aby3"
    parties: int = 3
    deadline: float = 60.0
    memory_limit: int | None = None
    transport: str = "tcp"
    grace: float = 1.0

    def __post_init__(self) -> None:
        check_deadline(self.deadline)
        check_memory(self.memory_limit)


def check_deadline(deadline: float) -> None:
    """Refuse a deadline that is not a time."""
    if not (math.isfinite(deadline) and deadline > 0):
        raise SessionError(f"`deadline` must be a positive number of seconds, got {deadline!r}.")


def check_memory(limit: int | None, what: str = "memory_limit") -> None:
    """Refuse a limit in which not even two rows can be added."""
    if limit is not None and limit < MIN_MEMORY:
        raise SessionError(f"`{what}` must be at least {MIN_MEMORY} bytes (compiling the kernels needs that), got {limit}.")


def check_owner(name: str) -> None:
    """Refuse what cannot name an owner everywhere: in plans, in messages, on disk."""
    if not (isinstance(name, str) and 1 <= len(name) <= 256 and name.isprintable()):
        raise SessionError(f"an owner's name must be 1 to 256 printable characters, got {str(name)[:40]!r}: call it 'hospital', say.")
