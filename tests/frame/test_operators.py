"""Operators and methods of columns against pandas, at the owner and on shares: bits, shifts, fill values, membership of nulls, bounds, deviations."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe.errors import PlanError, RangeOverflowError, TypeMismatchError

MOST = 2**61 - 1
ROWS = pd.DataFrame(
    {
        "id": range(9),
        "i": pd.array([0, 1, -1, 5, None, -128, 127, 100, -7], dtype="Int64"),
        "j": pd.array([12, None, 3, -5, 7, 127, -128, 1, 2], dtype="Int64"),
        "wide": [MOST, -MOST, 0, -1, 1, 2**40 + 3, -(2**33), 255, -256],
        "u": np.array([0, 1, 255, 128, 127, 3, 7, 200, 64], np.uint8),
        "x": [0.5, None, -0.25, 4.0, 0.1, -3.75, 0.0, 1000.5, 2.0],
        "y": [2.0, 1.5, None, -4.0, 0.5, 0.25, 1.0, -1.0, 8.0],
        "b": pd.array([True, False, None, True, False, True, None, False, True], dtype="boolean"),
        "s": ["a", None, "b", "", "ab", "a", "c", None, "b"],
    }
)


@pytest.fixture(scope="module", params=["computed by the owner", "computed on shares"])
def frame(session: sf.Session, request: pytest.FixtureRequest) -> sf.SecretFrame:
    read = session.from_pandas(ROWS, owner="hospital")
    return read if request.param == "computed by the owner" else read.persist()


def revealed(frame: sf.SecretFrame, made: dict[str, sf.SecretSeries]) -> pd.DataFrame:
    return frame.assign(**made)[["id", *made]].reveal().sort_values("id")


def same(got: pd.Series, want: Any, what: str, tolerance: float = 1e-5) -> None:
    want = pd.Series(want)
    assert got.isna().tolist() == want.isna().tolist(), what
    a, b = got.dropna().tolist(), want.dropna().tolist()
    if want.dtype.kind == "f":
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=what)
    else:
        assert a == b, what


BITWISE = {"&": operator.and_, "|": operator.or_, "^": operator.xor}


def test_bits(frame: sf.SecretFrame) -> None:
    made, want = {}, {}
    for t, out in ((frame, made), (ROWS, want)):
        for symbol, op in BITWISE.items():
            out |= {f"i {symbol} j": op(t["i"], t["j"]), f"i {symbol} wide": op(t["i"], t["wide"]), f"i {symbol} u": op(t["i"], t["u"].astype("int64"))}
            out |= {f"{c} {symbol} {k}": op(t[c], k) for c in ("i", "wide") for k in (0, 1, 6, 1023, -1, -8)}
            out |= {f"12 {symbol} {c}": op(12, t[c]) for c in ("i", "wide")}
        out |= {"~i": ~t["i"], "~wide": ~t["wide"], "~u": ~t["u"]}
    found = revealed(frame, made)
    for name in want:
        same(found[name], want[name], name)


def test_shifts(frame: sf.SecretFrame) -> None:
    made = {f"{c} >> {k}": frame[c] >> k for c in ("i", "wide", "u") for k in (0, 1, 4, 9, 62, 63)}
    made |= {f"{c} << {k}": frame[c] << k for c in ("i", "u") for k in (0, 1, 40)} | {"b << 2": frame["b"] << 2}
    found = revealed(frame, made)
    for name in made:
        c, op, k = name.split()
        shift = operator.rshift if op == ">>" else operator.lshift
        same(found[name], pd.Series([None if v is pd.NA else shift(int(v), int(k)) for v in ROWS[c]], dtype="Int64"), name)


def test_logic_is_what_it_was(frame: sf.SecretFrame) -> None:
    made, want = {}, {}
    for t, out in ((frame, made), (ROWS, want)):
        out |= {f"{v} {s} b": op(v, t["b"]) for v in (True, False) for s, op in BITWISE.items()}
        out |= {"kleene": t["b"] | (t["i"] > 0), "not": ~t["b"], "^ column": t["b"] ^ (t["wide"] > 0)}
    found = revealed(frame, made)
    for name in want:
        same(found[name], want[name], name)


def test_bits_of_other_types_are_refused(frame: sf.SecretFrame) -> None:
    for wrong in (lambda f: f["i"] & f["x"], lambda f: f["x"] | 1, lambda f: f["s"] ^ f["s"], lambda f: f["b"] & f["i"], lambda f: True | f["i"]):
        with pytest.raises(TypeMismatchError, match="two booleans or two integers.*parentheses"):
            wrong(frame)
    with pytest.raises(TypeMismatchError, match="booleans or integers"):
        ~frame["x"]
    with pytest.raises(TypeMismatchError, match="truth value.*parentheses"):
        frame["i"] > 5 & frame["j"] < 3  # noqa: B015 the comparison chain that a missing pair of parentheses makes
    with pytest.raises(TypeMismatchError, match="public integer.*map"):
        1 << frame["i"]
    with pytest.raises(PlanError, match="from 0 to 61"):
        frame["i"] << 62
    with pytest.raises(RangeOverflowError, match="'wide'"):
        frame["wide"] << 3


ARITHMETIC = ["add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "div", "floordiv", "mod"]
COMPARISONS = ["eq", "ne", "lt", "le", "gt", "ge"]


@pytest.mark.parametrize("names", [ARITHMETIC, COMPARISONS], ids=["arithmetic", "comparisons"])
def test_named_methods(frame: sf.SecretFrame, names: list[str]) -> None:
    made, want = {}, {}
    for t, out in ((frame, made), (ROWS.astype({"x": "Float64", "y": "Float64"}), want)):
        for name, a, b in ((name, *pair) for name in names for pair in (("i", "j"), ("x", "y"))):
            method = getattr(t[a], name)
            cases = {b: method(t[b]), "3": method(3), f"{b} filled": method(t[b], fill_value=2), "3 filled": method(3, fill_value=1)}
            out |= {f"{a} {name} {case}": column for case, column in cases.items()}
    found = revealed(frame, made)
    for what in want:
        if want[what].dtype.kind == "f":  # a division by zero is null here
            want[what] = want[what].replace([np.inf, -np.inf], pd.NA)
        same(found[what], want[what], what)


def test_reflected_quotients_powers_and_pairs(frame: sf.SecretFrame) -> None:
    w = ROWS["wide"]
    quotient, rest = divmod(frame["wide"], 10)
    by, left = divmod(1000, frame["u"] + 1)
    made = {"q": quotient, "r": rest, "by": by, "left": left, "rfloordiv": (frame["u"] + 1).rfloordiv(1000), "rmod": (frame["u"] + 1).rmod(1000)}
    made |= {"method": frame["u"].divmod(7)[0], "pow": frame["u"].pow(2), "rdiv": frame["u"].add(1).rdiv(2), "plus": +frame["u"]}
    found, u = revealed(frame, made), ROWS["u"].astype("int64")
    want = {"q": w // 10, "r": w % 10, "by": 1000 // (u + 1), "left": 1000 % (u + 1), "rfloordiv": 1000 // (u + 1), "rmod": 1000 % (u + 1)}
    want |= {"method": u // 7, "pow": u**2, "rdiv": 2 / (u + 1), "plus": u}
    for name in made:
        same(found[name], want[name], name)


def test_nulls_among_the_values_of_isin(frame: sf.SecretFrame) -> None:
    """As pandas' Arrow-backed columns: every sign of a missing value is null."""
    made, want = {}, {}
    for c, v in (("i", 5), ("x", 0.5), ("b", True), ("s", "b"), ("id", 3)):
        missing = ROWS[c].isna()
        for k, sign in enumerate((None, float("nan"), pd.NA, np.float32("nan"), pd.NaT)):
            made |= {f"{c} {k}": frame[c].isin([v, sign]), f"{c} {k} alone": frame[c].isin({sign})}
            want |= {f"{c} {k}": (ROWS[c] == v).fillna(False).astype(bool) | missing, f"{c} {k} alone": missing}
        made[f"only {c}"], want[f"only {c}"] = frame[c].isin(pd.Series([v])), (ROWS[c] == v).fillna(False).astype(bool)
    found = revealed(frame, made)
    for name in want:
        same(found[name], want[name], name)
    arrow = ROWS["i"].convert_dtypes(dtype_backend="pyarrow")
    assert arrow.isin([5, None]).tolist() == want["i 0"].tolist()
    with pytest.raises(TypeMismatchError, match=r"must be a list.*isin\(\[value\]\)"):
        frame["s"].isin("ab")
    with pytest.raises(TypeMismatchError, match="iterated"):
        frame["i"].isin(frame["j"])


