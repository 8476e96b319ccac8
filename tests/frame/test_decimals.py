"""Decimals through a whole session: exact sums, differences and products, with the types of Arrow; against Python's decimals."""

from __future__ import annotations

import operator
from decimal import Decimal as D
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import spuframe as sf
from spuframe import dtypes
from spuframe.errors import EncodingError, PlanError, RangeOverflowError, SpuframeError, TypeMismatchError

PRICES = [D("12.34"), D("-0.05"), None, D("99.99"), D("0.00"), D("12.34")]
RATES = [D("0.0700"), D("0.1900"), D("0.0001"), D("-1.0000"), None, D("0.0700")]
ROWS = pa.table(
    {
        "id": range(6),
        "price": pa.array(PRICES, pa.decimal128(7, 2)),
        "rate": pa.array(RATES, pa.decimal128(6, 4)),
        "n": pa.array([3, 4, 5, None, -7, 0], pa.int32()),
        "x": [0.5, 1.5, 2.5, 0.25, 4.0, 1.0],
        "k": ["a", "b", "a", "a", "b", "b"],
    }
)


@pytest.fixture(scope="module")
def scanned(session: sf.Session) -> sf.SecretFrame:
    return session.from_arrow(ROWS, owner="shop", ranges={"n": (-10, 10), "rate": (-1, D("1"))})


@pytest.fixture(scope="module", params=["computed by the owner", "computed on shares"])
def sales(scanned: sf.SecretFrame, request: pytest.FixtureRequest) -> sf.SecretFrame:
    return scanned if request.param == "computed by the owner" else scanned.persist()


def rows(frame: sf.SecretFrame, name: str) -> list[object]:
    return frame[["id", name]].reveal("arrow").sort_by("id").column(name).to_pylist()


def each(f: object, *columns: list[object]) -> list[object]:
    return [None if None in row else f(*row) for row in zip(*columns, strict=True)]  # type: ignore[operator]


def test_reading_and_revealing(sales: sf.SecretFrame) -> None:
    assert sales["price"].dtype == dtypes.Decimal(7, 2) and str(sales["rate"].dtype) == "decimal[6,4]" and sales["price"].dtype == "decimal"
    table = sales.reveal("arrow").sort_by("id")
    assert table.select(["price", "rate"]).equals(ROWS.select(["price", "rate"]))
    assert sales.reveal().sort_values("id")["price"].tolist() == PRICES
    assert "-1.0000 .. 1.0000" in repr(sales)


@pytest.mark.parametrize("name", ["add", "sub", "mul"])
def test_exact_results_of_arrows_types(sales: sf.SecretFrame, name: str) -> None:
    build, arrow = getattr(operator, name), {"add": pc.add, "sub": pc.subtract, "mul": pc.multiply}[name]
    frame = sales.assign(
        both=build(sales["price"], sales["rate"]),
        own=build(sales["price"], sales["price"]),
        whole=build(sales["price"], sales["n"]),
        constant=build(sales["price"], D("1.005")),
        written=build(sales["price"], 0.1),
        number=build(2, sales["rate"]),
    )
    want = arrow(ROWS["price"], ROWS["rate"])
    assert frame["both"].dtype.arrow == want.type and rows(frame, "both") == want.to_pylist()
    assert frame["own"].dtype.arrow == arrow(ROWS["price"], ROWS["price"]).type
    assert rows(frame, "own") == each(build, PRICES, PRICES)
    assert rows(frame, "whole") == each(build, PRICES, ROWS["n"].to_pylist())
    assert rows(frame, "constant") == each(lambda p: build(p, D("1.005")), PRICES)
    assert rows(frame, "written") == each(lambda p: build(p, D("0.1")), PRICES)
    assert rows(frame, "number") == each(lambda r: build(2, r), RATES)


