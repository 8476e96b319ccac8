"""The declared dealer: party 0 makes all material and its tags, and knows it.

Party 1 draws its parts from the stream of both, party 0 sets its own to fit: nothing is sent.
"""

from __future__ import annotations

import hashlib
from typing import TypeAlias

import numpy as np

from spuframe.errors import ProtocolError
from spuframe.kernels import wide
from spuframe.kernels.sines import sine_words
from spuframe.spu.context import Context
from spuframe.spu.kinds import BIT, Arithmetic, Array, Boolean, Kind, unpack
from spuframe.spu.orders import Dealt, Order
from spuframe.spu.tagged import inner, limbs, words_of
from spuframe.spu.wire import uniform

Pair: TypeAlias = tuple[Array, ...]
"""A party's parts of some words and of their tags."""


class Dealer(Dealt):
    """What both parties take their material from; the parts of the key of all tags; and what they have opened and not checked yet.

    The key is kept beside the stored shares, which outlive this: party 1 keeps its part, party 0 both.
    """

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx, {
            "triple": self.triple, "matmul": self.matrices, "mask": self.mask, "random": self.random, "edabit": self.edabit, "sines": self.sines,
            "enter": self.enter, "hand_over": self.hand_over,
        })  # fmt: skip
        keys = np.frombuffer(ctx.kept("key of the tags", self._keys), np.uint64).reshape(-1, 2)
        self.key: Array = keys[0]
        self._whole: Array = wide.add(keys[0], keys[1]) if self._deals else keys[0]
        self._noted = hashlib.sha256()

    def _keys(self) -> bytes:
        given = self._common.words((1, 2), np.uint64)
        return (np.concatenate([self._private.words((1, 2), np.uint64), given]) if self._deals else given).tobytes()

    # ---- what was opened --------------------------------------------------------------------------------
    def note(self, opened: Array, tag: Array) -> None:
        """Remember that these words were opened: what the parties' tags are beyond ``key * word`` must add up to zero."""
        beyond = wide.sub(tag, wide.mul(opened, self.key[: opened.shape[-1]]))
        self._noted.update((beyond if self._deals else wide.neg(beyond)).tobytes())

    def noted(self) -> bytes:
        """A digest of all that was opened so far, the same at both parties if nobody has changed anything."""
        return self._noted.copy().digest()

    # ---- sharing ------------------------------------------------------------------------------------------
    def _secret(self, shape: tuple[int, ...]) -> Array:
        """Words that the dealer alone draws; no more than their shape at party 1."""
        return self._private.words(shape, np.uint64) if self._deals else np.broadcast_to(np.uint64(0), shape)

    def _split(self, value: Array) -> Array:
        """Of words that the dealer has, the part of this party."""
        given = self._common.words(value.shape, np.uint64)
        return wide.sub(value, given) if self._deals else given

    def _tagged(self, value: Array) -> Pair:
        """The same, and of their tags."""
        return self._split(value), self._split(wide.mul(value, self._whole[: value.shape[-1]]) if self._deals else value)

    # ---- material -------------------------------------------------------------------------------------------
    def triple(self, bits: int, count: int) -> tuple[Array, ...]:
        """A, b and a b in Z_2^bits."""
        a, b = (self._secret((count, bits // 64)) for _ in range(2))
        return (*self._tagged(a), *self._tagged(b), *self._tagged(wide.mul(a, b)))

    def matrices(self, bits: int, sizes: tuple[int, int, int], count: int) -> tuple[Array, ...]:
        """A (n, m), B (m, p) and A B."""
        n, m, p = sizes
        a, b = self._secret((n, m, bits // 64)), self._secret((m, p, bits // 64))
        product = wide.matmul(a, b) if self._deals else self._secret((n, p, bits // 64))
        return (*self._tagged(a), *self._tagged(b), *self._tagged(product))

    def mask(self, bits: int, above: int, count: int) -> Pair:
        """Words whose low bits are zero: what hides all that stands above an opened value."""
        return self._tagged(wide.shift_left(self._secret((count, bits // 64)), above))

    def random(self, bits: int, count: int) -> Pair:
        """Any words."""
        return self._tagged(self._secret((count, bits // 64)))

    def edabit(self, k: int, b: int, count: int) -> tuple[Array, ...]:
        """Words of b bits, as numbers and as words."""
        ring, kind = Arithmetic(k), Boolean(b)
        drawn = self._drawn(kind, count)
        return (*self._tagged(words_of(ring, drawn)), *self._tagged(words_of(kind, drawn)))

    def _drawn(self, kind: Kind, count: int) -> Array:
        """Uniform values of a kind, single bits as zeros and ones."""
        if not self._deals:
            return np.broadcast_to(np.uint64(0), (count,))
        found = uniform(self._private, kind, (count,))
        return unpack(found, count) if kind == BIT else found

    def sines(self, k: int, period: int, harmonics: tuple[int, ...], f: int, count: int) -> tuple[Array, ...]:
        """Words as angles, and the sines and cosines of their multiples."""
        ring, kind, angle = Arithmetic.least(period), Arithmetic(k), self._drawn(Arithmetic.least(period), count)
        if self._deals:
            waves = sine_words(angle, period, harmonics, [2.0**f] * len(harmonics)).astype(kind.word)
        else:
            waves = np.broadcast_to(np.uint64(0), (2 * len(harmonics), count))
        return (*self._tagged(words_of(ring, angle)), *self._tagged(words_of(kind, waves)))

    # ---- for those who are no party -----------------------------------------------------------------------------
    def enter(self, bits: int, count: int) -> tuple[Array, ...]:
        """Masks r that an owner will know: with tags; and with others under a key of this once, r and key for the owner."""
        return self._ticket(self._secret((count, bits // 64)), 0)

    def hand_over(self, bits: int, above: int, count: int) -> tuple[Array, ...]:
        """Masks r with tags; and r + 2^above s with a random s, tagged under a key of this once, for the receiver."""
        return self._ticket(self._secret((count, bits // 64)), above)

    def _ticket(self, r: Array, above: int) -> tuple[Array, ...]:
        """R with tags, what is told of it, the other tag of that, and the key: of the last three the receiver gets both parts."""
        told = wide.add(r, wide.shift_left(self._secret(r.shape), above)) if above else r
        once = self._secret((1, r.shape[-1]))
        return (*self._tagged(r), self._split(told), self._split(wide.mul(told, once) if self._deals else told), self._split(once))

    # ---- permutations -------------------------------------------------------------------------------------------
    def _correlate(self, order: Order, kind: Kind, count: int) -> None:
        """Add ``p(a) = b + c`` for both hops of some vectors and their tags: this party's c where it moves, its a and b where the other does."""
        shape = (order.rows, 2, *inner(kind))
        for _ in range(count):
            a, b, given = (self._common.words(shape, np.uint64) for _ in range(3))  # what party 1 gets: a, b of the dealer's hop, c of its own
            if self._deals:
                mine = self._secret(shape)
                order.add(kind, (wide.sub(a[order.half(0)], b), mine, wide.sub(mine[order.half(1)], given)))
            else:
                order.add(kind, (given, a, b))


def ring(kind: Kind) -> int:
    """Bits of the words in which a value of a kind is held."""
    return 64 * limbs(kind)


def count(kind: Kind, size: int) -> int:
    """Words of so many values of a kind."""
    return size * (kind.bits if isinstance(kind, Boolean) else 1)


def tampered(what: str, party: str | None = None) -> ProtocolError:
    """The error for a check that failed; it names the check, and tells nothing else."""
    told = f"{what}: a party has changed a share, a tag or a message. Nothing is handed over or stored. Open a new session, without that party."
    return ProtocolError(told, party=party)
