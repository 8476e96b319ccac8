"""Mathematics of secret columns against pandas and NumPy, over real processes, on every protocol."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe.errors import PlanError, TypeMismatchError

DATA = pd.DataFrame(
    {
        "x": [4.0, 10.0, -10.0, 0.0, -0.0, 2.5, -1.25],
        "p": [0.25, 1.0, 3.0, 100.0, 7.5, 0.01171875, 64.0],
        "i": [7, -7, 0, 100, -100, 15, 25],
        "j": [2, 3, -2, 7, -7, 5, 1],
        "big": [2**40 + 1, -(2**40) - 1, 0, 1, -1, 2**45, 3],
    }
)
RANGES = {"x": (-10.0, 10.0), "p": (0.01, 100.0), "i": (-100, 100), "j": (-10, 10), "big": (-(2**45), 2**45)}


@pytest.fixture(scope="module")
def frame(session: sf.Session) -> sf.SecretFrame:
    return session.from_pandas(DATA, owner="hospital", ranges=RANGES)


@pytest.fixture(scope="module")
def mixed(session: sf.Session) -> sf.SecretFrame:
    """The same rows, joined with another owner's column, so that nothing can be computed in the clear."""
    left = session.from_pandas(DATA.assign(key=range(len(DATA))), owner="hospital", ranges=RANGES)
    right = session.from_pandas(pd.DataFrame({"key": range(len(DATA))}), owner="insurer")
    return left.merge(right, on="key")


def revealed(frame: sf.SecretFrame, columns: list[str]) -> pd.DataFrame:
    """A join's rows come in no order: by their key."""
    return frame[["key", *columns]].reveal().sort_values("key").reset_index(drop=True)


def same(got: pd.DataFrame, want: pd.DataFrame, tolerance: float) -> None:
    for name in want.columns:
        a, b = got[name], want[name].where(np.isfinite(want[name].astype(float)))
        assert a.isna().tolist() == b.isna().tolist(), name
        np.testing.assert_allclose(a.dropna().astype(float), b.dropna().astype(float), rtol=tolerance, atol=tolerance, err_msg=name)


def test_numpy_functions(mixed: sf.SecretFrame) -> None:
    f, p = mixed, DATA.copy()
    names = {
        "x": ["exp", "exp2", "sin", "cos", "tanh", "floor", "ceil", "rint", "square", "sign", "expm1", "absolute"],
        "p": ["log", "log2", "log10", "log1p", "sqrt"],
    }
    f, made = f.copy(), pd.DataFrame(index=p.index)
    for column, functions in names.items():
        for name in functions:
            f[name] = getattr(np, name)(f[column])
            made[name] = getattr(np, name)(p[column])
    f["reciprocal"], made["reciprocal"] = 1 / f["p"], 1 / p["p"]
    f["sqrt i"], made["sqrt i"] = np.sqrt(f["i"]), np.sqrt(p["i"].where(p["i"] >= 0))
    f["maximum"], made["maximum"] = np.maximum(f["x"], 0), np.maximum(p["x"], 0)
    f["scaled"], made["scaled"] = np.float64(2) * f["x"], 2 * p["x"]
    same(revealed(f, list(made.columns)), made, 2e-5)


def test_operators(mixed: sf.SecretFrame) -> None:
    f, p = mixed.copy(), DATA.copy()
    for t in (f, p):
        t["//"], t["%"] = t["i"] // 7, t["i"] % 7
        t["// -"], t["% -"] = t["i"] // -3, t["i"] % -3
        t["// j"], t["% j"] = t["i"] // t["j"], t["i"] % t["j"]
        t["big //"], t["big %"] = t["big"] // 10, t["big"] % 10
        t["frac"], t["whole"] = t["x"] % 1.0, t["x"] // 0.75
        t["**"], t["cube"] = t["i"] ** 2, t["x"] ** 3
        t["round"], t["round i"] = t["x"].round(), t["i"].round(-1)
    made = [c for c in p.columns if c not in DATA]
    got = revealed(f, made)
    for name in made:
        np.testing.assert_allclose(got[name].astype(float), p[name].astype(float), rtol=0, atol=1e-9 if name != "cube" else 1e-4, err_msg=name)
    assert got["big //"].tolist() == p["big //"].tolist()


def test_powers_and_decimals(mixed: sf.SecretFrame) -> None:
    f, p = mixed.copy(), DATA.copy()
    for t in (f, p):
        t["root"], t["power"], t["inverse"] = t["p"] ** 0.5, t["p"] ** 1.5, t["p"] ** -1
        t["base"], t["both"] = 2.0 ** t["x"], t["p"] ** (t["x"] * 0.1)
        t["cents"] = round(t["p"], 2)
    made = ["root", "power", "inverse", "base", "both", "cents"]
    same(revealed(f, made), p[made], 3e-5)


def test_an_owner_computes_alone_what_is_its_own(frame: sf.SecretFrame) -> None:
    got = frame.copy()
    got["y"], got["z"], got["w"] = np.exp(got["x"]), np.log(got["p"]), got["i"] % 7
    found = got.reveal()
    np.testing.assert_allclose(found["y"], np.exp(DATA["x"]), rtol=1e-4)
    np.testing.assert_allclose(found["z"], np.log(DATA["p"]), atol=1e-5)
    assert found["w"].tolist() == (DATA["i"] % 7).tolist()


def test_refusals(frame: sf.SecretFrame) -> None:
    with pytest.raises(TypeMismatchError, match=r"np\.arctan has no secret version.*np\.exp"):
        np.arctan(frame["x"])
    with pytest.raises(TypeMismatchError, match="reduce"):
        np.add.reduce(frame["x"])
    with pytest.raises(TypeMismatchError, match="out"):
        np.exp(frame["x"], out=frame["x"])  # type: ignore[call-overload]
    with pytest.raises(TypeMismatchError, match="ndarray"):
        np.arange(7) * frame["x"]
    with pytest.raises(PlanError, match="divides by zero"):
        frame["i"] % 0
    with pytest.raises(PlanError, match="above 0"):
        np.log(frame["x"] - 10)
    with pytest.raises(PlanError, match="may reach"):
        np.exp(frame["x"] * 10)