def test_bounds_in_the_wrong_order(frame: sf.SecretFrame) -> None:
    made = {"i": frame["i"].clip(50, -3), "x": frame["x"].clip(3, 1), "one": frame["x"].clip(float("nan"), 1), "column": frame["i"].clip(frame["j"], 50)}
    found = revealed(frame, made)
    same(found["i"], ROWS["i"].clip(-3, 50), "i")
    assert pd.Series([4.0, 0.0]).clip(3, 1).tolist() == [3.0, 1.0]  # pandas exchanges them
    same(found["x"], ROWS["x"].clip(3, 1), "x")
    same(found["one"], ROWS["x"].clip(upper=1), "one")
    either = ROWS["i"].isna() | ROWS["j"].isna()
    same(found["column"].mask(either), ROWS["i"].where(ROWS["i"] >= ROWS["j"], ROWS["j"]).clip(upper=50).mask(either), "column")
    with pytest.raises(TypeMismatchError, match="clip"):
        frame["i"].clip("a", 3)


# ---- deviations, any, all ---------------------------------------------------------------------------
def test_deviations(frame: sf.SecretFrame) -> None:
    first = frame[frame["id"] < 6]
    cases = [(column, ddof) for column in ("i", "u", "x", "y", "b") for ddof in (0, 1, 4)]
    asked = [number for c, d in cases for number in (frame[c].std(ddof=d), frame[c].var(ddof=d), first[c].std(ddof=d))]
    found = iter(sf.reveal(*asked))
    for column, ddof in cases:
        known = ROWS[column].dropna().astype(float)
        some = known[known.index < 6]
        assert next(found) == pytest.approx(known.std(ddof=ddof), rel=5e-6), (column, ddof)
        assert next(found) == pytest.approx(known.var(ddof=ddof), rel=5e-6), (column, ddof)
        assert next(found) == (None if len(some) <= ddof else pytest.approx(some.std(ddof=ddof), rel=5e-6)), (column, ddof)


