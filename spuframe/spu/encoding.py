"""How columns become ring elements and bits, and back: at the owner and at the analyst, in plaintext.

================ ==================== =====================================================================
type             kind                 words
================ ==================== =====================================================================
bool             ``Boolean(1)``       a bitmap
int              ``Arithmetic(k)``    two's complement; k is the narrowest of 8, 16, 32, 64 with ``|x| < 2**(k-2)``, at most 64
fixed point      ``Arithmetic(64)``   ``round(x * 2**f)``
decimal[p,s]     ``Arithmetic(k)``    multiples of ``10**-s``, as int
date             ``Arithmetic(k)``    days since 2000-01-01, as int: from 1955 to 2044 in 16 bits
timestamp        ``Arithmetic(64)``   microseconds since 1970-01-01
duration         ``Arithmetic(k)``    microseconds, as int
string[w], w<=8  ``Boolean(8*w)``     bytes, big-endian, so that the order of the words is the order of the strings
string[w], w>8   ``Boolean(64)``      rows x words, the most significant word first
================ ==================== =====================================================================
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spuframe.dtypes import RINGS, DType, Field, Range, String, rows_text
from spuframe.errors import EncodingError
from spuframe.spu.share import BIT, Arithmetic, Array, Boolean, Kind, pack, unpack

__all__ = [
    "RINGS", "bits_of", "column_kind", "column_shape", "decode", "encode", "kind_of", "string_words",
]  # fmt: skip


def kind_of(dtype: DType, bounds: Range | None = None) -> tuple[Kind, int]:
    """The kind of share, and how many words a value takes, of a type with the given bounds."""
    ring = dtype.ring(bounds)
    if ring:
        return Arithmetic(ring), 1
    return (Boolean(dtype.bits), 1) if dtype.bits <= 64 else (Boolean(64), -(-dtype.bits // 64))


def column_kind(field: Field) -> tuple[Kind, int]:
    """The kind of share, and how many words a value takes, of a column.

    >>> from spuframe.dtypes import Int
    >>> column_kind(Field("age", Int(64), range=(0, 120)))
    (Arithmetic(bits=16), 1)
    >>> column_kind(Field("name", String(12)))
    (Boolean(bits=64), 2)
    """
    return kind_of(field.dtype, field.range)


def column_shape(field: Field, rows: int) -> tuple[int, ...]:
    """The shape of the column's share."""
    words = column_kind(field)[1]
    return (rows,) if words == 1 else (rows, words)


# ---- plaintext to words ---------------------------------------------------------------------------
def encode(array: pa.Array | pa.ChunkedArray, field: Field, words: bool = False) -> tuple[Array, Array | None]:
    """The words of a column (a bitmap for bool), and the bitmap of its validity if it is nullable.

    Values of null rows become zero. With ``words``, the values come as their type holds them.

    >>> from spuframe.dtypes import Fixed
    >>> words, valid = encode(pa.array([1.5, None]), Field("x", Fixed(4), nullable=True))
    >>> words.tolist(), valid.tolist()
    ([24, 0], [1])
    """
    values = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    valid: Array | None = None
    if values.null_count and not field.nullable:
        rows = rows_text(np.asarray(pc.is_null(values)))
        raise EncodingError(f"column {field.name!r} must not have nulls, but has in {rows}: declare it nullable, or use fillna or dropna")
    if field.nullable:
        valid = pack(np.asarray(pc.is_valid(values)))
    if isinstance(field.dtype, String):
        return _encode_strings(values, field), valid
    if not words:
        values = field.dtype.numbers(values, field.name)
    nulls = np.asarray(pc.is_null(values)) if values.null_count else None
    plain = values if nulls is None else values.fill_null(pa.scalar(0, pa.int8()).cast(values.type))
    numbers: Array = np.asarray(plain.to_numpy(zero_copy_only=False))
    kind = column_kind(field)[0]
    if kind == BIT:
        return pack(numbers), valid
    low, high = (w + field.dtype.ORIGIN for w in field.dtype.units(field.range))
    _check(numbers, nulls, low, high, field)
    if field.dtype.ORIGIN:
        numbers = numbers.astype(np.int64) - field.dtype.ORIGIN
    return numbers.astype(np.uint64 if numbers.dtype == np.uint64 else np.int64).astype(kind.word), valid


