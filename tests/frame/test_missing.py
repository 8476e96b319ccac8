"""What pandas has and secret tables have not says so; what stands for secrets is never pickled; secret numbers compute."""

from __future__ import annotations

import copy
import pickle  # only to be refused
from typing import Any

import pandas as pd
import pytest

import spuframe as sf
from spuframe import errors, ml
from spuframe.frame.missing import remedy

TABLE = pd.DataFrame({"id": [1, 2, 3, 4], "x": [1.5, -2.0, 0.25, 8.0], "count": [7, 7, 8, 9]})
GROUPED = pd.core.groupby


@pytest.fixture(scope="module")
def frame(session: sf.Session) -> sf.SecretFrame:
    return session.from_pandas(TABLE, owner="hospital")


def theirs(*classes: type) -> list[str]:
    return sorted({n for c in classes for n in dir(c) if not n.startswith("_")})


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_every_attribute_of_pandas_says_what_to_use(frame: sf.SecretFrame) -> None:
    pairs: list[tuple[Any, list[str]]] = [
        (frame, theirs(pd.DataFrame)),
        (frame["x"], theirs(pd.Series)),
        (frame.groupby("id"), theirs(GROUPED.DataFrameGroupBy, GROUPED.SeriesGroupBy)),
    ]
    for ours, names in pairs:
        for name in names:
            if name in dir(ours):
                continue
            assert remedy(name) is not None, f"{type(ours).__name__}.{name}"
            assert not hasattr(ours, name)
            with pytest.raises(errors.NotAvailableError, match="use|not|of a|reveal|frame|column") as failed:
                getattr(ours, name)
            assert isinstance(failed.value, AttributeError) and f"'{name}'" in str(failed.value)


def test_attributes_of_the_module_and_of_others(frame: sf.SecretFrame, session: sf.Session) -> None:
    for name in ("read_csv", "merge", "DataFrame", "to_datetime", "from_dummies", "read_excel", "from_pandas"):
        with pytest.raises(errors.NotAvailableError, match=f"'{name}': "):
            getattr(sf, name)
    with pytest.raises(AttributeError, match="revea.*did you mean reveal"):
        frame["x"].sum().revea()
    with pytest.raises(errors.NotAvailableError, match="did you mean read_csv"):
        session.read_cvs("x")
    assert not hasattr(frame, "__dataframe__") and not hasattr(frame["x"], "_ipython_canary_method_should_not_exist_")


def test_columns_are_attributes(frame: sf.SecretFrame) -> None:
    assert frame.x.sum().reveal() == 7.75 and callable(frame[["id"]].add)
    assert "x" in dir(frame) and "reveal" in dir(frame) and "x" in dir(frame.groupby("id"))
    with pytest.raises(errors.NotAvailableError, match="'y'"):
        _ = frame.y
    other = frame.copy()
    other.x = frame.x + 1
    assert other["x"].sum().reveal() == 11.75 and frame.x.sum().reveal() == 7.75
    with pytest.raises(errors.NotAvailableError, match=r"frame\['new'\] ="):
        other.new = frame.x


def test_columns_are_renamed_in_place(frame: sf.SecretFrame) -> None:
    other, total = frame.copy(), frame["x"].sum().reveal()
    before = other.columns
    other.columns = pd.Index([f"{n} 2" for n in before])
    assert other.columns == [f"{n} 2" for n in before] and frame.columns == before
    assert other["x 2"].sum().reveal() == total
    for wrong in (["a"], "a", ["a"] * len(before)):
        with pytest.raises(errors.SchemaError, match="as many names|two are equal"):
            other.columns = wrong  # type: ignore[assignment]
    with pytest.raises(errors.TypeMismatchError, match="names of columns"):
        other.columns = list(range(len(before)))  # type: ignore[arg-type]
    assert other.columns == [f"{n} 2" for n in before]


def test_nothing_is_pickled(frame: sf.SecretFrame, session: sf.Session) -> None:
    model = ml.StandardScaler().fit(frame[["x"]])
    for secret in (frame, frame["x"], frame["x"].sum(), frame.groupby("id"), session, model):
        for dump in (pickle.dumps, lambda v: pickle.dumps([v], protocol=2)):
            with pytest.raises(errors.TypeMismatchError, match="never pickled"):
                dump(secret)
    for made in (copy.copy, copy.deepcopy):
        with pytest.raises(errors.TypeMismatchError, match="never pickled or copied"):
            made(session)
    assert pickle.loads(pickle.dumps(ml.StandardScaler())).get_params() == ml.StandardScaler().get_params()


def test_copies_work(frame: sf.SecretFrame) -> None:
    for make in (copy.copy, copy.deepcopy):
        other = make(frame)
        other["x"] = 0
        assert frame.x.sum().reveal() == 7.75 and other.columns == frame.columns
        assert make(frame["x"]).sum().reveal() == 7.75 and make(frame["x"].sum()).reveal() == 7.75
        assert make(frame.groupby("count")).size().reveal()["size"].tolist() == [2, 1, 1]


def test_formats(frame: sf.SecretFrame) -> None:
    total = frame["x"].sum()
    assert f"{total}" == repr(total) and "reveal" in f"{frame}"
    for secret in (total, frame, frame["x"]):
        with pytest.raises(errors.TypeMismatchError, match=r"reveal\(\) it first"):
            f"{secret:.2f}"


def test_secret_numbers_compute(frame: sf.SecretFrame) -> None:
    x, total = TABLE["x"], frame["x"].sum()
    assert (-total).reveal() == -7.75 and abs(-total).reveal() == 7.75 == (-total).abs().item()
    assert round(total).reveal() == 8 and round(total, 1).reveal() == pytest.approx(7.8, abs=1e-5)
    assert (2 * total + 1).reveal() == 16.5 and (total > 7).reveal() is True and (total == 0).reveal() is False
    assert (frame["x"].max() - frame["x"].min()).reveal() == x.max() - x.min()
    assert (frame["x"].sum() / frame["id"].count()).reveal() == pytest.approx(x.mean(), abs=1e-4)
    assert (total - total).reveal() == 0
    late = frame[frame["id"] > 1]
    assert (late["x"].sum() + late["id"].sum()).reveal() == 15.25
    kept = total.persist()
    assert kept.reveal() == 7.75 and (kept + 1).reveal() == 8.75
    assert (total + late["x"].sum()).reveal() == 14.0
    with pytest.raises(errors.TypeMismatchError, match="reveal"):
        bool(total > 7)
    assert (total * frame["x"]).reveal().tolist() == (x.sum() * x).tolist()
