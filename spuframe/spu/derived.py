"""Kernels over a small core: {dot, and_, open, random, edabit, sines} are enough for a protocol, the rest is composed here.

All open ``c = x + r`` (bits: ``x ^ r``) for a random r that no party knows, held as a number and as bits (an edaBit), so what is opened is uniform; then

- the bits of x are those of ``c - r = ~(~c + r)``: an addition of public and secret bits without a carry in, log2 of the bits rounds;
- the sign needs the carry into the top bit alone, equality with zero that ``r = c``;
- a bit is ``c + r - 2 c r``: local;
- truncation and extension of ``|x| < 2^(k-2)``: with ``v = x + 2^(k-2) < 2^(k-1)``, ``c = v + r`` has wrapped exactly if the top bit of r is set and that
  of c is not, so ``v = c - r + 2^k r_top (1 - c_top)`` over the integers, and ``(c >> f) - (r >> f) + 2^(k-f) r_top (1 - c_top) - 2^(k-2-f)`` is
  the floor of ``x / 2^f`` or one more: the contract's promise. The low, middle and top bits of r are edaBits of their own;
- ``sin h(c - r) = sin hc cos hr - cos hc sin hr``: where sines and cosines of r's multiples were shared with r, a series is local once c is open.

Sources: Escudero+ CRYPTO 2020 (edaBits), Rabbit [Makri+ FC 2021] for comparison; Zheng+ ACSAC 2023 for sines; the known
sign as in `spuframe.protocols.aby3.arithmetic`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spuframe.kernels.sines import sine_words
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.kernel import Derived
from spuframe.spu.shaping import and_pairs, folded, padded
from spuframe.spu.share import Arithmetic, Array, Boolean, Share, concat


def _masked(box: BlackBox, x: Share, bits: int) -> tuple[Array, Share]:
    """Public c and shared bits of r, with ``x = c - r`` modulo 2^bits."""
    ring = Arithmetic.least(bits).bits
    r, word = box.edabit(ring, ring, x.rows)
    keep = np.uint64((1 << bits) - 1)
    return box.open_masked(x.narrow(ring) + r).astype(np.uint64) & keep, word.slice_bits(0, bits)


def _addition(box: BlackBox, c: Array, r: Share) -> tuple[Share, Share]:
    """Where ``~c + r`` makes a carry, and where it hands one on."""
    other = ~c & np.uint64(r.kind.mask if isinstance(r.kind, Boolean) else 0)
    return r.and_public(other), r ^ box.constant(other, r.kind, r.shape)


def _total(box: BlackBox, carry: Share, hand: Share) -> Share:
    """All bits of the sum, by a parallel prefix."""
    bits, total, by = hand.bits, hand, 1
    while by < bits - 1:  # no carry leaves the word
        gained, hand = and_pairs(box, [(hand, carry.shift_left(by)), (hand, hand.shift_left(by))])
        carry, by = carry ^ gained, 2 * by
    return total ^ carry.shift_left(1)


def _top(box: BlackBox, carry: Share, hand: Share) -> Share:
    """The top bit of the sum: the carry into it alone, by a tree."""
    low = hand.bits - 1
    size = 1 << (low - 1).bit_length()
    return hand.bit(low) ^ folded(box, carry.slice_bits(0, low).widen(size), padded(box, hand.slice_bits(0, low), size))[0]


def a2b_of_addends(box: BlackBox, x: Share, bits: int) -> Share:
    """The low bits of ``a + b``, where the protocol has two addends of x whose bits it can share."""
    carry, hand = box.addends(x, bits)
    return hand if bits == 1 else _total(box, carry, hand)


def msb_of_addends(box: BlackBox, x: Share, bits: int) -> Share:
    """The sign of ``a + b``."""
    carry, hand = box.addends(x, bits)
    return hand if bits == 1 else _top(box, carry, hand)


def a2b(box: BlackBox, x: Share, bits: int) -> Share:
    """The low bits: ``~(~c + r)`` by a parallel prefix."""
    c, r = _masked(box, x, bits)
    if bits == 1:
        return r ^ box.constant(c, r.kind, r.shape)
    return box.not_(_total(box, *_addition(box, c, r)))


def msb(box: BlackBox, x: Share, bits: int) -> Share:
    """The sign: the carry into the top bit, by a tree."""
    c, r = _masked(box, x, bits)
    if bits == 1:
        return r ^ box.constant(c, r.kind, r.shape)
    return box.not_(_top(box, *_addition(box, c, r)))


def eqz(box: BlackBox, x: Share, bits: int) -> Share:
    """The AND of the complements of the bits of x, or of those of ``r ^ c``."""
    if isinstance(x.kind, Arithmetic):
        c, r = _masked(box, x, bits)
        x = r ^ box.constant(c, r.kind, r.shape)
    word = padded(box, box.not_(x.slice_bits(0, bits)), 1 << (bits - 1).bit_length())
    while word.bits > 1:
        word = box.and_(*word.halves())
    return word


def b2a(box: BlackBox, x: Share, bits: int) -> Share:
    """All bits opened under bits that are numbers too: one round."""
    n, planes = x.rows, concat([x.bit(j) for j in range(x.bits)])
    r, bit = box.edabit(bits, 1, planes.rows)
    c = box.open_masked(planes ^ bit).astype(r.kind.word)
    made = box.add_public(r.scale(1 - 2 * c), c)
    total = made.slice(0, n)
    for j in range(1, x.bits):
        total = total + made.slice(j * n, (j + 1) * n).shift_left(j)
    return total


def inject(box: BlackBox, bit: Share, x: Share) -> Share:
    """The bit as a number, times the word."""
    return box.mul(box.b2a(bit, x.bits), x)


def trunc(box: BlackBox, x: Share, f: int) -> Share:
    """``(c >> f) - (r >> f) + 2^(k-f) r_top (1 - c_top) - 2^(k-2-f)``."""
    k, n, word = x.bits, x.rows, x.kind.word.type
    low, middle, top = box.edabit(k, f, n)[0], box.edabit(k, k - 1 - f, n)[0], box.edabit(k, 1, n)[0]
    r = low + middle.shift_left(f) + top.shift_left(k - 1)
    c = box.open_masked(box.add_public(x, 1 << (k - 2)) + r)
    wrapped = top.scale(((word(1) - (c >> word(k - 1))) << word(k - f)).astype(x.kind.word))
    return box.add_public(wrapped - middle - top.shift_left(k - 1 - f), (c >> word(f)) - word(1 << (k - 2 - f)))


def extend(box: BlackBox, x: Share, bits: int) -> Share:
    """``c - r + 2^k r_top (1 - c_top) - 2^(k-2)`` in the larger ring."""
    k, n, kind = x.bits, x.rows, Arithmetic(bits)
    low, top = box.edabit(bits, k - 1, n)[0], box.edabit(bits, 1, n)[0]
    r = low + top.shift_left(k - 1)
    c = box.open_masked(box.add_public(x, 1 << (k - 2)) + r.narrow(k)).astype(kind.word)
    word = kind.word.type
    wrapped = top.scale((word(1) - (c >> word(k - 1))) << word(k))
    return box.add_public(wrapped - r, c - word(1 << (k - 2)))


def fourier(box: BlackBox, x: Share, period: int, terms: Sequence[tuple[int, float]], f: int) -> Share:
    """One round, whatever the number of terms: ``sum_j c_j (sin hc cos hr - cos hc sin hr)`` for the opened ``c = x + r``."""
    rising = sorted(terms)
    harmonics = tuple(h for h, _ in rising)
    r, waves = box.sines(x.bits, period, harmonics, f, x.rows)
    c = box.open_masked(x.narrow(r.bits) + r)
    if box.dry:
        return Share(x.kind, x.shape, ())
    known = sine_words(c, period, harmonics, [factor * 2.0**f for _, factor in rising]).astype(x.kind.word)
    turned = np.empty_like(known)
    turned[0::2], turned[1::2] = np.negative(known[1::2]), known[0::2]
    return waves.scale(turned).sum(axis=0)


def _derived(run: object, equation: str, source: str) -> Derived:
    assert callable(run)
    return Derived(run, equation, source)


KERNELS: dict[str, Derived] = {
    "a2b": _derived(a2b, "x = ~(~c + r), c = x + r", "Escudero+ CRYPTO 2020, section 5"),
    "msb": _derived(msb, "the top bit of ~(~c + r)", "Escudero+ CRYPTO 2020; Makri+ FC 2021"),
    "eqz": _derived(eqz, "[r == c], c = x + r", "Escudero+ CRYPTO 2020"),
    "b2a": _derived(b2a, "sum_j 2^j (c_j + r_j - 2 c_j r_j), c_j = x_j ^ r_j", "daBits: Rotaru&Wood INDOCRYPT 2019"),
    "inject": _derived(inject, "b x, b as a number", "by definition"),
    "trunc": _derived(trunc, "(c >> f) - (r >> f) + 2^(k-f) r_top (1 - c_top) - 2^(k-2-f)", "Escudero+ CRYPTO 2020; proof in the module"),
    "extend": _derived(extend, "c - r + 2^k r_top (1 - c_top) - 2^(k-2)", "as trunc"),
    "fourier": _derived(fourier, "sum_j c_j (sin h_j c cos h_j r - cos h_j c sin h_j r), c = x + r", "Zheng+ ACSAC 2023, section 4"),
}
"""Over edaBits: all of them."""
OF_ADDENDS: dict[str, Derived] = {
    "a2b": _derived(a2b_of_addends, "the bits of a + b = x", "Mohassel, Rindal, ABY3 (CCS 2018), section 5.3"),
    "msb": _derived(msb_of_addends, "the top bit of a + b = x", "Mohassel, Rindal, ABY3 (CCS 2018), section 5.3"),
}
"""Over ``addends``, where a protocol has that."""