def _check(numbers: Array, nulls: Array | None, low: int, high: int, field: Field) -> None:
    if not len(numbers):
        return
    info = np.iinfo(numbers.dtype)
    outside = np.zeros(len(numbers), bool)  # NumPy refuses to compare with a Python integer outside the type
    if low > info.min:
        outside |= numbers < low if low <= info.max else True
    if high < info.max:
        outside |= numbers > high if high >= info.min else True
    if nulls is not None:
        outside &= ~nulls
    if outside.any():
        least, most = field.dtype.limits if field.range is None else field.range
        raise EncodingError(f"column {field.name!r} has values outside its range {least}..{most} in {rows_text(outside)}: declare the range that it has")


def string_words(raw: list[bytes] | tuple[bytes, ...], width: int) -> Array:
    """The words of byte strings of at most ``width`` bytes: (rows,) or (rows, words)."""
    data, n = b"".join(raw), len(raw)
    lengths = np.fromiter(map(len, raw), np.int64, n)
    return _place(np.frombuffer(data, np.uint8), lengths, width)


def _place(data: Array, lengths: Array, width: int) -> Array:
    n, padded = len(lengths), 8 * -(-width // 8)
    left = padded - width if width <= 8 else 0  # short strings stand in the low bits of their word
    chars = np.zeros((n, padded), np.uint8)
    row = np.repeat(np.arange(n), lengths)
    column = np.arange(len(data)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    chars[row, column + left] = data
    words = chars.view(">u8").astype(np.uint64)
    return words[:, 0].astype(Boolean(8 * width).word) if width <= 8 else words


def _encode_strings(values: pa.Array, field: Field) -> Array:
    assert isinstance(field.dtype, String)
    binary = pc.cast(values, pa.large_string()).cast(pa.large_binary())
    if binary.null_count:
        binary = binary.fill_null(b"")
    lengths = np.asarray(pc.binary_length(binary)).astype(np.int64)
    long = lengths > field.dtype.width
    if long.any():
        raise EncodingError(f"column {field.name!r} has strings of more than {field.dtype.width} bytes in {rows_text(long)}: declare a larger width")
    _, offsets, data = binary.buffers()
    starts = np.frombuffer(offsets, np.int64)[binary.offset : binary.offset + len(binary) + 1]
    raw = np.frombuffer(data, np.uint8)[starts[0] : starts[-1]] if data is not None and len(starts) else np.zeros(0, np.uint8)
    if (raw == 0).any():
        zero = np.repeat(np.arange(len(lengths)), lengths)[raw == 0]
        bad = np.zeros(len(lengths), bool)
        bad[zero] = True
        raise EncodingError(f"column {field.name!r} has strings with a zero byte in {rows_text(bad)}: zero bytes pad strings, remove them")
    return _place(raw, lengths, field.dtype.width)


# ---- words to plaintext ---------------------------------------------------------------------------
def decode(words: Array, valid: Array | None, field: Field) -> pa.Array:
    """The Arrow array of a column from its words (zeros and ones for bool) and its validity (zeros and ones).

    >>> from spuframe.dtypes import Fixed
    >>> decode(np.array([24, 0], np.uint64), np.array([1, 0], np.uint8), Field("x", Fixed(4), nullable=True)).to_pylist()
    [1.5, None]
    """
    mask = None if valid is None else ~valid.astype(bool)
    dtype = field.dtype
    if isinstance(dtype, String):
        return _decode_strings(words, mask, dtype.width)
    unsigned = words.dtype.itemsize == 8 and pa.types.is_unsigned_integer(dtype.held)
    numbers: Any = words if unsigned else words.view(np.dtype(f"i{words.dtype.itemsize}"))
    if dtype.ORIGIN:
        numbers = numbers.astype(np.int64) + dtype.ORIGIN
    return dtype.valued(pa.array(numbers, mask=mask).cast(dtype.held))


def _decode_strings(words: Array, mask: Array | None, width: int) -> pa.Array:
    n, padded = len(words), 8 * -(-width // 8)
    chars = np.ascontiguousarray(words.astype(">u8").reshape(n, padded // 8)).view(np.uint8).reshape(n, padded)
    if width <= 8:
        chars = chars[:, padded - width :]
    keep = chars != 0
    offsets = np.zeros(n + 1, np.int64)
    np.cumsum(keep.sum(axis=1), out=offsets[1:])
    data = np.ascontiguousarray(chars[keep])
    valid = None if mask is None else pa.py_buffer(pack(~mask))
    binary = pa.LargeBinaryArray.from_buffers(pa.large_binary(), n, [valid, pa.py_buffer(offsets), pa.py_buffer(data)])
    return binary.cast(pa.large_string()).cast(pa.string())


def bits_of(bitmap: Array | None, rows: int) -> Array | None:
    """A validity bitmap as zeros and ones."""
    return None if bitmap is None else unpack(bitmap, rows)
