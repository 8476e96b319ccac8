"""A supply that two parties make together, before each plan, of what its dry run told: the offline phase.

All of a plan's material is made at once, in an order that depends on the amounts alone, and used once, by this plan. What it costs is told by the
same amounts: `prepared`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from typing import Protocol as Structural

import numpy as np

from spuframe.errors import ProtocolError
from spuframe.ir.cost import Cost, Name, What
from spuframe.preprocessing import correlations, extension
from spuframe.preprocessing.correlations import Correlations
from spuframe.preprocessing.permutations import correlate_cost
from spuframe.preprocessing.transfers import Transfers
from spuframe.preprocessing.wire import Wire
from spuframe.spu.context import Context
from spuframe.spu.kinds import BIT, Arithmetic, Array, Boolean, Kind
from spuframe.spu.orders import Order, Ordered, permutations

Charge = Callable[..., tuple[int, int]]

@dataclass(frozen=True)
class Making:
    """How a kind of material is made.

    Parameters
    ----------
    maker : str
        The method of a `Source`.
    cost : callable
        ``cost(*parameters, count)``: rounds, and bytes of each party.
    kinds : callable
        ``kinds(*parameters)``: of the parts of a piece.
    """

    maker: str
    cost: Charge
    kinds: Callable[..., list[Kind]]


BYTE = Boolean(8)
MAKINGS: dict[str, Making] = {
    "triple": Making("triple", correlations.triple_cost, lambda k: [Arithmetic(k)] * 3),
    "and": Making("bits", correlations.bit_triple_cost, lambda b: [Boolean(b)] * 3),
    "matmul": Making("matrices", correlations.matrices_cost, lambda k, sizes: [Arithmetic(k)] * 3),
    "edabit": Making("edabit", correlations.edabit_cost, lambda k, b: [Arithmetic(k), Boolean(b)]),
    "private and": Making("private_bits", correlations.private_bits_cost, lambda b: [Boolean(b)] * 2),
    "turn": Making("turn", correlations.turn_cost, lambda q, b: [Boolean(b), BYTE, *[Boolean(q)] * 5]),
    "flag": Making("flag", correlations.flag_cost, lambda e: [BYTE, Arithmetic.least(e)]),
    "mux": Making("mux", correlations.mux_cost, lambda k: [BYTE, *[Arithmetic(k)] * 3]),
}
"""All kinds but permutations."""


class Source(Structural):
    """Makes this party's parts of material: `Correlations`."""

    def triple(self, k: int, count: int) -> tuple[Array, ...]: ...
    def bits(self, b: int, count: int) -> tuple[Array, ...]: ...
    def matrices(self, k: int, sizes: tuple[int, int, int], count: int) -> tuple[Array, ...]: ...
    def edabit(self, k: int, b: int, count: int) -> tuple[Array, ...]: ...
    def turn(self, q: int, b: int, count: int) -> tuple[Array, ...]: ...
    def private_bits(self, b: int, count: int) -> tuple[Array, ...]: ...
    def flag(self, e: int, count: int) -> tuple[Array, ...]: ...
    def mux(self, k: int, count: int) -> tuple[Array, ...]: ...
    def permutations(self, halves: Sequence[Array], kinds: Sequence[Kind]) -> list[list[tuple[Array, Array, Array]]]: ...


