"""The contract of a layout: how a party of one protocol holds its part of a value, and the closed list of what is local on it.

A `Kind` says what a value *is*; a layout says how a protocol *holds* it: replicated sharing has two components, additive sharing one, authenticated
sharing one and its tag. `spuframe.spu.share.Share` checks kinds and shapes, and calls the layout; nothing else touches components, but the kernels of
the protocol itself. Everything here is linear: over Z_2^k for `Arithmetic`, over bits (XOR) for `Boolean`; `drop` alone is not.
`spuframe.spu.components.Components` is the layout of all protocols that share a word as words of the same ring.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from spuframe.errors import PlanError
from spuframe.spu.kinds import Array, Boolean, Kind

Parts: TypeAlias = tuple[Array, ...]
"""What a party holds of one value."""
Places: TypeAlias = Callable[[int, int], tuple[list[Parts], Parts]]


class Held(Protocol):
    """A value as a layout sees it: a `spuframe.spu.share.Share`."""

    @property
    def kind(self) -> Kind: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def parts(self) -> Parts: ...


class Layout(ABC):
    """How values are held. Every method gives the components of a result whose kind and shape `Share` knows.

    Where two values meet, and where public words do, they broadcast as in NumPy; single bits have as many rows on both sides.
    """

    drops = False
    """Whether `drop` is possible."""

    # ---- room -------------------------------------------------------------------------------------
    @abstractmethod
    def count(self, kind: Kind) -> int:
        """How many components a value of this kind has."""

    @abstractmethod
    def held_bits(self, kind: Kind) -> int:
        """How many bits a component has for every value: uniformly random ones, where it is a share."""

    @abstractmethod
    def empty(self, kind: Kind, shape: tuple[int, ...]) -> Parts:
        """Room for a value, to be filled by `write`."""

    @abstractmethod
    def write(self, into: Parts, start: int, piece: Held) -> None:
        """Put rows ``start ..`` (a multiple of 8 for single bits) into room of the piece's kind."""

    # ---- element by element -------------------------------------------------------------------------
    @abstractmethod
    def add(self, x: Held, y: Held) -> Parts: ...

    @abstractmethod
    def sub(self, x: Held, y: Held) -> Parts: ...

    @abstractmethod
    def neg(self, x: Held) -> Parts: ...

    @abstractmethod
    def xor(self, x: Held, y: Held) -> Parts: ...

    @abstractmethod
    def scale(self, x: Held, factor: Array) -> Parts:
        """Times public words of the ring."""

    @abstractmethod
    def weighted(self, xs: Sequence[Held], factors: Array) -> Parts:
        """The sum of values, each times one public word."""

    @abstractmethod
    def narrow(self, x: Held, kind: Kind) -> Parts:
        """Modulo 2^bits of a smaller ring."""

    # ---- words of bits --------------------------------------------------------------------------------
    @abstractmethod
    def bit(self, x: Held, j: int) -> Parts:
        """Bit j of every word; of a number's components for numbers, where that is of use for j = 0 alone."""

    @abstractmethod
    def slice_bits(self, x: Held, low: int, kind: Boolean) -> Parts:
        """The bits from ``low`` on, as many as ``kind`` has, at least two."""

    @abstractmethod
    def widen(self, x: Held, kind: Boolean) -> Parts:
        """Zeros above the word (or single bit)."""

    @abstractmethod
    def sign_extend(self, x: Held, kind: Boolean) -> Parts:
        """Copies of the top bit above the word; of a single bit, a word of copies of it."""

    @abstractmethod
    def shift_left(self, x: Held, by: int) -> Parts:
        """Bits that leave the word are lost."""

    @abstractmethod
    def mask(self, x: Held, words: Array) -> Parts:
        """The AND with public words."""

    @abstractmethod
    def reverse(self, x: Held) -> Parts:
        """The bits of every word in the opposite order."""

    @abstractmethod
    def evens(self, x: Held, first: int, kind: Boolean) -> Parts:
        """Bits first, first + 2, first + 4, ... moved together."""

    @abstractmethod
    def parities(self, x: Held, masks: Sequence[int], kind: Boolean) -> Parts:
        """Words whose bit k is the parity of the bits in the k-th public mask; at least two."""

    @abstractmethod
    def join(self, bits: Sequence[Held], kind: Boolean) -> Parts:
        """Single bits put together to words, the first one lowest."""

    @abstractmethod
    def fold(self, x: Held) -> Parts:
        """Every 64 rows of single bits as one word; their number is a multiple of 64."""

    # ---- rows ------------------------------------------------------------------------------------------
    @abstractmethod
    def slice(self, x: Held, start: int, stop: int) -> Parts: ...

    @abstractmethod
    def take(self, x: Held, index: Array) -> Parts:
        """The rows at public positions."""

    @abstractmethod
    def put(self, x: Held, index: Array) -> Parts:
        """Row j goes to the public position ``index[j]``; a permutation."""

    @abstractmethod
    def reshape(self, x: Held, shape: tuple[int, ...]) -> Parts: ...

    @abstractmethod
    def transpose(self, x: Held) -> Parts: ...

    @abstractmethod
    def column(self, x: Held, j: int) -> Parts: ...

    @abstractmethod
    def broadcast(self, x: Held, shape: tuple[int, ...]) -> Parts: ...

    @abstractmethod
    def concat(self, xs: Sequence[Held], axis: int) -> Parts: ...

    @abstractmethod
    def columns(self, xs: Sequence[Held]) -> Parts:
        """Vectors side by side."""

    # ---- sums ------------------------------------------------------------------------------------------
    @abstractmethod
    def prefix(self, x: Held) -> Parts:
        """Sums (bits: XOR) of each row and all above it."""

    @abstractmethod
    def differences(self, x: Held) -> Parts:
        """Each row less (bits: XOR) the row above it."""

    @abstractmethod
    def sum(self, x: Held, axis: int, shape: tuple[int, ...]) -> Parts: ...

    @abstractmethod
    def places(self, ones: Held, unit: Held) -> Places:
        """Where rows go in a stable sort by a digit, from the indicators (m, n) of all its values but the last; ``unit`` is 1.

        The result is called with consecutive ranges of rows, and gives the place with each value less that with the last, and that with the last.
        """

    # ---- what is not linear ------------------------------------------------------------------------------
    def drop(self, x: Held, bits: int) -> Parts:
        """About ``x / 2^bits`` of a number modulo 2^(k - bits), off by less than one for each component that all parties hold together.

        Impossible where components are authenticated: who asks looks at `drops` first.
        """
        raise PlanError(f"bits of a number cannot be dropped in {type(self).__name__}: truncate it")
