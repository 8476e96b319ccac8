"""From an Arrow column to a field: which logical type it has, whether its values fit, and which bounds are published."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spuframe.config import RangePolicy
from spuframe.dtypes import DType, Field, Fixed, Range, exponent, known, private, refuse, written
from spuframe.errors import EncodingError, NotFiniteError, PlanError, TypeMismatchError

LARGEST = 2.0**Fixed.ROOM
"""The largest magnitude of a float column."""
_CLASSES = {"integers": (1 << 40, (1 << 61) - 1), "floats": (2.0**-10, float(1 << 20), float(1 << 42), LARGEST)}
"""Magnitudes of columns of which nothing is published: one with room for sums and quotients (products, of floats), and one with room to add and negate;
of floats, too, one of which small values keep their bits."""
CLOSE = 128
"""Units: values of a column that lie all within so many are hardly told from each other."""
FAR = 32
"""Part of itself that a stored value is off by, at most, without a warning: values of 16 units and more always are right to that."""


def fit(name: str, column: pa.ChunkedArray, *, nan_as_null: bool = False, fraction_bits: int | None = None) -> tuple[pa.ChunkedArray, DType]:
    """Give the column in the Arrow type of its logical type, and that type; a float column with ``fraction_bits``, or with those that `publish` chooses.

    Raises
    ------
    TypeMismatchError
        No logical type fits.
    EncodingError, NotFiniteError
        A value does not; its ``detail`` names the rows.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if fraction_bits is not None and not pa.types.is_floating(kind):
        raise TypeMismatchError(f"column {name!r} has the Arrow type {kind}, which has no fraction bits. Leave it out of fraction_bits=.")
    if pa.types.is_floating(kind):
        dtype = Fixed() if fraction_bits is None else Fixed(fraction_bits)
        largest = LARGEST if fraction_bits is None else dtype.largest
        return _fit_float(name, column.cast(pa.float64()) if kind == pa.float16() else column, largest, nan_as_null), dtype
    for of in known():
        found = of.read(name, column)
        if found is not None:
            return found
    if pa.types.is_null(kind):
        raise TypeMismatchError(
            f"column {name!r} has only missing values, so that its type is not known. Leave it out (name the columns to read), or give it a type."
        )
    raise TypeMismatchError(
        f"column {name!r} has the Arrow type {kind}, which spuframe cannot share. Leave it out (name the columns to read), or cast it at the owner to "
        f"{written()}: a time of day, for example, to its number of seconds."
    )


def _fit_float(name: str, column: pa.ChunkedArray, largest: float, nan_as_null: bool) -> pa.ChunkedArray:
    nan = pc.is_nan(column)
    if nan_as_null:
        column = pc.if_else(pc.fill_null(nan, False), pa.scalar(None, column.type), column)
    else:
        refuse(name, nan, "NaN", "Use fillna or dropna first, or nan_as_null=True to take NaN as missing", NotFiniteError)
    refuse(name, pc.is_inf(column), "infinite", "Replace them first", NotFiniteError)
    outside = pc.greater(pc.abs(column.cast(pa.float64())), largest)
    refuse(name, outside, f"above {largest:.17g} in magnitude", "Scale the column to a larger unit, or give it fewer fraction_bits=")
    return column


def publish(
    name: str, column: pa.ChunkedArray, dtype: DType, owner: str, policy: RangePolicy, declared: Any = None, *, keep_bits: bool = False
) -> Field:
    """Infer the field of a fitted column, its bounds by the owner's policy, or as ``declared``, which is checked.

    The fraction bits of a float column follow from its bounds, and so tell nothing more, unless ``keep_bits``; that its values are too small, or too
    close to each other, for them is told as well (`coarse`).

    Bounds that are not declared tell everybody something of the data: with "magnitude" the powers of two between which it lies, with "none" whether
    it has values beyond those that arithmetic has room for.
    """
    bounds: Range | None = None
    if dtype.has_range:
        column = dtype.numbers(column, name) if dtype.exact else column
        low, high = pc.min_max(column).as_py().values()
        found = (0, 0) if low is None else (low, high)
        if declared is not None:
            bounds = _declared(name, dtype, declared, dtype.ceiling if keep_bits else LARGEST)
        elif policy == "exact":
            bounds = found
        elif policy == "none":
            bounds = nothing(dtype, found, keep_bits=keep_bits)
        elif dtype.exact:
            bounds = magnitude(found[0], found[1], dtype)
        else:
            bounds = magnitude_float(float(found[0]), float(found[1]), dtype.readable[1] if keep_bits else LARGEST)
        if not dtype.exact and not keep_bits:
            small = declared is None and policy == "none" and bounds[1] < 1  # nothing is known of how small
            dtype = Fixed.for_range(*bounds, own=Fixed.MOST if small else 0)
        if low is not None and not (bounds[0] <= low and high <= bounds[1]):
            outside = pc.or_(pc.less(column, bounds[0]), pc.greater(column, bounds[1]))
            least, most = map(dtype.bound, bounds) if not dtype.is_numeric else bounds
            refuse(name, outside, f"outside the range {least} to {most}", "Declare a wider one with ranges=")
    elif declared is not None:
        raise TypeMismatchError(f"column {name!r} is {dtype}, which has no range. Leave it out of ranges=.")
    return Field(name, dtype, column.null_count > 0, private(owner), bounds, frozenset({owner}))


