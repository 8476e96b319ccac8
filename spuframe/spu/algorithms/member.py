"""Which of k public constants a value is, and whether it is one of them.

The constants are distinct, so at most one test holds and the OR of all tests is their XOR: local. Two ways for the tests, and the declared
cost decides: all differences below each other through one `eqz`; or the bits once, and a tree over them that forms, for each group of
neighbouring bits, a product for each pattern that occurs among the constants: constants that share a part share its product.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from spuframe.spu.blackbox import BlackBox
from spuframe.spu.shaping import and_pairs
from spuframe.spu.share import BIT, Arithmetic, Boolean, Share, concat
from spuframe.spu.ways import cheapest, given


def is_in(box: BlackBox, x: Share, constants: Sequence[int], bits: int | None = None) -> Share:
    """Whether the low ``bits`` bits of x are those of one of the constants (signed ones in two's complement); x a vector.

    >>> from spuframe.testing import simulate_blackbox
    >>> import numpy as np
    >>> simulate_blackbox("aby3", lambda box, x: is_in(box, x, [-1, 7]), np.array([7, 8, -1], np.int16)).tolist()
    [1, 0, 1]
    """
    bits = x.bits if bits is None else bits
    wanted = sorted({c % (1 << bits) for c in constants})
    if len(wanted) == 1 << bits:
        return box.constant(1, BIT, (x.rows,))
    return either(box, matches(box, x, wanted, bits), x.rows)


def either(box: BlackBox, flags: Sequence[Share], rows: int) -> Share:
    """The OR of bits of which at most one is set: their XOR."""
    return reduce(lambda a, b: a ^ b, flags) if flags else box.constant(0, BIT, (rows,))


def matches(box: BlackBox, x: Share, constants: Sequence[int], bits: int) -> list[Share]:
    """For each of some distinct constants, whether it is the low ``bits`` bits of x."""
    wanted = [c % (1 << bits) for c in constants]
    if not wanted:
        return []
    if x.is_bit:
        return [x if c else box.not_(x) for c in wanted]

    return cheapest(box, [lambda b: _by_tests(b, given(b, x)[0], wanted, bits), lambda b: match_bits(b, _bits_of(b, given(b, x)[0], bits), wanted)])


def _by_tests(box: BlackBox, x: Share, wanted: Sequence[int], bits: int) -> list[Share]:
    n = x.rows

    def moved(c: int) -> Share:
        public = box.constant(c, x.kind, x.shape)
        return x - public if isinstance(x.kind, Arithmetic) else x ^ public

    found = box.eqz(concat([moved(c) for c in wanted]), bits)
    return [found.slice(i * n, (i + 1) * n) for i in range(len(wanted))]


def _bits_of(box: BlackBox, x: Share, bits: int) -> list[Share]:
    word = box.a2b(x, bits) if isinstance(x.kind, Arithmetic) else x
    return [word.bit(j) for j in range(bits)]


def match_bits(box: BlackBox, bits: Sequence[Share], wanted: Sequence[int]) -> list[Share]:
    """For each of the unsigned words ``wanted``, whether the given bits, lowest first, are its: ceil(log2 of their number) rounds."""
    groups: list[tuple[int, int, dict[int, Share]]] = []  # first bit, how many, and for each pattern its product
    for j, bit in enumerate(bits):
        patterns = {c >> j & 1 for c in wanted}
        groups.append((j, 1, {p: bit if p else box.not_(bit) for p in sorted(patterns)}))
    while len(groups) > 1:
        pairs: list[tuple[Share, Share]] = []
        planned: list[tuple[int, int, list[int]]] = []
        for (at, low, small), (_, high, large) in zip(groups[::2], groups[1::2], strict=False):
            count = low + high
            patterns_here = sorted({c >> at & ((1 << count) - 1) for c in wanted})
            pairs += [(small[p & ((1 << low) - 1)], large[p >> low]) for p in patterns_here]
            planned.append((at, count, patterns_here))
        products = iter(and_pairs(box, pairs))
        joined = [(at, count, {p: next(products) for p in found}) for at, count, found in planned]
        groups = joined + ([groups[-1]] if len(groups) % 2 else [])
    return [groups[0][2][c] for c in wanted]


def match_strings(box: BlackBox, x: Share, wanted: Sequence[int], width: int) -> list[Share]:
    """For each constant, given as a big-endian integer of ``8 * width`` bits, whether strings of ``width`` bytes are it."""
    if len(x.shape) == 1:
        return matches(box, x, wanted, 8 * width)
    words = x.shape[1]
    padded = 64 * words - 8 * width  # the last word holds its bytes at the top

    def by_tests(b: BlackBox, v: Share) -> list[Share]:
        n = v.rows
        parts = []
        for c in wanted:
            pieces = [(c << padded) >> 64 * (words - 1 - j) & ((1 << 64) - 1) for j in range(words)]
            parts.append([v.column(j) ^ b.constant(p, Boolean(64), (n,)) for j, p in enumerate(pieces)])
        zero = b.eqz(concat([p for part in parts for p in part]), 64)
        whole = [[zero.slice((i * words + j) * n, (i * words + j + 1) * n) for i in range(len(wanted))] for j in range(words)]
        columns = [concat(column) for column in whole]
        while len(columns) > 1:
            half = len(columns) // 2
            both = and_pairs(b, list(zip(columns[:half], columns[half : 2 * half], strict=True)))
            columns = both + columns[2 * half :]
        return [columns[0].slice(i * n, (i + 1) * n) for i in range(len(wanted))]

    def by_bits(b: BlackBox, v: Share) -> list[Share]:
        planes: list[Share] = []
        for j in range(words - 1, -1, -1):
            column = v.column(j)
            first = padded if j == words - 1 else 0
            planes += [column.bit(k) for k in range(first, 64)]
        return match_bits(b, planes, wanted)

    return cheapest(box, [lambda b: by_tests(b, given(b, x)[0]), lambda b: by_bits(b, given(b, x)[0])]) if wanted else []


def string_in(box: BlackBox, x: Share, wanted: Sequence[int], width: int) -> Share:
    """Whether strings of ``width`` bytes are one of the distinct constants."""
    return either(box, match_strings(box, x, wanted, width), x.rows)


def words_of(values: Sequence[bytes], width: int) -> list[int]:
    """Byte strings as the integers that `string_in` takes; those that are too long match nothing."""
    return sorted({int.from_bytes(v.ljust(width, b"\0"), "big") for v in values if len(v) <= width})


def reachable(constants: Sequence[int], low: int, high: int) -> tuple[list[int], int]:
    """The constants within ``low..high``, and how many low bits tell all values of that range apart.

    >>> reachable([3, 99, -7], 0, 12)
    ([3], 4)
    """
    return sorted({c for c in constants if low <= c <= high}), max(1, (high - low).bit_length())
