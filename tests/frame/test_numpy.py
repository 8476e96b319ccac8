"""NumPy's functions of whole columns, and that nothing secret becomes an array by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import spuframe as sf
from spuframe.errors import PlanError, TypeMismatchError

ROWS = pd.DataFrame(
    {
        "x": [0.5, None, -2.25, 3.0, 1000.0, 0.1],
        "y": [1.5, 2.0, -0.5, 0.0, 4.0, -8.0],
        "i": pd.array([5, -3, None, 8, 100, 0], dtype="Int64"),
        "n": [1, 2, 3, 4, -5, 6],
        "b": [True, False, True, True, False, False],
    }
)


@pytest.fixture(scope="module", params=["scanned", "kept as shares"])
def frame(session: sf.Session, request: pytest.FixtureRequest) -> sf.SecretFrame:
    read = session.from_pandas(ROWS, owner="hospital")
    return read if request.param == "scanned" else read.persist()


NUMBERS: dict[str, Callable[[Any], Any]] = {
    "sum": lambda t: np.sum(t["n"]),
    "nansum": lambda t: np.nansum(t["x"]),
    "mean": lambda t: np.mean(t["x"]),
    "min": lambda t: np.min(t["y"]),
    "amax": lambda t: np.amax(t["i"]),
    "std": lambda t: np.std(t["n"]),
    "var, ddof": lambda t: np.var(t["n"], ddof=1),
    "std of floats": lambda t: np.std(t["y"]),
    "any": lambda t: np.any(t["b"]),
    "all": lambda t: np.all(t["b"]),
    "dot": lambda t: np.dot(t["n"], t["y"]),
    "inner": lambda t: np.inner(t["y"], t["y"]),
    "vdot": lambda t: np.vdot(t["n"], t["n"]),
    "matmul": lambda t: np.matmul(t["n"], t["n"]),
    "vecdot": lambda t: np.vecdot(t["y"], t["n"]),
    "@": lambda t: t["n"] @ t["y"],
}


@pytest.mark.parametrize("what", NUMBERS)
def test_numbers(frame: sf.SecretFrame, what: str) -> None:
    found = NUMBERS[what](frame)
    assert isinstance(found, sf.SecretScalar)
    assert found.reveal() == pytest.approx(NUMBERS[what](ROWS), rel=1e-5)


def test_columns(frame: sf.SecretFrame) -> None:
    f, p = frame.copy(), ROWS.copy()
    for t in (f, p):
        t["round"], t["around"] = np.round(t["y"], 1), np.around(t["x"])
        t["clip"], t["low"] = np.clip(t["n"], 2, 4), np.clip(t["y"], a_min=0, a_max=None)
        t["crossed"] = np.clip(t["n"], 4, 2)
        t["where"], t["both"] = np.where(t["b"], 1, 0), np.where(t["n"] > 2, t["n"], t["i"].fillna(-1))
        t["isin"] = np.isin(t["n"], [2, -5, 77])
        t["cumsum"] = np.cumsum(t["n"])
        t["left"], t["right"] = np.left_shift(t["n"], 3), np.right_shift(t["n"], 1)
        t["and"], t["or"], t["xor"], t["not"] = t["n"] & 6, np.bitwise_or(t["n"], 6), 6 ^ t["n"], np.invert(t["n"])
        t["quotient"], t["rest"] = np.divmod(t["n"], 4)
        t["7 //"], t["7 %"] = np.divmod(7, t["n"])
    found = f.reveal()
    for name in p.columns:
        a, b = found[name], p[name]
        assert a.isna().tolist() == b.isna().tolist(), name
        np.testing.assert_allclose(a.dropna().astype(float), b.dropna().astype(float), rtol=1e-5, atol=1e-5, err_msg=name)


def test_products_with_nulls_are_null(frame: sf.SecretFrame) -> None:
    """As in pandas: a product does not skip them, other than a sum."""
    assert np.dot(frame["x"], frame["n"]).reveal() is None and np.isnan(np.dot(ROWS["x"], ROWS["n"]))
    assert (frame["n"] @ frame["i"].fillna(0)).reveal() == int(ROWS["n"] @ ROWS["i"].fillna(0).astype("int64"))
    kept = frame[frame["x"].notna()]
    assert (kept["x"].fillna(0) @ kept["n"]).reveal() == pytest.approx((ROWS["x"] * ROWS["n"]).sum(), rel=1e-5)


REFUSED: dict[str, Callable[[Any], Any]] = {
    "outer": lambda x: np.outer(x, x),
    "unique": np.unique,
    "tensordot": lambda x: np.tensordot(x, x),
    "diff": np.diff,
    "sinc": np.sinc,
    "linalg.norm": np.linalg.norm,
    "concatenate": lambda x: np.concatenate([x, x]),
    "quantile": lambda x: np.quantile(x, 0.5),
    "allclose": lambda x: np.allclose(x, x),
    "ones_like": np.ones_like,
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_rest_is_refused(frame: sf.SecretFrame, name: str) -> None:
    with pytest.raises(TypeMismatchError, match=rf"np\.{name} has no secret version.*np\.where.*reveal"):
        REFUSED[name](frame["x"])


CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "array": np.array,
    "asarray": np.asarray,
    "in a list": lambda x: np.array([x, x]),
    "sum of a list": lambda x: np.sum([x, x]),
    "a pandas Series": pd.Series,
    "a pandas DataFrame": lambda x: pd.DataFrame({"x": x}),
    "an Arrow array": pa.array,
    "isna": pd.isna,
}


@pytest.mark.parametrize("how", CONVERSIONS)
def test_nothing_becomes_an_array_by_itself(frame: sf.SecretFrame, how: str) -> None:
    with pytest.raises(TypeMismatchError, match=r"reveal\(\)"):
        CONVERSIONS[how](frame["x"])


def test_frames_and_numbers_are_no_arrays_either(frame: sf.SecretFrame) -> None:
    with pytest.raises(TypeMismatchError, match=r"SecretFrame is secret.*reveal\(\)"):
        np.array(frame)
    with pytest.raises(TypeMismatchError, match=r"np.sum of a frame.*frame.sum\(\)"):
        np.sum(frame)
    total = frame["n"].sum()
    for use in (np.array, bool, float, int, list, len):
        with pytest.raises(TypeMismatchError, match=r"sum of n is secret.*reveal\(\) it first"):
            use(total)


def test_arguments_that_a_secret_column_does_not_take(frame: sf.SecretFrame) -> None:
    x = frame["x"]
    with pytest.raises(TypeMismatchError, match=r"np\.sum of a secret column takes \(a\).*axis"):
        np.sum(x, axis=0)
    with pytest.raises(TypeMismatchError, match=r"np\.where of a secret column takes \(condition, x, y\)"):
        np.where(frame["b"])
    with pytest.raises(TypeMismatchError, match="ndarray.*owner"):
        np.dot(x, np.zeros(6))
    with pytest.raises(TypeMismatchError, match="ndarray"):
        np.zeros(6) @ x  # type: ignore[operator]
    with pytest.raises(TypeMismatchError, match="dot takes another secret column.*multiply"):
        np.dot(x, 3)
    with pytest.raises(TypeMismatchError, match="public integer"):
        np.left_shift(frame["n"], frame["n"])
    with pytest.raises(PlanError, match="`ddof` must be an integer, 0 or more, got -1"):
        np.std(x, ddof=-1)