def unique(table: pa.Table, fields: list[Field], policy: RangePolicy) -> list[str]:
    """Columns that may be keys (integers, decimals, times, strings) and have no value twice, nulls aside: so that a join knows which side to check.

    With "none" nothing is published.
    """
    if policy == "none":
        return []
    keys = [f.name for f in fields if f.dtype.exact and f.dtype.count(None) is None]  # not those that have few values
    return [n for n in keys if pc.count_distinct(table[n], mode="only_valid").as_py() == len(table) - table[n].null_count]


def coarse(column: pa.ChunkedArray, field: Field) -> bool:
    """Whether a float column stores a value that is far off for its size, zero for another at worst; or rounds values that differ to almost the same."""
    if field.dtype.exact or column.null_count == len(column):
        return False
    values, unit = np.asarray(pc.drop_null(column.cast(pa.float64()))), 2.0**-field.dtype.frac
    kept = np.rint(values / unit) * unit
    return bool((np.abs(kept - values) * FAR > np.abs(values)).any()) or (bool((kept != values).any()) and 0 < values.max() - values.min() < CLOSE * unit)


def magnitude(low: int, high: int, dtype: DType) -> Range:
    """Bounds rounded outward to powers of two.

    >>> from spuframe.dtypes import Int
    >>> magnitude(37, 92, Int(64)), magnitude(-100, 5, Int(64))
    ((0, 127), (-128, 7))
    """
    least, most = dtype.readable
    down = -(1 << (-low - 1).bit_length()) if low < 0 else 0
    up = (1 << high.bit_length()) - 1 if high > 0 else 0
    return max(least, down), min(most, up)


def magnitude_float(low: float, high: float, largest: float) -> tuple[float, float]:
    """Bounds rounded outward to powers of two, of 2^-62 at least, and of ``largest`` at most; both, where all values have one sign.

    The lower one is what gives a quotient its bits: without it a denominator may be as small as a unit.

    >>> magnitude_float(0.2, 0.9, LARGEST), magnitude_float(-3.0, 100.5, LARGEST), magnitude_float(-1e12, -7e11, LARGEST)
    ((0.125, 1.0), (-4.0, 128.0), (-1099511627776.0, -549755813888.0))
    """

    def up(x: float) -> float:
        return min(2.0 ** max(exponent(x), Fixed.SIGNIFICANT - Fixed.MOST), largest)

    def down(x: float) -> float:
        return 2.0 ** (math.frexp(x)[1] - 1)

    return (-up(-low) if low < 0 else down(low) if low > 0 else 0.0), (up(high) if high > 0 else -down(-high) if high < 0 else 0.0)


def nothing(dtype: DType, found: Range, *, keep_bits: bool = False) -> Range:
    """The same bounds for all columns of a type, if its values are within those that leave room for arithmetic; else wider ones, at last the type's.

    Small floats have narrower ones.

    ``keep_bits``: those of a float column with the fraction bits that it has.

    >>> from spuframe.dtypes import Fixed, Int
    >>> nothing(Int(64), (-3, 92)), nothing(Int(16), (0, 1)), nothing(Fixed(), (-2.0, 1e7)), nothing(Fixed(), (0.0, 1e-7))
    ((-1099511627776, 1099511627776), (-32768, 32767), (-4398046511104.0, 4398046511104.0), (-0.0009765625, 0.0009765625))
    """
    top = next((c for c in _CLASSES["integers" if dtype.exact else "floats"] if -c <= found[0] and found[1] <= c), None)
    least, most = dtype.readable if dtype.exact or keep_bits else (-LARGEST, LARGEST)
    return (least, most) if top is None else (max(least, -top), min(most, top))


def _declared(name: str, dtype: DType, declared: Any, limit: float) -> Range:
    if not dtype.is_numeric and isinstance(declared, list | tuple):
        try:
            declared = [dtype.constant(d) for d in declared]
        except PlanError as error:
            raise TypeMismatchError(f"the range of column {name!r} must be of values of {dtype}: {error}") from None
    good = isinstance(declared, list | tuple) and len(declared) == 2 and all(isinstance(b, int | float) and math.isfinite(b) for b in declared)
    if not good or not declared[0] <= declared[1]:
        raise TypeMismatchError(f"the range of column {name!r} must be (low, high) with low <= high, got {declared!r}.")
    low, high = declared
    if not dtype.exact:
        if max(abs(low), abs(high)) >= limit:
            raise EncodingError(f"the range of column {name!r} must lie below {limit:g} in magnitude, got {declared!r}. Scale the column.")
        return float(low), float(high)
    if int(low) != low or int(high) != high:
        raise TypeMismatchError(f"the range of column {name!r} ({dtype}) must be of integers, got {declared!r}.")
    least, most = dtype.readable
    return max(int(least), int(low)), min(int(most), int(high))
