"""``query`` and ``eval`` against pandas; what is no part of an expression is refused, and nothing is ever run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spuframe as sf
from spuframe.errors import ColumnNotFoundError, PlanError, SpuframeError, TypeMismatchError

ROWS = pd.DataFrame(
    {
        "id": range(8),
        "a": [1.5, -2.0, 3.0, 4.0, 0.5, 2.5, -1.0, 8.0],
        "b": [2, 1, 4, 3, 2, 5, 6, 0],
        "body mass": [60.5, 70.0, 80.25, 90.0, 55.0, 65.0, 75.0, 85.0],
        "s": ["n", "s", "n", "e", "w", "e", "n", "s"],
        "ok": [True, False, True, True, False, True, False, True],
    }
)
GAPS = pd.DataFrame({"id": range(4), "x": pd.array([1.0, None, 3.0, None], "Float64"), "y": pd.array([1, 2, None, None], "Int64")})
LIMIT = 2
QUERIES = [
    "a > 1",
    "a > 1 & b < 4",
    "a > 1 and b < 4 or s == 'w'",
    "not a > 1",
    "~(a > 1) | ok",
    "ok",
    "not ok and b >= 2",
    "1 < b <= 4",
    "s == 'n' | s == \"w\"",
    "s in ['n', 'e'] and b not in (2, 4)",
    "b == [1, 2, 3]",
    "s != ['n', 'e']",
    "`body mass` > 65 & a < b",
    "a + b * 2 > `body mass` / 10 - 1",
    "-a ** 2 < -4",
    "b % 2 == 0 and b // 2 == 1",
    "b > @LIMIT",
    "b in @wanted and a > @low",
    "a > a.mean()",
    "a > @given.mean() + 0.5 * b.min()",
    "abs(a) > 2 and sqrt(`body mass`) > 8",
    "a.between(1, 3)",
    "s.isin(['n']) | b.isin([0])",
    "b < 2 ** 2 + 1 - True",
    "(a > 0) == ok",
]


@pytest.fixture(scope="module")
def frame(session: sf.Session) -> sf.SecretFrame:
    return session.from_pandas(ROWS, owner="shop")


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_queries(frame: sf.SecretFrame) -> None:
    wanted, low, given = [2, 3, 4], 0.75, ROWS["a"]  # noqa: F841  # variables of the expressions
    right, made = [], []
    for q in QUERIES:  # no comprehension: pandas would look for variables in it
        right.append(sorted(ROWS.query(q, engine="python")["id"]))
    given = frame["a"]  # noqa: F841
    for q in QUERIES:
        made.append(frame.query(q)["id"])
    shown = sf.reveal(*made)
    for q, got, want in zip(QUERIES, shown, right, strict=True):
        assert sorted(got) == want, q


def test_on_shares_with_nulls(session: sf.Session) -> None:
    f = session.from_pandas(GAPS, owner="shop").persist()
    for q in ("x > 0", "x.isna()", "x.notnull() and y > 0", "x.isna() or y.isna()", "not (x > 1)", "x > x.mean() or y == y.max()"):
        assert sorted(f.query(q)["id"].reveal()) == sorted(GAPS.query(q, engine="python")["id"]), q


def test_eval(frame: sf.SecretFrame) -> None:
    k = 3  # noqa: F841
    shown = sf.reveal(frame.eval("a / 2 + b"), frame.eval("a.sum() / b.sum()"), frame.eval("c = a + @k"), frame.eval("`body mass` - `body mass`.mean()"))
    np.testing.assert_allclose(shown[0], ROWS.eval("a / 2 + b"), atol=1e-5)
    assert shown[1] == pytest.approx(ROWS["a"].sum() / ROWS["b"].sum(), abs=1e-5)
    np.testing.assert_allclose(shown[2]["c"], ROWS["a"] + 3, atol=1e-5)
    np.testing.assert_allclose(shown[3], ROWS["body mass"] - ROWS["body mass"].mean(), atol=1e-4)
    lines = """
        c = a * b
        d = c + 1
        a = 0
    """
    got, want = frame.eval(lines).reveal(), ROWS.eval(lines)
    assert list(got.columns) == list(want.columns) and "c" not in frame
    np.testing.assert_allclose(got[["a", "c", "d"]], want[["a", "c", "d"]], atol=1e-5)
    assert frame.eval("1 + 2") == 3
    assert sorted(frame.query("b > @m", local_dict={"m": 4})["id"].reveal()) == [5, 6]
    assert frame.query("s == 'a`b`c@d'")["id"].count().reveal() == 0


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_what_is_refused(frame: sf.SecretFrame) -> None:
    for text, error, words in (
        ("nope > 1", ColumnNotFoundError, "'nope'"),
        ("b > @nope", PlanError, "@nope of the expression is not defined"),
        ("a >", PlanError, "cannot be read"),
        ("(a > 1", PlanError, "cannot be read"),
        ("`a > 1", PlanError, "without another"),
        ("", PlanError, "1 to 10000 characters"),
        ("a > 1" + " " * 10_000, PlanError, "1 to 10000 characters"),
        ("__import__('os').system('true')", PlanError, "cannot stand in an expression"),
        ("@frame.reveal()", PlanError, "cannot stand"),
        ("a.reveal()", PlanError, r"a.reveal\(\).*cannot stand"),
        ("a.persist()", PlanError, "cannot stand"),
        ("a.expr", PlanError, "cannot stand"),
        ("a[0] > 1", PlanError, "cannot stand"),
        ("[x for x in a]", PlanError, "cannot stand"),
        ("(lambda: a)()", PlanError, "cannot stand"),
        ("a if b else s", PlanError, "cannot stand"),
        ("a is b", PlanError, "cannot stand"),
        ("f'{a}'", PlanError, "cannot stand"),
        ("arctan(a)", PlanError, "cannot stand.*sqrt"),
        ("a.between(**@kw)", PlanError, "cannot"),
        ("a > 9 ** 9 ** 9", PlanError, "too large"),
        ("a > 'x' * 3", PlanError, "numbers"),
        ("a > 1 / 0", PlanError, "no value"),
        ("a + 1", TypeMismatchError, "needs a boolean"),
        ("1 < 2", PlanError, "condition on the rows"),
        ("a.mean() > 1", PlanError, "condition on the rows"),
        ("(" * 3000 + "a" + ")" * 3000, PlanError, "cannot be read"),
        ("-" * 9000 + "a > 1", PlanError, "cannot be read|too deeply"),
        (3, TypeMismatchError, "an expression is a str"),
    ):
        with pytest.raises(error, match=words):
            frame.query(text)  # type: ignore[arg-type]
    for text in ("a += 1", "a, b = 1, 2", "import os", "c = a\nd", "a.b = 1", "c: int = a"):
        with pytest.raises(PlanError, match="assignment|cannot be read"):
            frame.eval(text)
    with pytest.raises(TypeMismatchError, match="local_dict"):
        frame.query("a > 1", local_dict=[])  # type: ignore[arg-type]
    with pytest.raises(PlanError, match="parser"):
        frame.query("a > 1", parser="python")


WORDS = st.sampled_from(["a", "b", "s", "`body mass`", "@v", "1", "2.5", "'n'", "+", "-", "*", "/", ">", "==", "and", "or", "not", "&", "in", "(", ")",
                         "[", "]", ",", ".mean()", "~", "abs", "lambda", "@", "=", "\n", "if", "for", "%", "**"])  # fmt: skip


@settings(max_examples=150)
@given(words=st.lists(WORDS, max_size=9), v=st.sampled_from([1, None, "x", [1], ..., {}]))
@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_any_text_is_read_or_refused(frame: sf.SecretFrame, words: list[str], v: Any) -> None:
    for use in (frame.query, frame.eval):
        try:
            use(" ".join(words), local_dict={"v": v})
        except SpuframeError as error:
            assert len(str(error)) > 15