def test_deviations_far_from_zero_and_in_wide_ranges(session: sf.Session) -> None:
    rng = np.random.default_rng(5)
    data = pd.DataFrame(
        {
            "year": 2000 + rng.integers(0, 20, 500),
            "salary": rng.integers(20_000, 2_000_000, 500),
            "rate": 1e-3 * rng.random(500),
            "height": 170 + 10 * rng.standard_normal(500),
            "flat": 7,
            "far": rng.integers(-(2**40), 2**40, 500),
            "large": (rng.random(500) - 0.5) * 2.0**36,
        }
    )
    ranges = {"year": (0, 4000), "salary": (0, 2**24), "rate": (0.0, 0.001), "height": (0.0, 1000.0), "flat": (0, 100), "far": (-(2**40), 2**40)}
    frame = session.from_pandas(data, owner="bank", ranges=ranges).persist()
    std = dict(zip(data.columns, sf.reveal(*(frame[name].std() for name in data.columns))))
    for name in ("year", "salary", "height", "far", "large"):
        assert std[name] == pytest.approx(data[name].std(), rel=1e-5), name
    assert std["rate"] == pytest.approx(data["rate"].std(), abs=2.0**-18) and std["flat"] == pytest.approx(0, abs=1e-4)
    year, salary, height = sf.reveal(frame["year"].var(), frame["salary"].var(), np.std(frame["height"]))
    assert year == pytest.approx(data["year"].var(), rel=1e-5) and salary == pytest.approx(data["salary"].var(), rel=1e-5)
    assert height == pytest.approx(data["height"].std(ddof=0), rel=1e-5)
    wide = session.from_pandas(pd.DataFrame({"w": [2**60, -(2**60)]}), owner="bank")
    with pytest.raises(RangeOverflowError, match="'w'.*no room for sums: declare it"):
        wide["w"].std()


def test_too_few_values(frame: sf.SecretFrame) -> None:
    one, none = frame[frame["id"] == 0], frame[frame["id"] > 100]
    for column in ("u", "i"):
        few = one[column].std(), one[column].var(), none[column].std(), none[column].var(ddof=0), frame[column].var(ddof=9), frame[column].std(ddof=20)
        *nothing, zero = sf.reveal(*few, one[column].std(ddof=0))
        assert nothing == [None] * len(few)
        assert zero == pytest.approx(0, abs=2.0**-17 * 128)  # of the range


@pytest.mark.parametrize("column", ["b", "i", "u", "x"])
def test_any_and_all(frame: sf.SecretFrame, column: str) -> None:
    parts = ((frame, ROWS), (frame[frame["id"] == 2], ROWS[2:3]), (frame[frame["id"] > 100], ROWS[:0]), (frame[frame["id"] == 6], ROWS[6:7]))
    found = sf.reveal(*(number for kept, _ in parts for number in (kept[column].any(), kept[column].all())))
    known = [rows[column].dropna() for _, rows in parts]
    assert list(found) == [bool(value) for values in known for value in (values.any(), values.all())]


def test_any_of_text_is_refused(frame: sf.SecretFrame) -> None:
    with pytest.raises(TypeMismatchError, match="'s'"):
        frame["s"].any()
    with pytest.raises(TypeMismatchError, match="'s'"):
        frame["s"].std()


def test_no_rows(session: sf.Session) -> None:
    empty = session.from_pandas(ROWS[:0].astype({"s": "str"}), owner="hospital", ranges={"i": (-9, 9), "x": (-1.0, 1.0)})
    made = empty.assign(a=empty["i"] & 3, c=empty["i"].cumsum(), s=empty["i"] >> 1)
    assert made.reveal().shape[0] == 0
    i, x = empty["i"], empty["x"]
    assert [v.reveal() for v in (i.std(), x.var(), i.any(), i.all(), i.dot(i), x @ x)] == [None, None, False, True, 0, 0.0]
