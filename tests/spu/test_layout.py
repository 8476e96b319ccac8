"""What is local on shares: done to each party's components, it is done to the value; and nothing else touches components."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spuframe.spu
from spuframe.errors import PlanError, ProtocolError
from spuframe.spu.components import Components
from spuframe.spu.layout import Layout
from spuframe.spu.share import BIT, Arithmetic, Array, Boolean, Kind, Share, columns, concat, pack, places, stored_shape, unpack, weighted, word_of

Case: TypeAlias = tuple[str, list[Kind], Callable[..., Share | list[Share]], Callable[..., Any]]
"""Methods of the layout, kinds of the inputs, what runs, and what NumPy gives for it."""
A, B, W = Arithmetic(16), Boolean(13), Boolean(64)
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
]  # fmt: skip


def shared(words: Array, kind: Kind, shape: tuple[int, ...], rng: np.random.Generator) -> Share:
    """Three components; the bits after the last row are arbitrary."""
    stored = pack(words) if kind == BIT else words
    a, b = (rng.integers(0, 1 << 64, stored_shape(kind, shape), np.uint64).astype(kind.word) for _ in range(2))
    if isinstance(kind, Boolean) and kind != BIT:
        a, b = (p & kind.word.type(kind.mask) for p in (a, b))
    return Share(kind, shape, (a, b, stored - a - b if isinstance(kind, Arithmetic) else stored ^ a ^ b), Components(3))


def value(x: Share) -> Array:
    a, b, c = x.parts
    total = a + b + c if isinstance(x.kind, Arithmetic) else a ^ b ^ c
    return unpack(total, x.rows) if x.is_bit else total


@pytest.mark.parametrize("case", CASES, ids=[f"{i} {c[0]}" for i, c in enumerate(CASES)])
@given(n=st.integers(4, 40), seed=st.integers(0, 1 << 32))
def test_what_is_done_to_components_is_done_to_the_value(case: Case, n: int, seed: int) -> None:
    name, kinds, run, reference = case
    rng = np.random.default_rng(seed)
    words = [(rng.integers(0, 1 << 64, n, np.uint64) & np.uint64((1 << k.bits) - 1)).astype(k.word) for k in kinds]
    if name == "places":
        digit = rng.integers(0, 3, n)
        words, reference = [np.uint16(digit == v) for v in (0, 1)], stable
        one = shared(np.ones(1, np.uint16), A, (1,), rng)
        got: Any = placed(concat([shared(w, A, (n,), rng) for w in words]), one)
        expected: Any = stable(np.concatenate(words), np.ones(1))
    else:
        got, expected = run(*(shared(w, k, (n,), rng) for w, k in zip(words, kinds, strict=True))), reference(*words)
    for found, right in zip(got, expected, strict=True) if isinstance(got, list) else [(got, expected)]:
        assert all(p.dtype == found.kind.word for p in found.parts) and found.layout.count(found.kind) == 3
        np.testing.assert_array_equal(value(found), right)


def test_every_operation_of_a_layout_is_tested() -> None:
    tested = {name for case in CASES for name in case[0].split()}
    assert tested == Layout.__abstractmethods__ - {"count", "empty", "write"}  # those are tested with the rows of `BlackBox`


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
    allowed = {"share.py", "components.py", "layout.py", "evaluate.py"}  # the last has parts of expressions
    found = [
        f"{path.relative_to(package)}:{node.lineno}"
        for path in sorted(package.rglob("*.py"))
        if path.name not in allowed
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ("parts", "map")
    ]
    assert not found, f"components are looked at outside of layouts: {found}"
