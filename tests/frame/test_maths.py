"""Mathematics of secret columns against pandas and NumPy, over real processes, on every protocol: at the owner, and on shares.

Floats are what the grid of their column makes of them (30 bits of its bound): results are compared with those of the values on it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special

import spuframe as sf
from spuframe.errors import PlanError, SpuframeError, TypeMismatchError
from spuframe.expr.functions import by_ufunc

READ = pd.DataFrame(
    {
        "x": [4.0, 10.1, -10.1, 0.0, -0.0, 2.5, -1.25, 0.1, 0.3, 1e-5, -0.3, None],
        "p": [0.25, 1.0, 3.0, 100.0, 7.5, 0.0117, 64.0, 0.1, 0.3, 1e-5, None, 33.3],
        "i": pd.array([7, -7, 0, 100, -100, 15, 25, None, 1, -1, 50, 65], dtype="Int64"),
        "j": pd.array([2, 3, -2, 7, -7, 5, 1, 4, None, -10, 10, 9], dtype="Int64"),
        "big": [2**40 + 1, -(2**40) - 1, 0, 1, -1, 2**45, 3, 10, -10, 99, 2**44, 2**33],
    }
)
GRIDS = {"x": 2.0**-26, "p": 2.0**-23}
DATA = READ.assign(**{c: np.rint(READ[c] / grid) * grid for c, grid in GRIDS.items()})
RANGES = {"x": (-10.1, 10.1), "p": (0.9e-5, 100.0), "i": (-100, 100), "j": (-10, 10), "big": (-(2**45), 2**45)}


@pytest.fixture(scope="module")
def frame(session: sf.Session) -> sf.SecretFrame:
    return session.from_pandas(READ.assign(key=range(len(READ))), owner="hospital", ranges=RANGES)


@pytest.fixture(scope="module", params=["computed by the owner", "computed on shares"])
def mixed(session: sf.Session, frame: sf.SecretFrame, request: pytest.FixtureRequest) -> sf.SecretFrame:
    """The rows joined with another owner's column: their own owner computes on them, or the parties, if they are kept as shares."""
    right = session.from_pandas(pd.DataFrame({"key": range(len(DATA))}), owner="insurer")
    joined = frame.merge(right, on="key")
    return joined if request.param == "computed by the owner" else joined.persist()


def revealed(frame: sf.SecretFrame, columns: list[str]) -> pd.DataFrame:
    """A join's rows come in no order: by their key. Where there are shares from the start, all is computed on them."""
    steps = list(frame.session.physical(frame[["key", *columns]].node))
    made = [(s.op, name) for s in steps if s.op in ("project", "scan") for name, e in s.params["columns"] if "fn" in s.params["expressions"][e]]
    functions = [name for op, name in made if op == "project"]
    if steps[0].op == "load":
        assert {s.op for s in steps} == {"load", "project"} and len(functions) > len(columns) // 2  # a part that two share is one
        assert "project" in frame.explain("physical") and "scan" not in frame.explain("physical")
    else:
        assert not functions and made
    return frame[["key", *columns]].reveal().sort_values("key").reset_index(drop=True)


def same(got: pd.DataFrame, want: pd.DataFrame, tolerance: float) -> None:
    for name in want.columns:
        a, b = got[name], want[name].astype("Float64").where(np.isfinite(want[name].astype(float)))
        assert a.isna().tolist() == b.isna().tolist(), name
        np.testing.assert_allclose(a.dropna().astype(float), b.dropna().astype(float), rtol=tolerance, atol=tolerance, err_msg=name)


OPERANDS = {1: ["x", "p", "i", "big", "b"], 2: ["x y", "y p", "i j", "b c", "x i", "p h"]}


def numpys(ufunc: np.ufunc, operands: list[Any]) -> Any:
    """What NumPy gives of floats, or of integers where it takes no floats: 1 / 3 is no integer here."""
    floats = [o.astype("Float64") if getattr(o, "dtype", None) in ("Int64", "int64") else o for o in operands]
    with np.errstate(all="ignore"):
        try:
            return ufunc(*floats)
        except TypeError:
            return ufunc(*operands)


