"""What is local on shares: done to each party's components, it is done to the value; and nothing else touches components."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spuframe.spu
from spuframe.errors import PlanError, ProtocolError
from spuframe.kernels import wide
from spuframe.spu.components import Components
from spuframe.spu.layout import Layout
from spuframe.spu.share import BIT, Arithmetic, Array, Boolean, Kind, Share, columns, concat, pack, places, stored_shape, unpack, weighted, word_of
from spuframe.spu.tagged import TAGGED, inner, values_of, words_of

Case: TypeAlias = tuple[str, list[Kind], Callable[..., Share | list[Share]], Callable[..., Any]]
"""Methods of the layout, kinds of the inputs, what runs, and what NumPy gives for it."""
A, Q, B, W = Arithmetic(16), Arithmetic(64), Boolean(13), Boolean(64)
INDEX = np.array([3, 0, 2], np.uint32)


def binary(x: Array, bits: int) -> Array:
    """(rows, bits), the lowest first."""
    return (x.astype(np.uint64)[:, None] >> np.arange(bits, dtype=np.uint64)) & np.uint64(1)


def number(bits: Array) -> Array:
    return (bits.astype(np.uint64) << np.arange(bits.shape[1], dtype=np.uint64)).sum(axis=1, dtype=np.uint64)


def signed(x: Array, own: int, bits: int) -> Array:
    top = (x.astype(np.uint64) >> np.uint64(own - 1)) & np.uint64(1)
    return x.astype(np.uint64) + top * np.uint64((1 << bits) - (1 << own))


def order(n: int) -> Array:
    return np.arange(n, dtype=np.uint32)[::-1].copy()


def placed(ones: Share, unit: Share) -> list[Share]:
    n = ones.rows // 2
    counted = places(ones.reshape(2, n), unit)
    pieces = [counted(start, min(start + 3, n)) for start in range(0, n, 3)]
    return [concat([steps[0] + last for steps, last in pieces]), concat([steps[1] + last for steps, last in pieces]), concat([p[1] for p in pieces])]


def stable(ones: Array, unit: Array) -> list[Array]:
    """Counted as defined: of the rows of smaller values and the rows above of the same."""
    first, second = ones.reshape(2, -1).astype(np.int64)
    third, rank = 1 - first - second, np.arange(len(first))
    same = [np.cumsum(v) - 1 + start for v, start in ((first, 0), (second, first.sum()))]
    last = first.sum() + second.sum() + rank - np.cumsum(first) - np.cumsum(second)
    assert ((third == 0) | (last == first.sum() + second.sum() + np.cumsum(third) - 1)).all()
    return [v.astype(np.uint16) for v in (*same, last)]


CASES: list[Case] = [
    ("add", [A, A], lambda x, y: x + y, lambda x, y: x + y),
    ("sub", [A, A], lambda x, y: x - y, lambda x, y: x - y),
    ("neg", [A], lambda x: -x, lambda x: -x),
    ("xor", [B, B], lambda x, y: x ^ y, lambda x, y: x ^ y),
    ("xor", [BIT, BIT], lambda x, y: x ^ y, lambda x, y: x ^ y),
    ("scale", [A], lambda x: x.scale(-7), lambda x: x * np.uint16(2**16 - 7)),
    ("scale", [A], lambda x: x.scale(np.arange(x.rows)), lambda x: x * np.arange(len(x)).astype(np.uint16)),
    ("weighted", [A, A], lambda x, y: weighted([x, y, x], [3, -1, 5]), lambda x, y: x * np.uint16(8) - y),
    ("narrow", [A], lambda x: x.narrow(8), lambda x: x.astype(np.uint8)),
    ("bit", [B], lambda x: x.bit(12), lambda x: x >> 12 & 1),
    ("bit", [A], lambda x: x.bit(0), lambda x: x & 1),
    ("slice_bits", [B], lambda x: x.slice_bits(3, 7), lambda x: x >> 3 & 127),
    ("slice_bits", [W], lambda x: x.slice_bits(30, 34), lambda x: x >> 30),
    ("slice_bits", [B], lambda x: x.shift_right(5), lambda x: x >> 5),
    ("mask", [B], lambda x: x.shift_right(13), lambda x: x * 0),
    ("widen", [B], lambda x: x.widen(40), lambda x: x),
    ("widen", [BIT], lambda x: x.widen(9), lambda x: x),
    ("sign_extend", [B], lambda x: x.sign_extend(64), lambda x: signed(x, 13, 64)),
    ("sign_extend", [B], lambda x: x.sign_extend(15), lambda x: signed(x, 13, 15)),
    ("sign_extend", [BIT], lambda x: x.sign_extend(11), lambda x: x.astype(np.uint16) * 2047),
    ("shift_left", [B], lambda x: x.shift_left(4), lambda x: x << 4 & 8191),
    ("shift_left", [A], lambda x: x.shift_left(4), lambda x: x << 4),
    ("mask", [B], lambda x: x.and_public(0b1010101), lambda x: x & 0b1010101),
    ("mask", [B], lambda x: x.and_public(np.arange(x.rows)), lambda x: x & np.arange(len(x)).astype(np.uint16)),
    ("reverse", [B], lambda x: x.reverse(), lambda x: number(binary(x, 13)[:, ::-1])),
    ("evens", [W], lambda x: list(x.halves()), lambda x: [number(binary(x, 64)[:, s::2]) for s in (0, 1)]),
    ("parities", [B], lambda x: x.parities([0b101, 0b1110, 0]), lambda x: number(np.stack([np.bitwise_count(x & m) % 2 for m in (5, 14, 0)], 1))),
    ("join", [BIT, BIT, BIT], lambda x, y, z: word_of([x, y, z]), lambda x, y, z: x + 2 * y + 4 * z),
    ("slice", [BIT], lambda x: [x.slice(0, x.rows - 1), x.slice(1, x.rows)], lambda x: [x[:-1], x[1:]]),
    ("slice", [A], lambda x: x.slice(1, x.rows), lambda x: x[1:]),
    ("take", [BIT], lambda x: x.take(INDEX), lambda x: x[INDEX]),
    ("take", [B], lambda x: x.take(INDEX), lambda x: x[INDEX]),
    ("put", [BIT], lambda x: x.put(order(x.rows)), lambda x: x[::-1]),
    ("put", [A], lambda x: [x.put(order(x.rows)), x.put(order(x.rows).astype(np.int64))], lambda x: [x[::-1]] * 2),
    ("put reshape", [A], lambda x: x.reshape(-1, 1).put(order(x.rows)).reshape(x.rows), lambda x: x[::-1]),
    ("transpose broadcast", [A], lambda x: x.reshape(-1, 1).broadcast((x.rows, 2)).transpose().reshape(-1), lambda x: np.concatenate([x, x])),
    ("column columns", [A, A], lambda x, y: columns([x, y]).column(1), lambda x, y: y),
    ("broadcast", [BIT], lambda x: x.slice(0, 1).broadcast((9,)), lambda x: np.repeat(x[:1], 9)),
    ("concat", [BIT, BIT], lambda x, y: concat([x, y, x]), lambda x, y: np.concatenate([x, y, x])),
    ("concat", [A, A], lambda x, y: concat([x, y]), lambda x, y: np.concatenate([x, y])),
    ("concat", [A, A], lambda x, y: concat([x.reshape(-1, 1), columns([y, x])], axis=1).column(2), lambda x, y: x),
    ("prefix differences", [A], lambda x: [x.prefix(), x.differences()], lambda x: [np.cumsum(x, dtype=x.dtype), np.diff(x, prepend=x.dtype.type(0))]),
    ("prefix differences", [B], lambda x: [x.prefix(), x.prefix().differences()], lambda x: [np.bitwise_xor.accumulate(x), x]),
    ("prefix differences", [BIT], lambda x: [x.prefix(), x.prefix().differences()], lambda x: [np.bitwise_xor.accumulate(x), x]),
    ("sum", [A], lambda x: [x.sum(), columns([x, x]).sum(axis=1)], lambda x: [x.sum(dtype=x.dtype), 2 * x]),
    ("fold", [BIT], lambda x: concat([x] * 64).fold(), lambda x: number(np.concatenate([x] * 64).reshape(-1, 64))),
    ("places", [A, A], lambda x, y: placed(concat([x, y]), x.slice(0, 1)), None),
    ("add sub neg", [Q, Q], lambda x, y: [x + y, x - y, -x], lambda x, y: [x + y, x - y, -x]),
    ("add broadcast", [Q, Q], lambda x, y: [x + y.slice(0, 1), x.reshape(-1, 1) + y], lambda x, y: [x + y[:1], x[:, None] + y]),
    ("scale", [Q], lambda x: [x.scale(-7), x.scale(np.arange(x.rows))], lambda x: [x * np.uint64(2**64 - 7), x * np.arange(len(x), dtype=np.uint64)]),
    ("weighted", [Q, Q], lambda x, y: weighted([x, y, x], [3, -1, 5]), lambda x, y: x * np.uint64(8) - y),
    ("narrow bit", [Q], lambda x: [x.narrow(32), x.narrow(16).narrow(8).bit(0)], lambda x: [x.astype(np.uint32), x & 1]),
    ("shift_left", [Q], lambda x: [x.shift_left(1), x.shift_left(63)], lambda x: [x << np.uint64(1), x << np.uint64(63)]),
    ("prefix differences", [Q], lambda x: [x.prefix(), x.differences()], lambda x: [np.cumsum(x), np.diff(x, prepend=np.uint64(0))]),
    ("sum", [Q], lambda x: [x.sum(), columns([x, x]).sum(axis=1)], lambda x: [x.sum(), 2 * x]),
    ("xor slice_bits", [B], lambda x: x.reshape(-1, 1) ^ x.reshape(-1, 1).slice_bits(0, 13).shift_left(1), lambda x: (x ^ (x << 1 & 8191))[:, None]),
]  # fmt: skip


class Untagged:
    """One or more components at each of some parties; the bits after the last row are arbitrary."""

    def __init__(self, parties: int, count: int) -> None:
        self.parties, self.layout, self.key = parties, Components(count), 0

    def share(self, words: Array, kind: Kind, shape: tuple[int, ...], rng: np.random.Generator) -> list[Share]:
        count = self.parties * self.layout.count(kind)
        stored = pack(words) if kind == BIT else words
        parts = [rng.integers(0, 1 << 64, stored_shape(kind, shape), np.uint64).astype(kind.word) for _ in range(count - 1)]
        if isinstance(kind, Boolean) and kind != BIT:
            parts = [p & kind.word.type(kind.mask) for p in parts]
        minus = np.subtract if isinstance(kind, Arithmetic) else np.bitwise_xor
        parts.append(reduce(minus, parts, stored))
        each = self.layout.count(kind)
        return [Share(kind, shape, tuple(parts[i : i + each]), self.layout) for i in range(0, count, each)]

    def value(self, held: list[Share]) -> Array:
        assert all(p.dtype == x.kind.word and len(x.parts) == self.layout.count(x.kind) for x in held for p in x.parts)
        plus = np.add if isinstance(held[0].kind, Arithmetic) else np.bitwise_xor
        total = reduce(plus, [p for x in held for p in x.parts])
        return unpack(total, held[0].rows) if held[0].is_bit else total


class WithTags:
    """Two parties, and a key that neither knows; what stands above the values is arbitrary."""

    layout = TAGGED

    def share(self, words: Array, kind: Kind, shape: tuple[int, ...], rng: np.random.Generator) -> list[Share]:
        self.key = rng.integers(0, 1 << 64, 2, np.uint64)
        return self._with_key(words, kind, shape, rng)

    def _with_key(self, words: Array, kind: Kind, shape: tuple[int, ...], rng: np.random.Generator) -> list[Share]:
        whole = words_of(kind, words)
        above = rng.integers(0, 1 << 64, whole.shape, np.uint64)
        whole = wide.add(whole, wide.shift_left(above, kind.bits if isinstance(kind, Arithmetic) else 1))
        one = tuple(rng.integers(0, 1 << 64, whole.shape, np.uint64) for _ in range(2))
        other = tuple(wide.sub(v, p) for v, p in zip((whole, self._tag(whole)), one, strict=True))
        return [Share(kind, shape, parts, TAGGED) for parts in (one, other)]

    def _tag(self, whole: Array) -> Array:
        return wide.mul(whole, self.key[: whole.shape[-1]])

    def value(self, held: list[Share]) -> Array:
        """Once the tag is found to be right."""
        one, other = held
        assert all(p.shape == (*one.shape, *inner(one.kind)) for p in one.parts)
        whole, tag = (wide.add(p, q) for p, q in zip(one.parts, other.parts, strict=True))
        np.testing.assert_array_equal(tag, self._tag(whole), "the tag is not that of the value")
        return values_of(one.kind, whole)


LAYOUTS = {"one component": lambda: Untagged(2, 1), "three": lambda: Untagged(1, 3), "tags": WithTags}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("case", CASES, ids=[f"{i} {c[0]}" for i, c in enumerate(CASES)])
@given(n=st.integers(4, 40), seed=st.integers(0, 1 << 32))
@settings(max_examples=10)
def test_what_is_done_to_shares_is_done_to_the_value(case: Case, layout: str, n: int, seed: int) -> None:
    name, kinds, run, reference = case
    rng, how = np.random.default_rng(seed), LAYOUTS[layout]()
    words = [(rng.integers(0, 1 << 64, n, np.uint64) & np.uint64((1 << k.bits) - 1)).astype(k.word) for k in kinds]
    if name == "places":
        digit = rng.integers(0, 3, n)
        words, kinds = [np.ones(1, np.uint16), *(np.uint16(digit == v) for v in (0, 1))], [A] * 3
        expected: Any = stable(np.concatenate(words[1:]), np.ones(1))
    else:
        expected = reference(*words)
    dealt = [(how.share if not i else getattr(how, "_with_key", how.share))(w, k, w.shape, rng) for i, (w, k) in enumerate(zip(words, kinds, strict=True))]
    ends = [placed(concat(list(own[1:])), own[0]) if name == "places" else run(*own) for own in zip(*dealt, strict=True)]
    several = isinstance(ends[0], list)
    for held, right in zip(zip(*ends, strict=True), expected, strict=True) if several else [(ends, expected)]:
        np.testing.assert_array_equal(how.value(list(held)), right)


def test_a_number_with_tags_has_one_linear_bit() -> None:
    x = WithTags().share(np.arange(3, dtype=np.uint16), A, (3,), np.random.default_rng(0))[0]
    assert not TAGGED.drops
    for other in (lambda: x.bit(1), lambda: x.slice_bits(0, 3), lambda: x.drop(2)):
        with pytest.raises(PlanError, match="a2b|truncate"):
            other()


def test_every_operation_of_a_layout_is_tested() -> None:
    tested = {name for case in CASES for name in case[0].split()}
    assert tested == Layout.__abstractmethods__ - {"count", "held_bits", "empty", "write"}  # those are tested with the rows of `BlackBox`


def test_a_share_has_the_components_of_its_layout() -> None:
    with pytest.raises(ProtocolError, match="has 2 components, got 1: pass the protocol's layout"):
        Share(A, (1,), (np.zeros(1, np.uint16),), Components(2))
    with pytest.raises(ProtocolError, match="has 0 components"):  # fails closed: a kernel cannot forget its layout
        Share(A, (1,), (np.zeros(1, np.uint16),))


def test_rows_fold_by_64() -> None:
    with pytest.raises(PlanError, match="multiple of 64"):
        Share(BIT, (65,), ()).fold()


def test_nothing_else_touches_components() -> None:
    package = Path(spuframe.spu.__file__).parent
    allowed = {"share.py", "components.py", "tagged.py", "layout.py", "evaluate.py"}  # the last has parts of expressions
    found = [
        f"{path.relative_to(package)}:{node.lineno}"
        for path in sorted(package.rglob("*.py"))
        if path.name not in allowed and path.parent.name != "additive"  # kernels that protocols have in common
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ("parts", "map")
    ]
    assert not found, f"components are looked at outside of layouts: {found}"