class Stock(Ordered):
    """Material that is made before each plan, all at once, and taken piece by piece.

    Parameters
    ----------
    ctx : Context
    """

    def __init__(self, ctx: Context) -> None:
        super().__init__({name: partial(self._cut, name) for name in MAKINGS})
        self._ctx = ctx
        self._made: dict[What, tuple[tuple[Array, ...], int]] = {}

    @abstractmethod
    def _source(self) -> Source:
        """What makes it."""

    def expect(self, material: Mapping[What, int]) -> None:
        """Make what a plan will use, with the other party."""
        super().expect(material)
        self._made, self._orders = {}, {}
        if material:
            self._make(self._source(), material)

    def settle(self) -> None:
        super().settle()
        self._made = {}

    def _make(self, source: Source, material: Mapping[What, int]) -> None:
        for what in sorted(w for w in material if w[0] != "permute"):
            make: Callable[..., tuple[Array, ...]] = getattr(source, MAKINGS[str(what[0])].maker)
            self._made[what] = make(*what[1:], material[what]), 0
        rank, private = self._ctx.rank, self._ctx.private
        for (rows, kinds), names in _alike(material).items():
            halves = [private.permutation(rows) for _ in names]
            for name, half, found in zip(names, halves, source.permutations(halves, kinds), strict=True):
                self._orders[name] = order = Order(rows, (half, None) if rank == 0 else (None, half))
                for kind, correlation in zip(kinds, found, strict=True):
                    order.add(kind, correlation)

    def _cut(self, name: str, *what: Any) -> tuple[Array, ...]:
        """The next pieces of what was made."""
        *parameters, count = what
        key = (name, *parameters)
        if not count:
            return tuple(np.empty(0, kind.word) for kind in MAKINGS[name].kinds(*parameters))
        if key not in self._made:
            raise ProtocolError(f"no {' '.join(map(str, key))} has been made: tell the supply what the plan will use before it runs")
        parts, start = self._made[key]
        self._made[key] = parts, start + count
        if name == "matmul":  # one at a time
            return tuple(part[start] for part in parts)
        kinds = MAKINGS[name].kinds(*parameters)
        return tuple(_bits(p, start, count) if kind == BIT else p[start : start + count] for kind, p in zip(kinds, parts, strict=True))

    def _order(self, rows: int) -> Order:
        raise ProtocolError(f"no permutation of {rows} rows has been made: tell the supply what the plan will use before it runs")

    def _correlate(self, order: Order, kind: Kind, count: int) -> None:
        if count > 0:
            raise ProtocolError(f"{count} more vectors of {kind} are moved by a permutation than were told: no correlations have been made for them")


class Prepared(Stock):
    """What one of two parties takes its material from: they make it together, by oblivious transfer.

    Parameters
    ----------
    ctx : Context

    Attributes
    ----------
    spent : Cost
        Rounds, and what this party has sent, to make it all; the keys of the session included.
    """

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        self._wire = Wire(ctx)
        self._correlations: Correlations | None = None

    @property
    def spent(self) -> Cost:
        return self._wire.used

    def expect(self, material: Mapping[What, int]) -> None:
        """Make what a plan will use, with the other party.

        Raises
        ------
        ProtocolError
            It cost something else than `prepared` tells.
        """
        first, before = self._correlations is None and bool(material), self.spent
        with self._wire.apart():
            super().expect(material)
        used, told = self.spent - before, prepared(material) + (set_up() if first else Cost())
        rank = self._ctx.rank
        if (used.rounds, used.sent[rank]) != (told.rounds, sum(told.sent[rank : rank + 1])):
            raise ProtocolError(f"the material took {used.rounds} rounds and {used.total} bytes, declared were {told.rounds} and {told.total // 2}")

    def _source(self) -> Correlations:
        if self._correlations is None:  # the keys of the session, once they are needed
            ctx = self._ctx
            label, key = (ctx.streams[1 - ctx.rank].words(16, np.uint8).tobytes() for _ in range(2))
            ends = extension.set_up(self._wire, label, ctx.private)
            self._correlations = Correlations(Transfers(self._wire, *ends, key), ctx.rank, ctx.private)
        return self._correlations


def _bits(bitmap: Array, start: int, count: int) -> Array:
    """Bits of a bitmap, as one of their own."""
    first = start // 8
    piece = bitmap[first : -(-(start + count) // 8)]
    if start % 8 == 0:
        return piece
    return np.packbits(np.unpackbits(piece, bitorder="little")[start % 8 : start % 8 + count], bitorder="little")


def _alike(material: Mapping[What, int]) -> dict[tuple[int, tuple[Kind, ...]], list[Name]]:
    """The permutations that are made side by side: of as many rows, and for the same vectors."""
    out: dict[tuple[int, tuple[Kind, ...]], list[Name]] = {}
    for (name, rows), moved in permutations(material).items():
        kinds = tuple(kind for kind, count in moved for _ in range(count))
        out.setdefault((rows, kinds), []).append(name)
    return out


def prepared(material: Mapping[What, int]) -> Cost:
    """What making some material costs, beyond the keys of a session."""
    rounds = sent = 0
    charges = [MAKINGS[str(what[0])].cost(*what[1:], count) for what, count in material.items() if what[0] != "permute"]
    charges += [correlate_cost(rows, len(names), kinds) for (rows, kinds), names in _alike(material).items()]
    for one in charges:
        rounds, sent = rounds + one[0], sent + one[1]
    return Cost(rounds, (sent, sent))


def set_up() -> Cost:
    """What the keys of a session cost."""
    return Cost(len(extension.SET_UP), (sum(extension.SET_UP),) * 2)
