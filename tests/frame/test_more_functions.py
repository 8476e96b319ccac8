"""np.cbrt, fmod, logaddexp, logaddexp2 and bitwise_count of secret columns at their edges, and the functions that queries know."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe.errors import RangeOverflowError, TypeMismatchError

DATA = pd.DataFrame(
    {
        "x": [0.0, 27.0, -27.0, 0.001, -64.0, 40.0, -40.0, 7.5],
        "y": [3.0, -3.0, 4.5, -0.5, 0.0, -40.0, 40.0, 7.5],
        "n": pd.array([0, 1, -1, 255, -256, None, 1023, -1000], dtype="Int64"),
        "m": pd.array([7, -7, 3, 10, 1, 2, None, 0], dtype="Int64"),
    }
)


@pytest.fixture(scope="module")
def frame(session: sf.Session) -> sf.SecretFrame:
    return session.from_pandas(DATA, owner="hospital").persist()


def test_values(frame: sf.SecretFrame) -> None:
    f, p = frame, DATA
    made = {
        "cbrt": np.cbrt(f["x"]), "cbrt n": np.cbrt(f["n"]), "fmod": np.fmod(f["x"], f["y"]), "fmod n": np.fmod(f["n"], f["m"]),
        "fmod 7": np.fmod(f["n"], 7), "logaddexp": np.logaddexp(f["x"], f["y"]), "logaddexp2": np.logaddexp2(f["y"], f["x"]),
        "bits": np.bitwise_count(f["n"]), "bits 0": np.bitwise_count(f["n"] * 0),
    }  # fmt: skip
    floats = p.astype("Float64")
    with np.errstate(all="ignore"):
        want = {
            "cbrt": np.cbrt(p["x"]), "cbrt n": np.cbrt(floats["n"]), "fmod": np.fmod(p["x"], p["y"]), "fmod n": np.fmod(floats["n"], floats["m"]),
            "fmod 7": np.fmod(floats["n"], 7), "logaddexp": np.logaddexp(p["x"], p["y"]), "logaddexp2": np.logaddexp2(p["y"], p["x"]),
            "bits": np.bitwise_count(p["n"]), "bits 0": np.bitwise_count(p["n"] * 0),
        }  # fmt: skip
    got = f.assign(**made)[list(made)].reveal()
    for name, exact in want.items():
        exact = pd.Series(exact).to_numpy(float, na_value=np.nan)
        np.testing.assert_allclose(got[name].to_numpy(float, na_value=np.nan), exact, rtol=1e-5, atol=2e-6, err_msg=name)
    for name in ("fmod n", "fmod 7", "bits", "bits 0"):
        assert got[name].dropna().tolist() == pd.Series(want[name]).dropna().replace([np.inf], np.nan).dropna().tolist(), name
    assert str(made["bits"].dtype) == "int64" and made["bits"].field.range == (0, 11)


def test_refusals(frame: sf.SecretFrame, session: sf.Session) -> None:
    with pytest.raises(TypeMismatchError, match=r"cannot count the bits of 'x' .*it needs integers"):
        np.bitwise_count(frame["x"])
    with pytest.raises(TypeMismatchError, match="cannot take the magnitude of"):
        np.cbrt(session.from_pandas(pd.DataFrame({"s": ["a"]}), owner="hospital")["s"])
    wide = session.from_pandas(pd.DataFrame({"w": [-(2**63), 5]}), owner="hospital")
    with pytest.raises(RangeOverflowError, match="may reach"):
        np.bitwise_count(wide["w"])


def test_queries_know_them(frame: sf.SecretFrame) -> None:
    assert frame.eval("cbrt(x)").expr == np.cbrt(frame["x"]).expr
    assert frame.query("bitwise_count(n) == 8 and square(x) < 1")["n"].reveal().tolist() == [255]
