"""The contract between algorithms and protocols: kernels, their exact cost, and the table that is a protocol.

A protocol is data: a name, who it is secure against, and one table of kernels. Each kernel states its
equation, its source and its cost as a function of kinds and shapes alone. `spuframe.spu.blackbox.BlackBox` is the only
caller; algorithms are written once over it.

The kernels (``A(k)``: arithmetic in Z_2^k; ``B(b)``: boolean words of b bits; n rows):

================== ================================ ==========================================================
kernel             arguments                        result
================== ================================ ==========================================================
dot                xs, ys : lists of A(k), f        A(k): sum_j xs[j]*ys[j] element by element; f > 0: truncated by f bits
matmul             x (n,m), y (m,p) : A(k), f       A(k) (n,p); f > 0: truncated by f bits
trunc              x : A(k), f                      A(k): x / 2^f, error below one unit in the last place, for every |x| < 2^(k-2)
extend             x : A(k), bits > k               A(bits): the same signed value, for every |x| < 2^(k-2)
and_               x, y : B(b)                      B(b)
msb                x : A(k), bits <= k              B(1): the sign of the two's complement value in the low ``bits`` bits of x
eqz                x : A(k) or B(b), bits           B(1): whether the low ``bits`` bits are all zero
a2b                x : A(k), bits <= k              B(bits): the low ``bits`` bits
b2a                x : B(b), bits >= b              A(bits): the unsigned word
inject             bit : B(1), x : A(k) (n,)        A(k): bit * x
random             kind, shape                      a share of uniformly random words or bits that no party knows, no communication
draw               n, name                          a fresh random permutation of n rows (opaque; no party knows it), no communication
shuffle            perm, xs : list of shares        the rows permuted by perm (a `Permutation`) and re-randomised, all shares alike
unshuffle          perm, xs                         the inverse permutation
edabit             kind A(k), bits <= k, n          A(k), B(bits): one uniformly random word of ``bits`` bits that no party knows, held as both
sines              kind A(k), period, hs, f, n      A(ring), A(k) (2 len(hs), n): random words r of the smallest ring that holds the period, that no party
                                                    knows, and 2^f sin, 2^f cos of 2 pi h r / 2^period for each h; hs rise
fourier            x : A(k), period, terms, f       A(k): sum_j c_j * sin(2 pi h_j x / 2^period) scaled by 2^(2f), for terms (h_j, c_j)
addends            x : A(k), bits <= k              B(bits), B(bits): ``a & b`` and ``a ^ b`` for some a and b with x = a + b modulo 2^bits; only a
                                                    protocol that has two such addends; others are derived from it
open               x                                ndarray of uint words (single bits: uint8 zeros and ones), to all parties
settle             none                             nothing: checks all that was opened so far; only a protocol that finds cheaters has it
enter              owner, columns                   shares of what the owner's rank gives, where values enter in rounds
hand_over          xs : list of shares              this party's message to the receiver of each, where values leave in rounds; all that
                                                    was opened is checked before
================== ================================ ==========================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from typing import Protocol as Structural

from spuframe.errors import ProtocolError
from spuframe.ir.cost import Cost, Name, What, in_parallel
from spuframe.link.base import Link
from spuframe.spu.context import Context
from spuframe.spu.layout import Layout
from spuframe.spu.share import Array, Kind, Share

__all__ = ["Columns", "Cost", "Derived", "Kernel", "Name", "Own", "Permutation", "Protocol", "What", "in_parallel"]

Columns: TypeAlias = Sequence[tuple[Kind, tuple[int, ...]]]
"""What enters: kinds and shapes."""


@dataclass(frozen=True)
class Kernel:
    """One protocol step.

    Parameters
    ----------
    run : callable
        ``run(ctx, *arguments)``, with the `spuframe.spu.context.Context` first. It calls ``ctx.round`` for each of its rounds, as often at every
        party; between two rounds the parties draw the same from the streams that they share.
    cost : callable
        ``cost(parties, *arguments) -> Cost`` with the same arguments; may look at kinds, shapes and public arguments only. States the rounds, the bytes
        that each party sends and the material that the kernel takes.
    equation : str
    source : str
        Paper and section.
    """

    run: Callable[..., Any]
    cost: Callable[..., Cost]
    equation: str
    source: str


@dataclass(frozen=True)
class Derived:
    """A kernel composed of others; it costs what they cost. `spuframe.spu.derived` has those over the core {dot, and_, open, random, edabit, sines}.

    Parameters
    ----------
    run : callable
        ``run(box, *arguments)``, with the `spuframe.spu.blackbox.BlackBox` first; shares are vectors.
    equation : str
    source : str
    """

    run: Callable[..., Any]
    equation: str
    source: str


@dataclass(frozen=True, repr=False, eq=False)
class Permutation:
    """A random permutation that no party knows, for any number of shuffles in both directions.

    Parameters
    ----------
    name : Name
        Where in the program it is drawn: the path of numbers of tasks, the same at all parties and in a dry run, whatever the order of tasks. So what
        is prepared for its shuffles before can be told from that for others.
    rows : int
    known : object
        What the protocol's kernel ``draw`` gave; None where nothing runs.
    """

    name: Name
    rows: int
    known: Any = None

    def __repr__(self) -> str:
        return f"Permutation({self.name}, rows={self.rows})"  # never the indices


class Own(Structural):
    """What a protocol keeps at a party from its opening on, at ``ctx.own``: such as a `spuframe.spu.supply.Supply`."""

    def expect(self, material: Mapping[What, int]) -> None:
        """Before a plan: what it will use, as its dry run told."""

    def settle(self) -> None:
        """After a plan, before anything is handed over: raise unless it has used just that."""

    @property
    def spent(self) -> Cost:
        """Rounds, and what this party has sent, to make material, in all plans so far."""


def _in_rounds(*arguments: object, **options: object) -> Any:
    raise ProtocolError("values enter and leave this protocol in rounds: use `BlackBox.enter` and `BlackBox.hand_over`")


@dataclass(frozen=True)
class Protocol:
    """A protocol: what it is secure against, how values enter and leave it, and its kernels.

    Parameters
    ----------
    name : str
    parties : tuple of (int, int)
        The smallest and the largest number of parties.
    threat : str
        The model in words, for `explain()` and the leakage report.
    insecure : bool
        True for a protocol that protects nothing; it must be asked for by name.
    layout : Layout
        How a party holds values, and what is local on them.
    kernels : mapping
        By the names of the table above. A kernel that is missing is an error when it is called for.
    constant : callable
        ``constant(ctx, values, kind, shape) -> Share``: a public array of words as a share, without communication; ``ctx.own`` may hold what it needs.
        For single bits ``values`` is a packed bitmap.
    yield_sizes : callable
        ``yield_sizes(parties, kind, shape) -> tuple of int``: the bytes of the messages to a receiver.
    combine : callable
        ``combine(parties, messages, kind, shape) -> ndarray``: at the receiver; words, or for bits uint8 zeros and ones. Called by `combined`.
    give : callable, optional
        ``give(link, parties, columns)``: at an owner, its part of the kernel ``enter``, for (words, kind, shape) of each column. Who has it has the
        kernels ``enter`` and ``hand_over``, in place of the four that follow.
    deal : callable
        ``deal(parties, values, kind, shape) -> list of uint8 arrays``: at the owner, one message per party; fresh OS randomness.
    deal_sizes : callable
        ``deal_sizes(parties, kind, shape) -> tuple of int``: the bytes of those messages.
    accept : callable
        ``accept(rank, parties, message, kind, shape) -> Share``: at a party, the inverse of its ``deal`` message; called by `accepted`.
    yield_ : callable
        ``yield_(rank, parties, share, streams=None) -> uint8 array``: what a party hands to whom the value is revealed; re-randomised with the
        streams that it shares with the other parties, if they are given.
    open : callable, optional
        ``open(ctx) -> Own``: the state that its kernels find at ``ctx.own``, made once the parties have agreed their keys.
    prepared : callable, optional
        ``prepared(material) -> Cost``: what it costs the parties to make some material, where they make it themselves.
    dealer : int, optional
        The rank that makes the material and can compute every value; nothing hides anything from it.
    """

    name: str
    parties: tuple[int, int]
    threat: str
    layout: Layout
    kernels: Mapping[str, Kernel | Derived]
    constant: Callable[[Context, Array, Kind, tuple[int, ...]], Share]
    yield_sizes: Callable[[int, Kind, tuple[int, ...]], tuple[int, ...]]
    combine: Callable[[int, list[Array], Kind, tuple[int, ...]], Array]
    give: Callable[[Link, int, Sequence[tuple[Array, Kind, tuple[int, ...]]]], None] | None = None
    deal: Callable[[int, Array, Kind, tuple[int, ...]], list[Array]] = _in_rounds
    deal_sizes: Callable[[int, Kind, tuple[int, ...]], tuple[int, ...]] = _in_rounds
    accept: Callable[[int, int, Array, Kind, tuple[int, ...]], Share] = _in_rounds
    yield_: Callable[..., Array] = _in_rounds
    insecure: bool = False
    open: Callable[[Context], Own] | None = None
    prepared: Callable[[Mapping[What, int]], Cost] | None = None
    dealer: int | None = None
    notes: str = field(default="")

    def start(self, ctx: Context) -> Context:
        """The context with this protocol's own state."""
        ctx.own = None if self.open is None else self.open(ctx)
        return ctx

    def accepted(self, rank: int, parties: int, message: Array, kind: Kind, shape: tuple[int, ...]) -> Share:
        """A dealt share, from a message of its size.

        Raises
        ------
        ProtocolError
            It has another.
        """
        size = self.deal_sizes(parties, kind, shape)[rank]
        if message.nbytes != size:
            raise ProtocolError(f"a dealt share of {kind}, {shape} for party {rank} must have {size} bytes, got {message.nbytes}: deal it again")
        return self.accept(rank, parties, message, kind, shape)

    def combined(self, parties: int, messages: Sequence[Array], kind: Kind, shape: tuple[int, ...]) -> Array:
        """The value, from a message of its size of every party.

        Raises
        ------
        ProtocolError
            A party's has another.
        """
        for rank, (message, size) in enumerate(zip(messages, self.yield_sizes(parties, kind, shape), strict=True)):
            if message.nbytes != size:
                told = f"party {rank} must hand over {size} bytes of {kind}, {shape}, got {message.nbytes}: it ran another plan, or another spuframe"
                raise ProtocolError(told, party=f"party {rank}")
        return self.combine(parties, list(messages), kind, shape)