def test_numpy_functions(mixed: sf.SecretFrame) -> None:
    """All that columns take, of columns of every kind; what is refused for one kind is taken for another."""
    f, p = mixed.copy(), DATA.astype({"x": "Float64", "p": "Float64"})
    for t in (f, p):
        t["b"], t["c"], t["h"] = t["big"] > 0, t["big"] > 3, t["i"] * 2.0**-6
        t["y"] = t["i"] * 0.25
    columns, made, taken = dict[str, sf.SecretSeries](), dict[str, np.ndarray](), set[np.ufunc]()
    for ufunc in by_ufunc():
        for names in OPERANDS[ufunc.nin]:
            few = [3] if ufunc in (np.left_shift, np.right_shift) else []  # which takes public numbers alone
            mine, theirs = ([t[n] for n in names.split()[: ufunc.nin - len(few)]] + few for t in (f, p))
            try:
                column, want = ufunc(*mine), numpys(ufunc, theirs)
            except (SpuframeError, TypeError, NotImplementedError):  # as pandas, of booleans
                continue
            if names[0] == "b" and str(column.dtype) != "bool":
                continue  # booleans count as 0 and 1 here; NumPy's + of them is "or"
            taken.add(ufunc)
            name = f"{ufunc.__name__} {names}"
            columns[name], made[name] = column, pd.Series(want).to_numpy(float, na_value=np.nan)
    assert taken == set(by_ufunc()) and len(made) > 100
    columns["scaled"], made["scaled"] = np.float64(2) * f["x"], (2 * p["x"]).to_numpy(float, na_value=np.nan)
    same(revealed(f.assign(**columns), list(made)), pd.DataFrame(made), 2e-5)


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
        same(got[[name]], p[[name]], 1e-9 if name != "cube" else 1e-4)
    assert got["big //"].tolist() == p["big //"].tolist() and got["big %"].tolist() == p["big %"].tolist()


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
    same(found, pd.DataFrame({"y": np.exp(DATA["x"]), "z": np.log(DATA["p"]), "w": DATA["i"] % 7}), 1e-5)
    assert [s.op for s in got.session.physical(got.node)] == ["scan"]


def test_signs_of_nulls_and_zeros(mixed: sf.SecretFrame) -> None:
    f, want = mixed.copy(), pd.DataFrame({c: np.sign(DATA[c]) for c in ("x", "i", "big")})
    for c in want:
        f[f"sign {c}"] = np.sign(f[c])
    got = revealed(f, [f"sign {c}" for c in want]).drop(columns="key").set_axis(list(want), axis=1)
    same(got, want, 0)
    assert f["sign x"].dtype.label == "float" and str(f["sign i"].dtype) == "int64" and f["sign i"].field.range == (-1, 1)


def test_functions_that_numpy_lacks(mixed: sf.SecretFrame) -> None:
    x, p = mixed["x"], mixed["p"]
    made = {"sigmoid": sf.sigmoid(x), "erf": sf.erf(x), "rsqrt": sf.rsqrt(p), "expit": special.expit(x), "scipy erf": special.erf(x)}
    want = pd.DataFrame({"sigmoid": special.expit(DATA["x"]), "erf": special.erf(DATA["x"]), "rsqrt": 1 / np.sqrt(DATA["p"])})
    want = want.assign(**{"expit": want["sigmoid"], "scipy erf": want["erf"]})
    same(revealed(mixed.assign(**made), list(made)), want, 2e-5)
    with pytest.raises(TypeMismatchError, match=r"sf\.sigmoid takes a secret column, got ndarray.*scipy"):
        sf.sigmoid(np.zeros(3))  # type: ignore[arg-type]
    with pytest.raises(TypeMismatchError, match=r"no secret version.*scipy\.special\.erf"):
        special.ndtr(x)


def test_refusals(frame: sf.SecretFrame) -> None:
    with pytest.raises(TypeMismatchError, match=r"np\.arctan has no secret version.*np\.exp"):
        np.arctan(frame["x"])
    with pytest.raises(TypeMismatchError, match="reduce"):
        np.add.reduce(frame["x"])
    with pytest.raises(TypeMismatchError, match="out"):
        np.exp(frame["x"], out=frame["x"])  # type: ignore[call-overload]
    with pytest.raises(TypeMismatchError, match="ndarray"):
        np.arange(12) * frame["x"]
    with pytest.raises(PlanError, match="divides by zero"):
        frame["i"] % 0
    with pytest.raises(PlanError, match="above 0"):
        np.log(frame["x"] - 11)
    with pytest.raises(PlanError, match="may reach"):
        np.exp(frame["x"] * 10)
