"""What the words of a fit hold of other rows: all that the public range lets be there, or edges that are found in integers, to the unit."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from spuframe.dtypes import Field, Fixed, Int
from spuframe.ir.words import AMPLE, FARTHEST, MOST, distance, words

BOUNDS = st.tuples(st.integers(-(1 << 60), 1 << 60), st.integers(0, 1 << 40)).map(lambda p: (p[0] - p[1], p[0] + p[1]))
FIELDS = st.one_of(
    BOUNDS.map(lambda b: Field("x", Int(64), range=b)),
    st.builds(lambda f: Field("x", Fixed(f)), st.integers(0, 60)),
    st.builds(lambda f, b: Field("x", Fixed(f), range=(-b, b)), st.integers(0, 30), st.integers(1, 1 << 20)),
    st.just(Field("x", Int(64))),
)


@given(FIELDS, st.integers(-4, 70), st.integers(-(1 << 60), 1 << 60), st.integers(0, MOST), st.lists(st.integers(-(1 << 63), (1 << 63) - 1)))
@example(Field("x", Int(64)), 0, 0, 0, [(1 << 62) - 1, 1 << 62, -(1 << 62), 1 - (1 << 62)])
@example(Field("x", Fixed(18)), 16, 0, MOST, [(1 << 62) - 1, 1 - (1 << 62)])
def test_edges_are_where_words_end(field: Field, fraction: int, centre: int, bits: int, samples: list[int]) -> None:
    bits_there, edges = distance(field, fraction, centre, bits)
    f, mean = field.dtype.frac, (1 << bits) >> 1
    low, high = field.dtype.units(field.range)
    if isinstance(field.dtype, Fixed):
        low, high = max(low, 1 - (1 << 62)), min(high, (1 << 62) - 1)
    assert bits_there <= FARTHEST
    near = [low, high, *([] if edges is None else [edges.low - 1, edges.low, edges.high, edges.high + 1])]
    for raw in [*near, *samples]:
        if not low <= raw <= high:
            continue
        word = (raw << fraction - f if fraction >= f else raw >> f - fraction) - centre
        held = abs(word) + mean + 3 * bool(mean) + (fraction < f) < 1 << FARTHEST
        if edges is None:
            assert abs(word) + mean < 1 << bits_there
        else:
            assert edges.lowest <= raw <= edges.highest
            if edges.low <= raw <= edges.high:
                assert abs(word) + mean < 1 << FARTHEST
            else:
                assert not held


def test_ordinary_frames_are_not_compared() -> None:
    """Fitted and applied on one unknown range; and narrow columns beside wide ones leave room for rows far from theirs."""
    fields = [Field("scaled", Fixed(18)), Field("age", Int(64), range=(18, 90)), Field("rate", Fixed(30), range=(0.0, 1.0))]
    found = words(fields)
    assert found.bits == MOST
    wider = [fields[0], Field("age", Int(64), range=(-(10**7), 10**7)), Field("rate", Fixed(18), range=(-1e5, 1e5))]
    for field, fraction, centre in zip([*fields, *wider], found.fractions * 2, found.centres * 2, strict=True):
        assert distance(field, fraction, centre, found.bits)[1] is None
    assert words(fields[1:]).bits < AMPLE
