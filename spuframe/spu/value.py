"""What the primitives of expressions work on: typed values, public or shared, with their bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Self, TypeAlias

import numpy as np

from spuframe.dtypes import DType, String, parse_dtype
from spuframe.errors import RangeOverflowError, TypeMismatchError
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.encoding import kind_of, string_words
from spuframe.spu.shaping import fit, string_width
from spuframe.spu.share import BIT, Arithmetic, Share

Scalar: TypeAlias = bool | int | float | Fraction | str | None
"""A public value; a fraction where no float is the number of fixed point that it stands for."""

MARGIN = 2
"""Units that a computed number of fixed point may be beyond zero, although its range ends there: a product of numbers that are not negative."""


@dataclass(frozen=True)
class Inferred:
    """What was inferred of a node of an expression.

    Parameters
    ----------
    dtype : DType
    nullable : bool
    low, high : int
        Bounds in units of ``2**-f`` (of 1 for integers; 0..1 for bool).
    """

    dtype: DType
    nullable: bool
    low: int
    high: int

    @classmethod
    def of(cls, expression: Mapping[str, Any]) -> Self:
        dtype, bounds = parse_dtype(expression["dtype"]), expression.get("range")
        low, high = dtype.units(None if bounds is None else (bounds[0], bounds[1]))
        return cls(dtype, bool(expression["nullable"]), low, high)

    @property
    def frac(self) -> int:
        return self.dtype.frac

    @property
    def margin(self) -> int:
        """Units that a computed value may be beyond the bounds."""
        return 0 if self.dtype.exact else MARGIN

    @property
    def ring(self) -> int:
        """Bits of the ring that a share of this type takes."""
        return self.dtype.holding(self.low, self.high) if self.dtype.has_range else kind_of(self.dtype)[0].bits


@dataclass(frozen=True)
class Applied(Inferred):
    """The result of a function at an owner, and what its arguments are."""

    args: tuple[Inferred, ...] = ()

    @classmethod
    def over(cls, expression: Mapping[str, Any], args: Sequence[Mapping[str, Any]]) -> Applied:
        return replace(cls.of(expression), args=tuple(Inferred.of(a) for a in args))


@dataclass(frozen=True)
class Value(Inferred):
    """An operand: a share, or a public scalar that is the same in all rows.

    Parameters
    ----------
    share : Share or None
        None for a public scalar.
    public : bool, int, float, str or None
        None where ``share`` is given, and for a public null.
    valid : Share or None
        None: no row is null. Values of null rows are arbitrary.
    """

    share: Share | None = None
    public: Scalar = None
    valid: Share | None = None

    @property
    def is_public(self) -> bool:
        return self.share is None and self.public is not None

    @property
    def number(self) -> Fraction:
        """The exact public number, in the unit and from the origin of the words of its type."""
        assert self.public is not None and not isinstance(self.public, str)
        return Fraction(self.public) - self.dtype.ORIGIN


class Call:
    """The application of a primitive: the black box, the number of rows, and what the result must be."""

    def __init__(self, box: BlackBox, rows: int, node: Inferred) -> None:
        self.box, self.rows, self.node = box, rows, node

    # ---- operands as shares ----------------------------------------------------------------------
    def number(self, x: Value, bits: int, frac: int = 0) -> Share:
        """A numeric or bool operand in the ring of ``bits`` bits with ``frac`` fraction bits."""
        if x.share is None:
            return self.box.constant(self.scaled(x, frac), Arithmetic(bits), (self.rows,))
        if x.share.is_bit:
            return self.box.b2a(x.share, bits).shift_left(frac)
        if not isinstance(x.share.kind, Arithmetic):
            raise TypeMismatchError(f"a number is needed, got {x.dtype}: cast it first")
        if frac < x.frac:
            return fit(self.box, self.box.trunc(x.share, x.frac - frac), bits)
        if frac > x.frac and max(abs(x.low), abs(x.high)) << (frac - x.frac) >= 1 << 63:
            raise RangeOverflowError(f"{x.dtype} of this range does not fit {frac} fraction bits: declare the column's range, or use fewer bits")
        wide = fit(self.box, x.share, bits)
        return wide.shift_left(frac - x.frac) if frac > x.frac else wide

    def numbers(self, x: Value, y: Value, bits: int, frac: int = 0) -> tuple[Share, Share]:
        """Two operands in one ring, brought there in common rounds."""
        if x.share is not None and x.share is y.share and x.frac == y.frac:
            both = self.number(x, bits, frac)
            return both, both
        return self.box.both(lambda: self.number(x, bits, frac), lambda: self.number(y, bits, frac))

    def scaled(self, x: Value, frac: int) -> int:
        """A public number in units of ``2**-frac``, rounded to the nearest; zero for null."""
        return 0 if x.public is None else round(x.number * (1 << frac))

    def bit(self, x: Value) -> Share:
        """A bool operand as a packed bit."""
        if x.share is None:
            return self.box.constant(int(bool(x.public)), BIT, (self.rows,))
        if not x.share.is_bit:
            raise TypeMismatchError(f"bool is needed, got {x.dtype}: compare it with something")
        return x.share

    def operand(self, x: Value) -> Share:
        """An operand in the kind of the result."""
        dtype = self.node.dtype
        if isinstance(dtype, String):
            return self.words(x, dtype.width)
        return self.number(x, self.node.ring, self.node.frac) if dtype.has_range else self.bit(x)

    def words(self, x: Value, width: int) -> Share:
        """A string operand as words of ``width`` bytes."""
        if x.share is not None:
            if not isinstance(x.dtype, String):
                raise TypeMismatchError(f"a string is needed, got {x.dtype}")
            return string_width(x.share, x.dtype.width, width)
        kind, count = kind_of(String(width))
        shape = (self.rows,) if count == 1 else (self.rows, count)
        return self.box.constant(np.asarray(string_words([text_of(x)], width)), kind, shape)

    # ---- results -----------------------------------------------------------------------------------
    def valid(self, *operands: Value) -> Share | None:
        """Validity of a result that is null where an operand is."""
        out: Share | None = None
        for x in operands:
            if x.valid is not None:
                out = x.valid if out is None or out is x.valid else self.box.and_(out, x.valid)
        return out

    def strict(self, work: Callable[[], Share], *operands: Value) -> Value:
        """A result that is null where an operand is; the one is computed in the rounds of the other."""
        if sum(x.valid is not None for x in operands) < 2:
            return self.result(work(), self.valid(*operands))
        return self.result(*self.box.both(work, lambda: self.valid(*operands)))

    def result(self, share: Share, valid: Share | None = None) -> Value:
        n = self.node
        if isinstance(share.kind, Arithmetic) and share.bits > n.ring:
            share = share.narrow(n.ring)
        return Value(n.dtype, n.nullable, n.low, n.high, share, None, valid)


def text_of(x: Value) -> bytes:
    """A public string's bytes; empty for null."""
    return x.public.encode() if isinstance(x.public, str) else b""


def literal(value: Scalar, node: Inferred, box: BlackBox, rows: int) -> Value:
    """A literal; its bounds are its value."""
    if value is None:
        return Value(node.dtype, True, 0, 0, None, None, box.constant(0, BIT, (rows,)))
    low, high = node.low, node.high
    if not isinstance(value, str):
        low = high = round(Fraction(value) * (1 << node.frac)) - node.dtype.ORIGIN
    return Value(node.dtype, False, low, high, None, value)
