"""What estimators refuse before anything is sent, and what they say."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning

import spuframe as sf
from spuframe.errors import (
    ForeignFrameError,
    InvalidParameterError,
    NotFittedError,
    PlanError,
    RangeOverflowError,
    SchemaError,
    SpuframeError,
    TypeMismatchError,
)
from spuframe.ml import LogisticRegression, StandardScaler


@pytest.fixture(scope="module")
def frame(session: sf.Session) -> sf.SecretFrame:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.normal(size=20), "b": rng.integers(0, 9, 20), "s": ["x", "y"] * 10, "y": [0, 1] * 10})
    return session.from_pandas(table.assign(three=[0, 1, 2, 1] * 5), owner="o")


@pytest.fixture(scope="module")
def foreign(session: sf.Session, frame: sf.SecretFrame) -> sf.SecretFrame:
    """The same table in another session (never started: only its plans are looked at)."""
    other = object.__new__(sf.Session)
    return sf.SecretFrame(other, frame.node)


Call = Callable[[Any, Any], object]
CASES: list[tuple[str, Call, type[SpuframeError], str]] = [
    ("three classes", lambda f, o: fit(f, f["three"]), SchemaError, r"range \(0, 3\).*ranges=\{'y': \(0, 1\)\}.*y == 1"),
    ("float target", lambda f, o: fit(f, f["a"]), TypeMismatchError, r"`y` is float.*frame\['x'\] > 0"),
    ("string target", lambda f, o: fit(f, f["s"]), TypeMismatchError, "`y` is string"),
    ("target is a frame", lambda f, o: fit(f, f[["y"]]), TypeMismatchError, r"must be a SecretSeries, got SecretFrame: select it with frame\['name'\]"),
    ("target is an array", lambda f, o: fit(f, np.zeros(20)), TypeMismatchError, "must be a SecretSeries, got ndarray"),
    ("target of other rows", lambda f, o: fit(f, f[f["b"] > 3]["y"]), SchemaError, "merge the frames on a key first"),
    ("target of another session", lambda f, o: fit(f, o["y"]), ForeignFrameError, "read both tables in one"),
    ("features are an array", lambda f, o: LogisticRegression().fit(array(), f["y"]), TypeMismatchError, "ndarray: select columns with"),
    ("features are a column", lambda f, o: LogisticRegression().fit(f["a"], f["y"]), TypeMismatchError, "must be a SecretFrame, got SecretSeries"),
    ("no features", lambda f, o: LogisticRegression().fit(f[[]], f["y"]), SchemaError, "select at least one feature"),
    ("no rows", lambda f, o: LogisticRegression().fit(f.head(0)[["a"]], f.head(0)["y"]), SchemaError, "no rows"),
    ("string features", lambda f, o: LogisticRegression().fit(f[["a", "s"]], f["y"]), TypeMismatchError, "column 's'.*drop or encode it"),
    ("scaled strings", lambda f, o: StandardScaler().fit(f), TypeMismatchError, "column 's'"),
    ("predict before fit", lambda f, o: LogisticRegression().predict(f), NotFittedError, "not fitted yet: call fit"),
    ("score before fit", lambda f, o: LogisticRegression().score(f[["a"]], f["y"]), NotFittedError, "not fitted yet: call fit"),
    ("transform before fit", lambda f, o: StandardScaler().transform(f), NotFittedError, "not fitted yet: call fit"),
]


def array() -> Any:
    return np.zeros((20, 2))


def fit(frame: sf.SecretFrame, y: Any) -> object:
    return LogisticRegression(max_iter=1, tol=None).fit(frame[["a", "b"]], y)


@pytest.mark.parametrize(("call", "error", "message"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_is_refused(session: sf.Session, frame: Any, foreign: Any, call: Call, error: type[SpuframeError], message: str) -> None:
    before = session.last_profile
    with pytest.raises(error, match=message):
        call(frame, foreign)
    assert session.last_profile is before  # nothing ran


PARAMETERS: list[tuple[dict[str, Any], str]] = [
    ({"penalty": "l1"}, "`penalty` must be 'l2' or None, got 'l1'"),
    ({"C": 0}, "`C` must be a positive number, got 0"),
    ({"C": True}, "`C` must be a positive number, got True"),
    ({"C": float("inf")}, "`C` must be a positive number, got inf"),
    ({"max_iter": 0}, "`max_iter` must be a whole number of at least 1, got 0"),
    ({"max_iter": 1.5}, "`max_iter` must be a whole number"),
    ({"batch_size": 0}, "`batch_size` must be a whole number of at least 1"),
    ({"learning_rate": "adaptive"}, "`learning_rate` must be a positive number or 'auto', got 'adaptive'"),
    ({"learning_rate": -1.0}, "`learning_rate` must be a positive number or 'auto'"),
    ({"learning_rate": 15}, "would make the coefficients diverge: with momentum 0.8 it must be at most 12 here"),
    ({"learning_rate": 0.5, "C": 1e-3}, "must be at most 0.02 here; lower it, raise `C`"),
    ({"momentum": 1.0}, r"`momentum` must be in \[0, 1\), got 1.0"),
    ({"momentum": "high"}, r"`momentum` must be in \[0, 1\)"),
    ({"tol": -1.0}, r"`tol` must be None or 0 or a number of at least 1e-05 .*, got -1.0"),
    ({"tol": 1e-7}, r"`tol` must be None or 0 or a number of at least 1e-05 .*, got 1e-07"),
    ({"tol": True}, r"`tol` must be None or 0 or a number .*, got True"),
    ({"fit_intercept": 1}, "`fit_intercept` must be True or False, got 1"),
    ({"solver": "lbfgs"}, "`solver` must be 'sgd', got 'lbfgs'"),
]


@pytest.mark.parametrize(("parameters", "message"), PARAMETERS, ids=[str(p[0]) for p in PARAMETERS])
def test_parameter_is_refused(session: sf.Session, frame: sf.SecretFrame, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(PlanError, match=message) as caught:
        LogisticRegression(**parameters).fit(frame[["a"]], frame["y"])
    if isinstance(caught.value, InvalidParameterError):
        assert (caught.value.name, caught.value.value) in parameters.items() and caught.value.allowed in str(caught.value)
    else:
        assert "learning_rate" in parameters  # a number that does not fit others


def test_features_of_a_range_without_room_are_refused(session: sf.Session) -> None:
    data = pd.DataFrame({"a": [0.5, 2.0], "n": [3, 5], "y": [0, 1]})
    frame = session.from_pandas(data, owner="o", ranges={"a": (-1e13, 1e13), "n": (-(2**63), 2**63 - 1), "y": (0, 1)})
    with pytest.raises(RangeOverflowError, match=r"column 'n'.*declare it when reading \(ranges=\{'n': \(low, high\)\}\), or bound it with .clip"):
        LogisticRegression().fit(frame[["n"]], frame["y"])
    with pytest.raises(RangeOverflowError, match=r"column 'a'.*declare it when reading"):  # unscaled, its values could not be told from zero
        LogisticRegression(standardize=False).fit(frame[["a"]], frame["y"])
    assert StandardScaler().fit(frame[["a"]]).mean_.reveal().item() == pytest.approx(1.25, abs=1e-4)


def test_a_step_that_may_be_too_long_is_told(session: sf.Session, frame: sf.SecretFrame) -> None:
    with pytest.warns(ConvergenceWarning, match=r"`learning_rate` 8 may make 2 coefficients diverge.*up to 6.55"):
        LogisticRegression(max_iter=1, learning_rate=8, tol=None).fit_plan(frame[["a"]], frame["y"])


def test_score_of_no_row_left(session: sf.Session, frame: Any) -> None:
    model = LogisticRegression(max_iter=1, tol=None).fit(frame[["a", "b"]], frame["y"])
    assert model.intercept_.reveal().shape == (1,)
    assert LogisticRegression(max_iter=1, fit_intercept=False, tol=None).fit(frame[["a"]], frame["y"]).intercept_.reveal().tolist() == [0.0]
    none = frame[frame["b"] > 100]
    with pytest.raises(SchemaError, match="no complete row of `X` and `y` is left"):
        model.score(none[["a", "b"]], none["y"])
    with pytest.raises(TypeMismatchError, match=r"NumPy takes what .reveal\(\) shows"):
        np.array(model.coef_)
    c: Any = model.coef_
    refused: list[Callable[[], object]] = [
        lambda: c * 2, lambda: 2 * c, lambda: c + c, lambda: c / 2, lambda: -c, lambda: abs(c), lambda: round(c, 2), lambda: c @ c, lambda: c == 1,
        lambda: c != c, lambda: c < 0, lambda: bool(c), lambda: f"{c:.2f}", lambda: frame["a"] * c, lambda: np.ones(2) * c, lambda: frame["a"].sum() - c,
        lambda: c.mean(), lambda: c.T, lambda: divmod(c, 2), lambda: c.__setitem__(0, 1), lambda: pickle.dumps(c), lambda: {c: 1},
    ]  # fmt: skip
    for use in refused[:-1]:
        with pytest.raises(SpuframeError, match="reveal|constant is of type|another secret number|has no attribute"):
            use()
    with pytest.raises(TypeError, match="unhashable"):
        refused[-1]()
    assert copy.copy(c).reveal().shape == (1, 2) and "secret" in f"{c}"


def test_other_features_at_predict(session: sf.Session, frame: Any, foreign: Any) -> None:
    model = LogisticRegression(max_iter=1, tol=None).fit(frame[["a", "b"]], frame["y"])
    for method in (model.predict, model.predict_proba, model.decision_function):
        with pytest.raises(SchemaError, match=r"fitted with, \['a', 'b'\]; it lacks \['b'\] and has \[\] besides"):
            method(frame[["a"]])
        with pytest.raises(SchemaError, match=r"lacks \[\] and has \['three'\] besides"):
            method(frame[["a", "b", "three"]])
        with pytest.raises(ForeignFrameError, match="another session"):
            method(foreign[["a", "b"]])
    with pytest.raises(SchemaError, match="it lacks"):
        model.score(frame[["a", "three"]], frame["y"])
    assert len(model.predict(frame[["b", "a"]]).reveal()) == 20  # the session works on
