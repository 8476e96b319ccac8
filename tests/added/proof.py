"""What a function has that stands in its two files alone: `tests/test_added_function.py` runs it in another process, since it changes the packages."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

HERE = Path(__file__).resolve().parent


def add(without_runs: bool = False) -> None:
    """Let the two packages of families have one module more each."""
    import spuframe.expr.functions as known
    import spuframe.spu.functions as run

    known.__path__.append(str(HERE / "expr"))
    if not without_runs:
        run.__path__.append(str(HERE / "spu"))


def proof(protocol: str) -> None:
    from spuframe import SecretFrame, SecretSeries
    from spuframe import expr as ex
    from spuframe.dtypes import Bool, Field, Fixed, Int, private
    from spuframe.errors import SpuframeError, TypeMismatchError
    from spuframe.expr import functions as known
    from spuframe.frame import ufuncs
    from spuframe.ir.expressions import check_expressions, from_plain
    from spuframe.plan import build
    from spuframe.plan.rules.constant_folding import fold
    from spuframe.spu import functions as run
    from tests.spu.both import both
    from tools import stated_errors

    run.load()
    signbit = known.builders()["signbit"]
    fields = [
        Field("i", Int(64), True, private("bank"), (-9, 9), frozenset({"bank"})), Field("x", Fixed(), True, private("bank"), (-2.5, 4.0)),
        Field("n", Fixed(), False, private("bank"), (-4.0, -0.5)), Field("p", Int(8), False, private("bank"), (0, 9)),
    ]  # fmt: skip
    i, x, n, p = map(ex.col, fields)

    # inference
    e = signbit(i)
    assert (str(e), e.dtype, e.range, e.nullable, str(e.visibility), e.owners) == ("signbit(i)", Int(64), (0, 1), True, "private(bank)", {"bank"})
    assert signbit(n).range == (1, 1) and signbit(p).range == (0, 0)
    try:
        signbit(ex.col(Field("c", Bool())))
    except TypeMismatchError as error:
        assert "cannot take the sign bit of 'c' (bool): it needs a number" in str(error)
    else:
        raise AssertionError("a boolean has no sign bit")

    # plain form, folding, one row
    nodes = ex.add(e, 1).to_plain()
    check_expressions("step 0 (project)", ["columns"], {"expressions": nodes, "columns": [["a", 2]]})
    assert from_plain(nodes, {f.name: f for f in fields})[-1] == ex.add(e, 1)
    assert str(fold(signbit(p))) == "0" and str(fold(signbit(ex.lit(-3)))) == "1"
    assert ex.evaluate(e, {"i": -3}) == 1 and ex.evaluate(e, {"i": None}) is None

    # shares, and the owner's evaluation over Arrow
    rows = {"i": [-9, 9, 0, None, -1], "x": [-2.5, 4.0, 0.0, -0.125, None], "n": [-4.0, -0.5, -1.0, -2.0, -3.0], "p": [0, 9, 1, 2, 3]}
    table = pa.table({f.name: pa.array(rows[f.name], f.dtype.arrow) for f in fields})
    made = [signbit(i), signbit(x), signbit(n), signbit(p), ex.mul(signbit(x), i), signbit(ex.sub(x, 1)), signbit(ex.where(ex.gt(i, 100), i, None))]
    want = [
        [1, 0, 0, None, 1], [1, 0, 0, 1, None], [1] * 5, [0] * 5, [-9, 0, 0, None, None], [1, 0, 1, 1, None], [None] * 5,
    ]  # fmt: skip
    for one, row, (shares, owner) in zip(made, want, both(made, fields, table, protocol), strict=True):
        assert shares == owner == row, (str(one), shares, owner)

    # NumPy's name, and the names in queries
    base = build.scan("s", "bank", "t", fields, 5)
    series = SecretSeries(None, base, ex.col(base.schema["x"]), "x")  # type: ignore[arg-type]  # nothing is run
    assert str(np.signbit(series).expr) == "signbit(x)" and ufuncs.supported(np.signbit)
    assert str(SecretFrame(None, base).eval("signbit(x - p)").expr) == str(signbit(ex.sub(x, p)))  # type: ignore[arg-type]
    try:
        np.arctan(series)
    except SpuframeError as error:
        assert "np.signbit" in str(error)

    # the table of stated errors
    assert any("signbit" in line for line in stated_errors.table().splitlines())


def without(protocol: str) -> None:
    """A function that nothing runs stops a party at its start."""
    from spuframe.errors import PlanError
    from spuframe.spu import functions as run

    try:
        run.load()
    except PlanError as error:
        assert str(error) == "nothing says how the function 'signbit' runs: write its entry of RUNS in spuframe/spu/functions/signs.py"
    else:
        raise AssertionError("it may not start")


if __name__ == "__main__":
    which, protocol = sys.argv[1:]
    add(without_runs=which == "without")
    {"proof": proof, "without": without}[which](protocol)
