"""Words of bits: packing for the wire, and bit planes.

A boolean circuit works on *planes*: plane j holds bit j of 64 rows in every uint64. One AND of two uint64 is then 64 gates; a circuit
touches and sends only the planes that it needs, whatever the width of the words. Words become planes by transposing
blocks of 64 rows: six (for narrow words: fewer) delta swaps between rows, the same number of operations a row as permuting
the bits inside every word, but vectorised over `LANES` blocks at once.

Inside a tile of 64 x L rows (L = `LANES`, fewer in the last tile), row ``r*L + l`` is bit r of the plane's word l. Every plane has this
order, so circuits need not know it; `plane_to_bitmap` and `bitmap_to_plane` translate single bits to and from Arrow's order.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spuframe.kernels.jit import jit

Array: TypeAlias = NDArray[Any]

LANES = 32


# ---- words of any width on the wire ---------------------------------------------------------------------
def word_type(bits: int) -> np.dtype[Any]:
    """The narrowest unsigned type that holds ``bits`` bits."""
    return np.dtype("u1" if bits <= 8 else "u2" if bits <= 16 else "u4" if bits <= 32 else "u8")


@jit
def _pack(words: Array, bits: int, out: Array) -> None:
    mask = np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - bits)
    held, fill, at = np.uint64(0), 0, 0
    for i in range(words.size):
        w = np.uint64(words[i]) & mask
        held |= w << np.uint64(fill)
        fill += bits
        if fill >= 64:
            out[at] = held
            at += 1
            fill -= 64
            # a shift by 64 is undefined: with nothing left over, nothing is held
            held = w >> np.uint64(bits - fill) if fill > 0 else np.uint64(0)
    if fill > 0:
        out[at] = held


@jit
def _unpack(packed: Array, bits: int, out: Array) -> None:
    mask = np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - bits)
    at, shift = 0, 0
    for i in range(out.size):
        w = packed[at] >> np.uint64(shift)
        if shift + bits > 64:
            w |= packed[at + 1] << np.uint64(64 - shift)
        out[i] = w & mask
        shift += bits
        if shift >= 64:
            shift -= 64
            at += 1


def packed_bytes(bits: int, n: int) -> int:
    """The size of ``n`` words of ``bits`` bits on the wire."""
    return -(-n * bits // 8)


def pack_words(words: Array, bits: int) -> Array:
    """The low ``bits`` bits of every word, one after the other, least significant first.

    Parameters
    ----------
    words : ndarray
        Unsigned; any shape, taken row by row.
    bits : int
        1 to 64.

    Returns
    -------
    ndarray of uint8
        ``ceil(n * bits / 8)`` bytes, of its own memory; unused bits at the end are zero.

    Examples
    --------
    >>> pack_words(np.array([1, 2, 7], np.uint8), 3)
    array([209,   1], dtype=uint8)
    """
    flat = np.ascontiguousarray(words).reshape(-1)
    size = packed_bytes(bits, flat.size)
    if bits == 8 * flat.itemsize:
        return flat.view(np.uint8).copy()
    out = np.empty(-(-size // 8), np.uint64)
    _pack(flat, bits, out)
    return out.view(np.uint8)[:size]


def unpack_words(packed: Array, n: int, bits: int) -> Array:
    """The inverse of `pack_words`: ``n`` words in the narrowest type that holds ``bits`` bits.

    Examples
    --------
    >>> unpack_words(np.array([209, 1], np.uint8), 3, 3)
    array([1, 2, 7], dtype=uint8)
    """
    word = word_type(bits)
    if bits == 8 * word.itemsize:
        return packed[: n * word.itemsize].copy().view(word)
    whole = np.zeros(-(-packed.size // 8), np.uint64)
    whole.view(np.uint8)[: packed.size] = packed
    out = np.empty(n, word)
    _unpack(whole, bits, out)
    return out


# ---- words to planes and back -----------------------------------------------------------------------------
def plane_words(n: int) -> int:
    """The uint64 that a plane of ``n`` rows takes."""
    return -(-n // 64)


def block_width(bits: int) -> int:
    """The side of the square blocks that words of ``bits`` bits are transposed in."""
    return 8 if bits <= 8 else 16 if bits <= 16 else 32 if bits <= 32 else 64


@jit
def _swap_rows(a: Array, width: int, lanes: int) -> None:
    """Transpose the width x width bit blocks of rows ``0 .. width-1``, each row being ``lanes`` words.

    A delta swap [Warren, Hacker's Delight, section 7-3] exchanges the bits with index bit j set of row k for those with it clear of row k+j.
    """
    j = width >> 1
    while j > 0:
        step = np.uint64(j)
        mask = np.uint64(0xFFFFFFFFFFFFFFFF) // ((np.uint64(1) << step) + np.uint64(1))
        for base in range(0, width, 2 * j):
            # slices with an index from 0: only so does LLVM see that no index is negative, and vectorise
            low, high = a[base * lanes : (base + j) * lanes], a[(base + j) * lanes : (base + 2 * j) * lanes]
            for q in range(j * lanes):
                x, y = low[q], high[q]
                t = ((x >> step) ^ y) & mask
                high[q] = y ^ t
                low[q] = x ^ (t << step)
        j >>= 1


@jit
def _to_planes(words: Array, bits: int, width: int, max_lanes: int, out: Array) -> None:
    n, total = words.size, out.shape[1]
    mask = np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - bits)
    tile = np.empty(64 * max_lanes, np.uint64)
    for first in range(0, total, max_lanes):
        lanes = min(max_lanes, total - first)
        rows = min(n - 64 * first, 64 * lanes)
        here = words[64 * first : 64 * first + rows]
        for q in range(rows):
            tile[q] = np.uint64(here[q]) & mask
        for q in range(rows, 64 * lanes):
            tile[q] = np.uint64(0)
        half = 32
        while half >= width:  # narrow words: put the lower half of the rows beside the upper half
            by = np.uint64(half)
            beside = tile[half * lanes : 2 * half * lanes]
            for q in range(half * lanes):
                tile[q] |= beside[q] << by
            half >>= 1
        _swap_rows(tile, width, lanes)
        for p in range(bits):
            row, plane = tile[p * lanes : (p + 1) * lanes], out[p, first : first + lanes]
            for q in range(lanes):
                plane[q] = row[q]


@jit
def _from_planes(planes: Array, width: int, max_lanes: int, out: Array) -> None:
    bits, total = planes.shape
    n = out.size
    tile = np.empty(64 * max_lanes, np.uint64)
    keep = np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - width)
    for first in range(0, total, max_lanes):
        lanes = min(max_lanes, total - first)
        for p in range(width):
            row = tile[p * lanes : (p + 1) * lanes]
            if p < bits:
                plane = planes[p, first : first + lanes]
                for q in range(lanes):
                    row[q] = plane[q]
            else:
                for q in range(lanes):
                    row[q] = np.uint64(0)
        _swap_rows(tile, width, lanes)
        start, chunk = 64 * first, width * lanes
        for i in range(64 // width):
            by = np.uint64(i * width)
            rows = out[start + i * chunk : min(n, start + (i + 1) * chunk)]
            for q in range(rows.size):
                rows[q] = (tile[q] >> by) & keep


def to_planes(words: Array, bits: int) -> Array:
    """The low ``bits`` bits of ``words`` as planes, shape ``(bits, plane_words(n))``; rows beyond the last are zero.

    Examples
    --------
    >>> to_planes(np.array([1, 2, 3], np.uint8), 2)
    array([[5],
           [6]], dtype=uint64)
    """
    flat = np.ascontiguousarray(words).reshape(-1)
    out = np.empty((bits, plane_words(flat.size)), np.uint64)
    _to_planes(flat, bits, block_width(bits), LANES, out)
    return out


def from_planes(planes: Array, n: int) -> Array:
    """The inverse of `to_planes`: ``n`` words in the narrowest type that holds as many bits as there are planes."""
    out = np.empty(n, word_type(len(planes)))
    _from_planes(planes, block_width(len(planes)), LANES, out)
    return out


@jit
def _plane_to_bitmap(plane: Array, max_lanes: int, out: Array) -> None:
    # A full tile is 32 words of 64 rows: transposed as two 32 x 32 blocks, row r is half a word.
    tile = np.empty(max_lanes, np.uint64)
    low = np.uint64(0xFFFFFFFF)
    for first in range(0, plane.size, max_lanes):
        lanes = min(max_lanes, plane.size - first)
        if lanes == 32:
            for q in range(32):
                tile[q] = plane[first + q]
            _swap_rows(tile, 32, 1)
            for q in range(16):
                even, odd = tile[2 * q], tile[2 * q + 1]
                out[first + q] = (even & low) | (odd << np.uint64(32))
                out[first + 16 + q] = (even >> np.uint64(32)) | (odd & ~low)
        else:
            for q in range(lanes):
                out[first + q] = np.uint64(0)
            for r in range(64):
                for q in range(lanes):
                    row = r * lanes + q
                    out[first + (row >> 6)] |= ((plane[first + q] >> np.uint64(r)) & np.uint64(1)) << np.uint64(row & 63)


def plane_to_bitmap(plane: Array, n: int) -> Array:
    """A plane's ``n`` bits in Arrow's order, as uint8; unused bits at the end are arbitrary.

    Examples
    --------
    >>> plane_to_bitmap(to_planes(np.array([1, 0, 1], np.uint8), 1)[0], 3)
    array([5], dtype=uint8)
    """
    out = np.empty(plane.size, np.uint64)
    _plane_to_bitmap(plane, LANES, out)
    return out.view(np.uint8)[: -(-n // 8)]


# ---- gates on planes ----------------------------------------------------------------------------------------
@jit
def and_gates(own: Array, other: Array, gates: Array, zero_a: Array, zero_b: Array, out: Array) -> None:
    """One party's additive part of many AND gates of replicated shares.

    ``out[t] = acc0 ^ x0 y0 ^ x0 y1 ^ x1 y0 ^ zero_a[t] ^ zero_b[t]`` with ``x, y, acc = gates[t]`` rows of the planes ``own`` (component 0)
    and ``other`` (component 1); acc < 0 for none.
    """
    words = own.shape[1]
    for t in range(len(gates)):
        x, y, acc = gates[t, 0], gates[t, 1], gates[t, 2]
        x0, x1, y0, y1 = own[x], other[x], own[y], other[y]
        za, zb, z = zero_a[t], zero_b[t], out[t]
        if acc >= 0:
            start = own[acc]
            for w in range(words):
                z[w] = start[w] ^ (x0[w] & (y0[w] ^ y1[w])) ^ (x1[w] & y0[w]) ^ za[w] ^ zb[w]
        else:
            for w in range(words):
                z[w] = (x0[w] & (y0[w] ^ y1[w])) ^ (x1[w] & y0[w]) ^ za[w] ^ zb[w]


@jit
def and_words(x0: Array, x1: Array, y0: Array, y1: Array, zero_a: Array, zero_b: Array, out: Array) -> None:
    """``out = x0 y0 ^ x0 y1 ^ x1 y0 ^ zero_a ^ zero_b`` over flat arrays of one word type."""
    for i in range(out.size):
        out[i] = (x0[i] & (y0[i] ^ y1[i])) ^ (x1[i] & y0[i]) ^ zero_a[i] ^ zero_b[i]


@jit
def mask_pairs(a: Array, count: int, masks: Array, out: Array) -> None:
    """``out``: planes ``0 .. count-1`` of ``a``, then the products of planes 2i and 2i+1; all XORed with ``masks``."""
    words = a.shape[1]
    for t in range(len(out)):
        m, z = masks[t], out[t]
        if t < count:
            x = a[t]
            for w in range(words):
                z[w] = x[w] ^ m[w]
        else:
            x, y = a[2 * (t - count)], a[2 * (t - count) + 1]
            for w in range(words):
                z[w] = (x[w] & y[w]) ^ m[w]


@jit
def pair_terms(alpha: Array, count: int, b: Array, terms: Array, constant: bool, masks: Array, out: Array) -> None:
    """One side's part of generate and propagate bits of ``a + b`` over single positions and pairs of them.

    ``alpha`` is this side's XOR share of ``mask_pairs(a, count, 0)``; b is known to both sides; ``constant``: whether this side adds
    what depends on b alone. ``terms[t] = (what, position)``:

    - 0: ``a_i b_i``, the carry out of position i alone,
    - 1: ``a_h b_h ^ (a_l a_h) b_l ^ a_l (b_l b_h)``, the carry out of positions l = i-1 and h = i,
    - 2: ``a_l a_h ^ a_h b_l ^ a_l b_h ^ b_l b_h = (a_l ^ b_l)(a_h ^ b_h)``, whether they pass a carry on.
    """
    words = out.shape[1]
    for t in range(len(terms)):
        what, h = terms[t, 0], terms[t, 1]
        m, z, ah, bh = masks[t], out[t], alpha[h], b[h]
        if what == 0:
            for w in range(words):
                z[w] = (ah[w] & bh[w]) ^ m[w]
            continue
        al, bl, both = alpha[h - 1], b[h - 1], alpha[count + (h >> 1)]
        if what == 1:
            for w in range(words):
                z[w] = (ah[w] & bh[w]) ^ (bl[w] & (both[w] ^ (al[w] & bh[w]))) ^ m[w]
        elif constant:
            for w in range(words):
                z[w] = both[w] ^ (ah[w] & bl[w]) ^ (bh[w] & (al[w] ^ bl[w])) ^ m[w]
        else:
            for w in range(words):
                z[w] = both[w] ^ (ah[w] & bl[w]) ^ (bh[w] & al[w]) ^ m[w]


# ---- bits times bits, in a ring -------------------------------------------------------------------------------
@jit
def bits_minus(words: Array, masks: Array, out: Array) -> None:
    """``out[i, j] = bit j of words[i] - masks[i, j]`` in the ring of ``out``."""
    rows, width = out.shape
    for i in range(rows):
        w = np.uint64(words[i])
        for j in range(width):
            out[i, j] = ((w >> np.uint64(j)) & np.uint64(1)) - np.uint64(masks[i, j])


@jit
def bit_products(shares: Array, words: Array, constant: bool, masks: Array, out: Array) -> None:
    """``out[i] = sum_j 2^j shares[i, j] (1 - 2 v_j) + masks[i]``, v_j the bits of ``words[i]``, which is added itself if ``constant``."""
    rows, width = shares.shape
    one = np.uint64(1)
    for i in range(rows):
        v = np.uint64(words[i])
        total = np.uint64(masks[i])
        if constant:
            total += v
        for j in range(width):
            by = np.uint64(j)
            sign = np.uint64(0) - ((v >> by) & one)  # all ones where the term is negative
            term = np.uint64(shares[i, j]) << by
            total += (term ^ sign) - sign
        out[i] = total
