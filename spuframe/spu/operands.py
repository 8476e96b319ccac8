"""What kernels can take. All else is refused when the plan is built, since a dry run calls the same methods of the black box."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.errors import PlanError, RangeOverflowError, TypeMismatchError
from spuframe.spu.share import Arithmetic, Share

COEFFICIENT_BITS = 32
"""Fraction bits of the coefficients of a series: far fewer than floating point has, far more than any series needs."""

Terms = tuple[tuple[int, float], ...]


def arithmetic(what: str, *shares: Share) -> None:
    """Refuse all but numbers of one ring."""
    for s in shares:
        if not isinstance(s.kind, Arithmetic) or s.bits != shares[0].bits:
            kinds = " and ".join(dict.fromkeys(str(t.kind) for t in shares))
            raise TypeMismatchError(f"{what} needs arithmetic shares of one ring, got {kinds}: convert with b2a, extend or narrow")


def fraction(what: str, x: Share, f: int) -> None:
    """Refuse to take more bits off than a ring has to spare."""
    if not 0 <= f <= x.bits - 2:
        raise RangeOverflowError(f"{what} in a ring of {x.bits} bits takes off 0 to {x.bits - 2} bits, got {f}: use a wider ring or fewer bits")


def ring(what: str, bits: int, least: int) -> None:
    """Refuse what is no ring, or too narrow a one."""
    if bits not in (8, 16, 32, 64) or bits < least:
        raise RangeOverflowError(f"{what} needs a ring of 8, 16, 32 or 64 bits that holds {least} bits, got {bits}: choose a wider ring")


def bits_of(what: str, x: Share, bits: int | None) -> int:
    """How many bits are looked at: all, unless stated."""
    found = x.bits if bits is None else bits
    if not 1 <= found <= x.bits:
        raise RangeOverflowError(f"{what} can look at 1 to {x.bits} bits of {x.kind}, got {found}: extend it first, or look at fewer")
    return found


def terms_of(x: Share, period: int, terms: Sequence[tuple[int, float]], f: int) -> Terms:
    """The terms of a series, their coefficients as multiples of ``2^-COEFFICIENT_BITS``; what does not fit the ring is refused."""
    if not 1 <= period <= x.bits:
        raise RangeOverflowError(f"fourier needs a period of 2^1 to 2^{x.bits} in a ring of {x.bits} bits, got 2^{period}: use a wider ring")
    rounded = tuple((h, round(c * 2**COEFFICIENT_BITS) / 2**COEFFICIENT_BITS) for h, c in terms)
    if not rounded or min(h for h, _ in rounded) < 1 or f < 0 or sum(abs(c) for _, c in rounded) * 4.0**f >= 2.0 ** (x.bits - 1):
        raise RangeOverflowError(f"fourier needs terms of harmonics from 1 on whose sum fits {x.bits} bits with {2 * f} fraction bits: use fewer")
    return rounded


def columns_of(rows: int, xs: Sequence[Share]) -> None:
    """Refuse columns that a permutation of so many rows cannot take."""
    for x in xs:
        if x.rows != rows:
            raise PlanError(f"a permutation of {rows} rows cannot take a column of {x.rows}: draw one of the column's size")