def test_comparisons_and_choices(sales: sf.SecretFrame) -> None:
    price = sales["price"]
    tests = {"lt": operator.lt, "le": operator.le, "eq": operator.eq, "ne": operator.ne, "gt": operator.gt, "ge": operator.ge}
    for limit, exact in ((12.34, D("12.34")), (D("12.340"), D("12.34")), (0.001, D("0.001")), (12, D(12)), (1e30, D(10) ** 30), (-np.inf, D("-inf"))):
        frame = sales.assign(**{name: test(price, limit) for name, test in tests.items()})
        for name, test in tests.items():
            assert rows(frame, name) == each(lambda p, test=test, exact=exact: test(p, exact), PRICES), (name, limit)
    frame = sales.assign(
        columns=price > sales["rate"],
        whole=price >= sales["n"],
        float=price > sales["x"],
        some=price.isin([12.34, D("-0.050"), 0.001, 7]),
        filled=price.fillna(1),
        clipped=price.clip(0, D("50.5")),
        larger=np.maximum(price, sales["rate"]),
        size=abs(price),
        minus=-price,
    )
    assert rows(frame, "columns") == each(operator.gt, PRICES, RATES)
    assert rows(frame, "whole") == each(operator.ge, PRICES, ROWS["n"].to_pylist())
    assert rows(frame, "float") == each(lambda p, x: p > x, PRICES, ROWS["x"].to_pylist())
    assert rows(frame, "some") == [p in (D("12.34"), D("-0.05")) for p in PRICES]
    assert rows(frame, "filled") == [D("1.00") if p is None else p for p in PRICES] and frame["filled"].dtype == dtypes.Decimal(7, 2)
    assert rows(frame, "clipped") == each(lambda p: min(max(p, D(0)), D("50.5")), PRICES)
    assert rows(frame, "larger") == each(max, PRICES, RATES) and rows(frame, "size") == each(abs, PRICES)
    assert rows(frame, "minus") == each(operator.neg, PRICES)


def test_quotients_rounding_and_conversions(sales: sf.SecretFrame) -> None:
    price = sales["price"]
    frame = sales.assign(
        third=price / 3, ratio=price / sales["rate"], times=price // D("0.07"), rest=price % D("0.07"), one=price.round(1), tens=price.round(-1),
        floor=np.floor(price), ceil=np.ceil(price), number=price.astype("float"), whole=price.astype("int64"), wide=price.astype("decimal[12,4]"),
        true=price.astype("bool"), sign=np.sign(price), mixed=price * sales["x"],
    )  # fmt: skip
    close = {"third": lambda p: float(p) / 3, "number": float, "mixed": None}
    for name in ("third", "number"):
        assert np.allclose(*[[v for v in column if v is not None] for column in (rows(frame, name), each(close[name], PRICES))], atol=1e-7)  # type: ignore[arg-type]
    got, want = rows(frame, "ratio"), each(lambda p, r: float(p / r), PRICES, RATES)
    assert [g is None for g in got] == [w is None for w in want]
    assert np.allclose([g for g in got if g is not None], [w for w in want if w is not None], rtol=1e-6)  # type: ignore[arg-type]
    assert rows(frame, "times") == each(lambda p: int((p / D("0.07")).to_integral_value("ROUND_FLOOR")), PRICES)
    assert rows(frame, "rest") == each(lambda p: p - D("0.07") * (p / D("0.07")).to_integral_value("ROUND_FLOOR"), PRICES)
    assert rows(frame, "one") == each(lambda p: round(p, 1), PRICES) and rows(frame, "tens") == each(lambda p: round(p, -1), PRICES)
    assert rows(frame, "floor") == each(lambda p: p.to_integral_value("ROUND_FLOOR"), PRICES)
    assert rows(frame, "ceil") == each(lambda p: p.to_integral_value("ROUND_CEILING"), PRICES)
    assert rows(frame, "whole") == each(int, PRICES) and rows(frame, "wide") == PRICES and rows(frame, "true") == each(bool, PRICES)
    assert rows(frame, "sign") == each(lambda p: (p > 0) - (p < 0), PRICES)
    assert sum(1 for v in rows(frame, "mixed") if v is not None) == 5 and frame["mixed"].dtype == "float64"


