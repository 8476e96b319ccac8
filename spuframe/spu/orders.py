"""Permutations in two halves, and the correlations of what they will move: what protocols of two parties have in common.

Chase, Ghosh and Poburinnaya, "Secret-shared shuffle", ASIACRYPT 2020. Where a dealer makes the material it is party 0: it draws p_0 alone,
and p_1 from the stream of both parties.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Mapping, Sequence
from math import prod
from typing import cast

import numpy as np

from spuframe.ir.cost import What
from spuframe.spu.context import Context
from spuframe.spu.kernel import Name, Permutation
from spuframe.spu.kinds import KINDS, Array, Kind
from spuframe.spu.share import Share
from spuframe.spu.supply import Maker, Supply

DEALER = 0
"""Its rank."""


class Order:
    """What a party has of the permutation ``x[p_0][p_1]``, which party 0 applies first: each party knows its half, a dealer both.

    Parameters
    ----------
    rows : int
    index : tuple of (ndarray or None)
        p_0 and p_1 where this party knows them.
    """

    def __init__(self, rows: int, index: tuple[Array | None, Array | None]) -> None:
        self.rows, self.index = rows, index
        self._ready: dict[Kind, deque[tuple[Array, ...]]] = {}

    def __repr__(self) -> str:
        return f"Order(rows={self.rows})"  # never the indices

    def half(self, which: int) -> Array:
        """Row i is the old row ``p[i]``; of a half that this party knows."""
        index = self.index[which]
        assert index is not None
        return index

    def add(self, kind: Kind, correlation: tuple[Array, ...]) -> None:
        self._ready.setdefault(kind, deque()).append(correlation)

    def ready(self, kind: Kind) -> int:
        """Vectors of a kind for which there is a correlation."""
        return len(self._ready.get(kind, ()))

    def take(self, kind: Kind) -> tuple[Array, ...]:
        """A correlation, once."""
        return self._ready[kind].popleft()


class Ordered(Supply):
    """A supply with permutations among its material.

    Parameters
    ----------
    makers : mapping of str to callable
        As those of `Supply`; ``permute`` is here.
    """

    def __init__(self, makers: Mapping[str, Maker]) -> None:
        super().__init__({**makers, "permute": self.permute})
        self._orders: dict[Name, Order] = {}

    def settle(self) -> None:
        super().settle()
        self._orders = {}

    def order(self, name: Name, rows: int) -> Order:
        """The permutation of a name: once."""
        return self._orders.pop(name, None) or self._order(rows)

    def permute(self, name: Name, rows: int, kind: str, bits: int, count: int, order: Order, vector: bool) -> tuple[Array, ...]:
        """For ``count`` vectors that a permutation moves: c of this party's hop, a and b of the other's."""
        found = KINDS[kind](bits)
        self._correlate(order, found, count - order.ready(found))
        columns = [order.take(found) for _ in range(count)]
        return columns[0] if vector else tuple(np.stack(parts, axis=1) for parts in zip(*columns, strict=True))

    @abstractmethod
    def _order(self, rows: int) -> Order:
        """A fresh permutation."""

    @abstractmethod
    def _correlate(self, order: Order, kind: Kind, count: int) -> None:
        """Add ``p(a) = b + c`` for both hops of some vectors: this party's c where it moves, its a and b where the other does."""


class Dealt(Ordered):
    """A supply whose dealer makes all material and knows it; party 1 draws its parts from the stream of both.

    Parameters
    ----------
    ctx : Context
    makers : mapping of str to callable
    """

    def __init__(self, ctx: Context, makers: Mapping[str, Maker]) -> None:
        super().__init__(makers)
        self._deals = ctx.rank == DEALER
        self._common, self._private = ctx.streams[1 - ctx.rank], ctx.private

    def expect(self, material: Mapping[What, int]) -> None:
        """Draw the permutations of a plan, with the correlations of all that they will move; the rest is made as it is taken."""
        super().expect(material)
        self._orders = {}
        for (name, rows), moved in permutations(material).items():
            self._orders[name] = order = self._order(rows)
            for kind, count in moved:
                self._correlate(order, kind, count)

    def _order(self, rows: int) -> Order:
        second = self._common.permutation(rows)
        return Order(rows, (self._private.permutation(rows) if self._deals else None, second))


def permutations(material: Mapping[What, int]) -> dict[tuple[Name, int], list[tuple[Kind, int]]]:
    """The permutations among some material, by name and rows: what each will move, in an order that is the same at all parties."""
    out: dict[tuple[Name, int], list[tuple[Kind, int]]] = {}
    for what in sorted(w for w in material if w[0] == "permute"):
        _, name, rows, kind, bits = cast("tuple[str, Name, int, str, int]", what)
        out.setdefault((name, rows), []).append((KINDS[kind](bits), material[what]))
    return out


def taken(perm: Permutation, xs: Sequence[Share]) -> list[tuple[What, int]]:
    """For each column what moving it takes: correlations of this permutation, for as many vectors as it has."""
    return [(("permute", perm.name, perm.rows, x.kind.LETTER, x.bits), prod(x.shape[1:])) for x in xs]
