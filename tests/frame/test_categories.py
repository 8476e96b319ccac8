"""Bins, marks and tables of public categories, against pandas: edges, nulls, what does not occur, dropped rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe.errors import PlanError, SchemaError, SpuframeError, TypeMismatchError

EDGES = [-5, 0, 2.5, 9]


def made(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(rows)
    table = pd.DataFrame(
        {
            "g": pd.array(rng.choice(["a", "b"], rows), "string"),
            "c": pd.array(rng.choice(["u", "ü", "w"], rows), "string"),
            "k": rng.integers(0, 4, rows),
            "i": pd.array(rng.integers(-9, 12, rows), "Int64"),
            "x": rng.integers(-60, 99, rows) / 10,
            "b": rng.random(rows) < 0.5,
        }
    )
    for name in "gci":
        table.loc[rng.random(rows) < 0.2, name] = pd.NA
    return table


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return made(40)


@pytest.fixture(scope="module")
def frame(session: sf.Session, table: pd.DataFrame) -> sf.SecretFrame:
    return session.from_pandas(table, owner="shop")


def plain(values: Any) -> list[Any]:
    return [None if pd.isna(v) else v for v in values]


def same(got: pd.DataFrame, want: pd.DataFrame) -> None:
    assert [str(c) for c in got.columns] == [str(c) for c in want.columns]
    for a, b in zip(got.columns, want.columns, strict=True):
        x, y = plain(got[a]), plain(want[b])
        assert len(x) == len(y) and all(p == q or (isinstance(q, float) and p == pytest.approx(q, abs=1e-4)) for p, q in zip(x, y, strict=True)), (a, x, y)


def test_cut(frame: sf.SecretFrame, table: pd.DataFrame) -> None:
    for options in ({}, {"right": False}, {"include_lowest": True}, {"labels": ["low", "middle", "high"]}, {"labels": False, "include_lowest": True}):
        if options.get("include_lowest") and "labels" not in options:
            options["labels"] = ["low", "middle", "high"]  # pandas moves the edge in its texts
        for name in "ix":
            got, want = sf.cut(frame[name], EDGES, **options).reveal(), pd.cut(table[name].astype(float), EDGES, **options)
            texts = got if options.get("labels") is not None else got.str.replace(".0", "", regex=False)
            names = want if options.get("labels") is False else want.astype(object).map(str, na_action="ignore")
            assert plain(texts) == plain(names if options.get("labels") is not None else names.str.replace(".0", "", regex=False)), (name, options)


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_qcut(frame: sf.SecretFrame, table: pd.DataFrame) -> None:
    for q in (4, [0, 0.1, 0.5, 1]):
        got = sf.qcut(frame["x"], q, labels=False).reveal()
        assert got.tolist() == pd.qcut(table["x"], q, labels=False).tolist()
    names = ["few", "some"]
    assert plain(sf.qcut(frame["i"], 2, labels=names).reveal()) == plain(pd.qcut(table["i"].astype("Float64"), 2, labels=names).astype(object))
    with pytest.raises(PlanError, match="edges of quantiles are secret"):
        sf.qcut(frame["x"], 4, labels=None)


def test_dummies(frame: sf.SecretFrame, table: pd.DataFrame) -> None:
    got = sf.get_dummies(frame, categories={"c": ["u", "w", "ü"]}).reveal()
    want = pd.get_dummies(table, columns=["c"])
    same(got, want)
    got = sf.get_dummies(frame["c"], categories=["w", "ü", "z"], dummy_na=True, dtype=int).reveal()
    assert got.columns.tolist() == ["w", "ü", "z", "nan"] and got["z"].sum() == 0 and got["nan"].sum() == table["c"].isna().sum()
    few, plainly = sf.get_dummies(frame[["b", "x", "k"]], columns=["k", "b"], prefix=["n", "flag"], drop_first=True), table[["b", "x", "k"]]
    same(few.reveal(), pd.get_dummies(plainly, columns=["k", "b"], prefix=["n", "flag"], drop_first=True))


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_tables(frame: sf.SecretFrame, table: pd.DataFrame) -> None:
    cats = ["u", "w", "ü"]
    for function in ("mean", "sum", "count", "max", "nunique"):
        for f, t in ((frame, table), (frame[frame["x"] > 3], table[table["x"] > 3])):
            want = t.pivot_table(values="i", index="g", columns="c", aggfunc=function).reindex(columns=cats).reset_index()
            got = f.pivot_table(values="i", index="g", columns="c", aggfunc=function, categories=cats).reveal()
            same(got, want)
    got = frame.pivot_table(values=["x", "i"], index=["g", "b"], columns="k", aggfunc="sum", fill_value=0).reveal()
    want = table.pivot_table(values=["x", "i"], index=["g", "b"], columns="k", aggfunc="sum", fill_value=0)
    for name in ("x", "i"):
        for k in range(4):
            np.testing.assert_allclose(got[f"{name}_{k}"].to_numpy(float), want[name][k].to_numpy(float), atol=1e-4)
    same(sf.crosstab(frame["g"], frame["c"], categories=cats).reveal(), pd.crosstab(table["g"], table["c"])[cats].reset_index())
    same(sf.crosstab(frame["k"], frame["b"]).reveal(), pd.crosstab(table["k"], table["b"]).reset_index())


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_melt(session: sf.Session, frame: sf.SecretFrame, table: pd.DataFrame) -> None:
    same(frame[["g", "i", "x"]].melt("g").reveal(), table[["g", "i", "x"]].melt("g"))
    names = {"var_name": "what", "value_name": "much"}
    same(frame.melt(["c", "b"], ["x", "k"], **names).reveal(), table.melt(["c", "b"], ["x", "k"], **names))
    same(frame[["k", "x"]].melt().reveal(), table[["k", "x"]].melt())
    few = frame[frame["x"] > 3].melt("g", "i").groupby("variable")["value"].sum().reveal()
    assert few["value"].tolist() == [table[table["x"] > 3]["i"].sum()]


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_refusals(frame: sf.SecretFrame) -> None:
    for use, error, words in (
        (lambda: sf.cut(frame["x"], 3), PlanError, "list of public edges"),
        (lambda: sf.cut(frame["x"], [1, 1]), PlanError, "must increase"),
        (lambda: sf.cut(frame["x"], [0, 1, 2], labels=["a"]), PlanError, "2 different texts"),
        (lambda: sf.cut(frame["c"], [0, 1]), TypeMismatchError, "numbers and dates"),
        (lambda: sf.cut(frame["x"], [0, 1], retbins=True), SpuframeError, "retbins"),
        (lambda: sf.get_dummies(frame, columns=["c"]), PlanError, "secret, and make no columns"),
        (lambda: sf.get_dummies(frame), PlanError, "public categories"),
        (lambda: sf.get_dummies(frame["c"], categories=["a", "a"]), PlanError, "different values"),
        (lambda: sf.get_dummies(3), TypeMismatchError, "SecretFrame"),
        (lambda: frame.pivot_table("x", "g", "c"), PlanError, "categories="),
        (lambda: frame.pivot_table("x", "g"), PlanError, "needs index= and columns="),
        (lambda: frame.pivot_table("x", "g", "k", "nope"), PlanError, "nope"),
        (lambda: frame.pivot_table("x", "g", "k", margins=True), PlanError, "margins"),
        (lambda: sf.crosstab(frame["g"], "c"), TypeMismatchError, "`columns`"),
        (lambda: frame.melt("g", var_name="g"), SchemaError, "different names"),
        (lambda: frame.melt("g"), SchemaError, "types"),
    ):
        with pytest.raises(error, match=words):
            pytest.fail(f"not refused, {words}: {use()!r}")