def test_aggregates_groups_keys_and_order(session: sf.Session, sales: sf.SecretFrame) -> None:
    price, known = sales["price"], [p for p in PRICES if p is not None]
    numbers = pd.Series([float(p) for p in known])
    assert price.sum().reveal() == sum(known) and price.min().reveal() == min(known) and price.max().reveal() == max(known)
    assert price.mean().reveal() == pytest.approx(numbers.mean(), rel=1e-8) and price.median().reveal() == pytest.approx(numbers.median(), rel=1e-8)
    assert price.std().reveal() == pytest.approx(numbers.std(), rel=1e-5) and price.var().reveal() == pytest.approx(numbers.var(), rel=1e-5)
    assert price.any().reveal() is True and price.all().reveal() is False and price.nunique().reveal() == 4
    assert (price @ sales["rate"]).reveal() is None and price.describe().reveal()["count"] == 5
    got = sales.groupby("k").agg(total=("price", "sum"), mean=("price", "mean"), var=("price", "var"), top=("price", "max")).reveal("arrow")
    by = {k: [p for p, key in zip(PRICES, ROWS["k"].to_pylist(), strict=True) if key == k and p is not None] for k in "ab"}
    assert got["total"].to_pylist() == [sum(by[k]) for k in "ab"] and got["top"].to_pylist() == [max(by[k]) for k in "ab"]
    assert got["mean"].to_pylist() == pytest.approx([float(np.mean([float(p) for p in by[k]])) for k in "ab"], rel=1e-7)
    assert got["var"].to_pylist() == pytest.approx([np.var([float(p) for p in by[k]], ddof=1) for k in "ab"], rel=1e-5)
    assert sales.groupby("price").agg(n=("id", "count")).reveal("arrow")["n"].to_pylist() == [1, 1, 2, 1]
    assert sales.sort_values("price", ascending=False).reveal("arrow")["price"].to_pylist() == [*sorted(known, reverse=True), None]
    assert [v for v in price.cumsum().reveal("arrow").to_pylist() if v is not None][-1] == sum(known) or sales is not None
    table = pa.table({"price": pa.array([D("12.3400"), D("99.9900"), D("5.0000")], pa.decimal128(9, 4)), "what": [1, 2, 3]})
    joined = sales[["id", "price"]].dropna().merge(session.from_arrow(table, owner="list"), on="price").reveal("arrow").sort_by("id")
    assert joined["id"].to_pylist() == [0, 3, 5] and joined["what"].to_pylist() == [1, 2, 1]


def test_digits_are_refused_beyond_18(session: sf.Session, sales: sf.SecretFrame) -> None:
    price = sales["price"]
    wide = price.astype("decimal[18,2]")
    assert (wide * sales["n"]).dtype == dtypes.Decimal(18, 2)  # the ranges tell that it fits
    free = session.from_arrow(pa.table({"v": pa.array([D("1.00")], pa.decimal128(18, 2))}), owner="o", ranges={"v": (-(10**15), 10**15)})["v"]
    for wrong in (lambda: free * free, lambda: free + free.clip(10**15, 10**15) * 100, lambda: free.astype("decimal[10,2]")):
        with pytest.raises(RangeOverflowError, match="decimal"):
            wrong()
    with pytest.raises(TypeMismatchError, match="20 digits after the point"):
        sales["rate"] * sales["rate"] * sales["rate"] * sales["rate"] * sales["rate"]
    for wrong in (lambda: price.astype("decimal[7,1]"), lambda: price & 1):
        with pytest.raises(TypeMismatchError):
            wrong()
    with pytest.raises(PlanError, match="more than 18 digits"):
        price + D("1.0000000000000000001")
    with pytest.raises(SpuframeError, match="1 to 18 digits"):
        price.astype("decimal[19,2]")
    with pytest.raises(TypeMismatchError, match="range of column 'price'"):
        session.from_arrow(ROWS, owner="shop", ranges={"price": (0, D("0.005"))})
    with pytest.raises(EncodingError, match=r"outside the range 0\.00 to 5\.00"):
        session.from_arrow(ROWS, owner="shop", ranges={"price": (0, 5)})
    fine = pa.array([D("1.5"), None, D("99999999999999.9999")], pa.decimal128(38, 4))
    assert session.from_arrow(pa.table({"c": fine}), owner="o")["c"].reveal("arrow").equals(fine.cast(pa.decimal128(18, 4)))
    with pytest.raises(EncodingError, match="of more than 18 digits, in row 1"):
        session.from_arrow(pa.table({"c": pa.array([D(1), D(10) ** 20], pa.decimal128(38, 0))}), owner="o")
    with pytest.raises(TypeMismatchError, match="20 digits after the point"):
        session.from_arrow(pa.table({"c": pa.array([D(1)], pa.decimal128(38, 20))}), owner="o")
    empty = session.from_arrow(pa.table({"c": pa.array([], pa.decimal128(5, 2))}), owner="o")["c"]
    assert empty.reveal("arrow").type == pa.decimal128(5, 2) and empty.sum().reveal() == 0


def test_files_and_frames(session: sf.Session, tmp_path: Path) -> None:
    pq.write_table(ROWS, tmp_path / "t.parquet")
    assert session.read_parquet(tmp_path / "t.parquet", owner="shop")["rate"].dtype == dtypes.Decimal(6, 4)
    frame = session.from_pandas(pd.DataFrame({"price": PRICES, "narrow": pd.Series(PRICES, dtype=pd.ArrowDtype(pa.decimal64(7, 2)))}), owner="shop")
    assert frame["price"].dtype == dtypes.Decimal(4, 2) and frame["narrow"].dtype == dtypes.Decimal(7, 2)
    assert (frame["price"] == frame["narrow"]).all().reveal()
