"""`check_estimator`: what every estimator on secret frames must do, whoever wrote it.

It trains on small frames of a running session, on any protocol, and looks at the estimator's behaviour, not at the quality of its model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pkgutil import walk_packages
from typing import Any, cast

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.utils import all_estimators

from spuframe.errors import InvalidParameterError, NotFittedError, SchemaError, SpuframeError, TypeMismatchError
from spuframe.frame.frame import SecretFrame
from spuframe.frame.session import Session
from spuframe.ml.base import SecretArray, SecretEstimator
from spuframe.ml.kinds import Classifier, Clusterer, Regressor, Transformer
from spuframe.plan import build

METHODS = ("predict", "predict_proba", "decision_function", "transform", "inverse_transform")
"""Methods that give rows for rows, secretly."""
FEATURES = ["a", "b", "c"]
ROWS = 24
WRONG = object()
"""What no parameter may be."""


def estimators(package: str = "spuframe.ml") -> list[type[SecretEstimator]]:
    """All estimators of a package, found by walking it: the classes below `SecretEstimator` that its modules define and do not hide.

    >>> "StandardScaler" in [e.__name__ for e in estimators()]
    True
    """
    root = import_module(package)
    names = [package, *(m.name for m in walk_packages(root.__path__, f"{package}."))]
    found = {
        value
        for name in names
        for value in vars(import_module(name)).values()
        if isinstance(value, type) and issubclass(value, SecretEstimator) and value.__module__.startswith(package) and value is not SecretEstimator
    }
    return sorted((e for e in found if not e.__name__.startswith("_")), key=lambda e: e.__name__)


def check_estimator(estimator: SecretEstimator, session: Session) -> None:
    """Run all checks; the first that fails raises an `AssertionError` that says what is expected.

    Parameters
    ----------
    estimator : SecretEstimator
        Parametrised as it is to be checked; it is cloned, never fitted. Few iterations keep the checks short.
    session : Session
        Running.

    Examples
    --------
    >>> import spuframe as sf
    >>> with sf.local() as session:  # doctest: +SKIP
    ...     check_estimator(sf.ml.LogisticRegression(max_iter=2), session)
    """
    for check in _checks(estimator):
        check(estimator, session)


def _checks(estimator: SecretEstimator) -> Iterator[Callable[[Any, Session], None]]:
    """Those of all estimators, and those of its kinds."""
    yield _parameters
    yield _refuses_before_fit
    yield _fits_and_predicts
    yield _refuses_other_features
    yield _follows_the_mask
    yield _keeps_rows
    yield _is_repeatable
    yield _costs_the_same_for_all_data
    if isinstance(estimator, Classifier):
        yield _classifies
    if isinstance(estimator, Regressor):
        yield _regresses
    if isinstance(estimator, Clusterer):
        yield _clusters
    if isinstance(estimator, Transformer):
        yield _transforms


# ---- data ---------------------------------------------------------------------------------------------
def _table(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"a": rng.uniform(-3, 4, ROWS), "b": rng.integers(0, 50, ROWS), "c": rng.random(ROWS) < 0.5})
    table["y"] = (table["a"] + rng.normal(size=ROWS) > 0).astype(np.int64)
    table.loc[:1, "y"] = [0, 1]
    return table


def _frame(session: Session, table: pd.DataFrame) -> SecretFrame:
    return session.from_pandas(table, owner="check", ranges={"a": (-4.0, 4.0), "b": (0, 63), "y": (0, 1)})


def _fit(estimator: Any, frame: SecretFrame) -> Any:
    return clone(estimator).fit(frame[FEATURES], frame["y"])


def _rows_for_rows(fitted: Any) -> list[str]:
    return [name for name in METHODS if hasattr(fitted, name)]


def _revealed(result: Any) -> np.ndarray[Any, Any]:
    values = result.reveal()
    return cast("np.ndarray[Any, Any]", pd.DataFrame(values).astype(float).to_numpy())


def _attributes(fitted: Any) -> dict[str, SecretArray]:
    return {name: v for name, v in vars(fitted).items() if name.endswith("_") and isinstance(v, SecretArray)}


# ---- checks -------------------------------------------------------------------------------------------
def _parameters(estimator: Any, session: Session) -> None:
    name = type(estimator).__name__
    default = type(estimator)()
    for key, value in default.get_params().items():
        assert getattr(default, key) is value, f"{name}.__init__ must store {key!r} unmodified, under its own name"
    extra = {k for k in vars(default) if k not in default.get_params()}
    assert not extra, f"{name}.__init__ must store its parameters alone, found {sorted(extra)}: set the rest in fit"
    params = estimator.get_params()
    assert clone(estimator).get_params() == params, f"a clone of {name} must have the same parameters"
    assert type(estimator)().set_params(**params).get_params() == params, f"{name}.set_params must take what get_params gives"
    assert name in repr(estimator), f"the repr of {name} must name it"
    undeclared = params.keys() - type(estimator).parameters.keys()
    assert not undeclared, f"{name}.parameters must say what {sorted(undeclared)} may be"
    frame = _frame(session, _table(0))
    for key in params:
        wrong = clone(estimator)
        setattr(wrong, key, WRONG)
        error = _error(InvalidParameterError, lambda wrong=wrong: _plan(wrong, frame), f"{name}.fit_plan with {key}={WRONG!r}")  # type: ignore[misc]
        assert isinstance(error, InvalidParameterError) and error.name == key, f"the error of a wrong {key} must name it, got {error}"


def _refuses_before_fit(estimator: Any, session: Session) -> None:
    frame = _frame(session, _table(0))
    fresh = clone(estimator)
    for method in _rows_for_rows(fresh):
        error = _error(NotFittedError, partial(getattr(fresh, method), frame[FEATURES]), f"{method} before fit")
        assert "fit" in str(error), f"the error of {method} before fit must say what to do, got {error}"


def _fits_and_predicts(estimator: Any, session: Session) -> None:
    name, table = type(estimator).__name__, _table(1)
    frame = _frame(session, table)
    params = estimator.get_params()
    fitted = clone(estimator)
    assert fitted.fit(frame[FEATURES], frame["y"]) is fitted, f"{name}.fit must return the estimator"
    assert fitted.get_params() == params, f"{name}.fit must not change parameters"
    assert fitted.n_features_in_ == len(FEATURES), f"{name} must set n_features_in_"
    assert list(fitted.feature_names_in_) == FEATURES, f"{name} must set feature_names_in_"
    for key, value in _attributes(fitted).items():
        revealed = value.reveal()
        assert np.isfinite(revealed).all(), f"{name}.{key} must be finite"
        shown = repr(value) + repr(fitted)
        assert not any(f"{x:.4f}" in shown for x in revealed.ravel() if x % 1), f"the repr of {name}.{key} must show no value"
    assert _attributes(fitted), f"{name} must keep what it fitted as a SecretArray"
    before = session.last_profile
    lazy = {method: getattr(fitted, method)(frame[FEATURES]) for method in _rows_for_rows(fitted)}
    assert session.last_profile is before, f"the methods of {name} must be lazy: nothing runs before reveal()"
    for method, result in lazy.items():
        base = result.node if isinstance(result, SecretFrame) else result.base
        assert (base.rows, base.masked) == (ROWS, False), f"{name}.{method} must give the rows of X"
        assert len(_revealed(result)) == ROWS, f"{name}.{method} must give the rows of X"
    plan = _plan(fitted, frame)
    if plan is not None:
        for output in plan.values():
            assert all(f.visibility.kind == "secret" for f in output.schema), f"{name} must keep what it fits secret"


def _refuses_other_features(estimator: Any, session: Session) -> None:
    name, frame = type(estimator).__name__, _frame(session, _table(2))
    _error(TypeMismatchError, lambda: clone(estimator).fit(_table(2)[FEATURES], frame["y"]), f"{name}.fit of a pandas frame")
    strings = session.from_pandas(pd.DataFrame({"s": ["x", "y"] * (ROWS // 2), "y": [0, 1] * (ROWS // 2)}), owner="check")
    _error(TypeMismatchError, lambda: clone(estimator).fit(strings[["s"]], strings["y"]), f"{name}.fit of strings")
    fitted = _fit(estimator, frame)
    for method in _rows_for_rows(fitted):
        error = _error(SchemaError, partial(getattr(fitted, method), frame[FEATURES[:2]]), f"{name}.{method} of two features out of three")
        assert FEATURES[2] in str(error), f"the error of {name}.{method} must name the missing feature, got {error}"
        swapped = getattr(fitted, method)(frame[FEATURES[::-1]]).reveal()
        plain = getattr(fitted, method)(frame[FEATURES]).reveal()
        assert np.allclose(np.asarray(swapped, float), np.asarray(plain, float), atol=1e-3), f"{name}.{method} must find features by name"


def _follows_the_mask(estimator: Any, session: Session) -> None:
    """Rows that a filter drops take no part in the fit, and rows with a null none either."""
    name, table = type(estimator).__name__, _table(3)
    frame = _frame(session, table)
    half = frame[frame["b"] < 25]
    assert half.masked
    plain = _frame(session, table[table["b"] < 25].reset_index(drop=True))
    holes = table.astype({"b": "Int64"})
    holes.loc[table["b"] >= 25, "b"] = pd.NA
    with_nulls = _frame(session, holes)
    want = _fit(estimator, plain)
    for what, data in (("dropped", half), ("incomplete", with_nulls)):
        got = _fit(estimator, data)
        if isinstance(estimator, Transformer):  # no iterations: the same to the rounding
            for key, value in _attributes(got).items():
                assert np.allclose(value.reveal(), _attributes(want)[key].reveal(), rtol=1e-2, atol=1e-2), f"{name}.{key} must not see {what} rows"
        for method in _rows_for_rows(got):
            shown = _revealed(getattr(got, method)(data[FEATURES]))
            rows = int((table["b"] < 25).sum()) if what == "dropped" else ROWS
            assert len(shown) == rows, f"{name}.{method} must give the rows of X, without the {what} ones"
            if what == "incomplete":
                assert (np.isnan(shown).any(axis=1) == (table["b"] >= 25)).all(), f"{name}.{method} must be null where a feature is"


def _keeps_rows(estimator: Any, session: Session) -> None:
    """What is computed row by row stands beside the frame's own columns, on a frame whose rows come in no order."""
    name, table = type(estimator).__name__, _table(8)
    frame = _frame(session, table)
    fitted = _fit(estimator, frame)
    half = frame[frame["b"] < 25]
    for method in _rows_for_rows(fitted):
        result = getattr(fitted, method)(half[FEATURES])
        found = result if isinstance(result, SecretFrame) else result.to_frame()
        beside = half[["a"]].assign(**{f"result {n}": found[n] for n in found.columns}).reveal()
        whole = getattr(fitted, method)(frame[FEATURES]).reveal()
        want = pd.DataFrame(whole).astype(float).set_axis(table["a"], axis=0)[(table["b"] < 25).to_numpy()].sort_index()
        got = beside.sort_values("a").drop(columns="a").astype(float)
        assert np.allclose(got, want, atol=1e-3), f"{name}.{method} must keep its rows: combine its result with other columns of X's frame"


def _is_repeatable(estimator: Any, session: Session) -> None:
    """The same data give the same model, and a second fit forgets the first."""
    name = type(estimator).__name__
    frame, other = _frame(session, _table(4)), _frame(session, _table(5))
    first, second = _fit(estimator, frame), clone(estimator).fit(other[FEATURES], other["y"])
    second.fit(frame[FEATURES], frame["y"])
    for key, value in _attributes(first).items():
        a, b = value.reveal(), _attributes(second)[key].reveal()
        assert np.allclose(a, b, rtol=1e-2, atol=1e-2), f"{name}.{key} must depend on the last fit's data alone, got {a} and {b}"
    fewer = clone(estimator).fit(frame[FEATURES], frame["y"]).fit(frame[FEATURES[:1]], frame["y"])
    assert list(fewer.feature_names_in_) == FEATURES[:1], f"{name}.fit must forget the features of an earlier fit"


def _costs_the_same_for_all_data(estimator: Any, session: Session) -> None:
    """Nothing that is computed depends on the data: rounds and bytes are the shape's alone, and are what was measured."""
    name = type(estimator).__name__
    costs = []
    for seed in (6, 7):
        plan = _plan(clone(estimator), _frame(session, _table(seed)))
        assert plan, f"{name} must have a fit_plan(X, y): lazy frames by name, for explain()"
        for output in plan.values():
            session.reveal(output.node)
            declared, measured = session.estimate(session.physical(build.reveal(output.node))).total, session.last_profile
            assert measured is not None
            assert measured.rounds == declared.rounds, f"{name}: {measured.rounds} rounds were measured, {declared.rounds} declared"
            sent = tuple(r.sent for r in measured.ranks)
            assert sent == declared.sent, f"{name}: {sent} bytes were measured by rank, {declared.sent} declared"
            costs.append((seed, declared.rounds, declared.sent))
    first, second = ([c[1:] for c in costs if c[0] == seed] for seed in (6, 7))
    assert first == second, f"the cost of {name}.fit must not depend on the data"


def _classifies(estimator: Any, session: Session) -> None:
    """Two classes, one for each row; the score is the accuracy of what is predicted; other targets are refused."""
    name, table = type(estimator).__name__, _table(9)
    frame = _frame(session, table)
    for target, classes in ((frame["y"], [0, 1]), (frame["y"] > 0, [False, True])):
        fitted = clone(estimator).fit(frame[FEATURES], target)
        assert list(fitted.classes_) == classes, f"{name}.classes_ must be those of the target, got {fitted.classes_}"
        found = np.asarray(fitted.predict(frame[FEATURES]).reveal())
        assert np.isin(found, classes).all() and found.dtype == fitted.classes_.dtype, f"{name}.predict must give the classes, got {found}"
        score = fitted.score(frame[FEATURES], target)
        assert abs(score - (found == table["y"]).mean()) < 1e-3, f"{name}.score must be the accuracy of predict, got {score}"
    many = session.from_pandas(table.assign(y=np.arange(ROWS) % 3), owner="check")
    _error(SchemaError, lambda: clone(estimator).fit(many[FEATURES], many["y"]), f"{name}.fit of three classes")
    none = frame[frame["b"] < 0]
    _error(SchemaError, lambda: fitted.score(none[FEATURES], none["y"]), f"{name}.score of no row")


def _regresses(estimator: Any, session: Session) -> None:
    """Predictions are scikit-learn's; the score is R2 of what is predicted, also of rows that a filter left; other targets are refused."""
    name, table = type(estimator).__name__, _table(9)
    frame = _frame(session, table)
    half = frame["b"] < 25
    X, y = frame[[*FEATURES[1:], "y"]], frame["a"]
    fitted = clone(estimator).fit(X, y)
    found = np.asarray(fitted.predict(X).reveal(), float)
    score, part = fitted.score(X, y), fitted.score(X[half], y[half])
    kept = table["b"] < 25
    for got, want in ((score, r2_score(table["a"], found)), (part, r2_score(table["a"][kept], found[kept]))):
        assert abs(got - want) < 1e-3, f"{name}.score must be R2 of predict, {want}, got {got}"
    reference = _reference(estimator)
    if reference is not None:
        plain = table[[*FEATURES[1:], "y"]].astype(float).to_numpy()
        reference.fit(plain, table["a"])
        assert np.allclose(found, reference.predict(plain), rtol=1e-3, atol=1e-3), f"{name}.predict must give scikit-learn's numbers"
    none = frame[frame["b"] < 0]
    _error(SchemaError, lambda: fitted.score(none[X.columns], none["a"]), f"{name}.score of no row")
    strings = session.from_pandas(pd.DataFrame({"a": [1, 2], "s": ["x", "y"]}), owner="check")
    _error(TypeMismatchError, lambda: clone(estimator).fit(strings[["a"]], strings["s"]), f"{name}.fit of a target of strings")


def _clusters(estimator: Any, session: Session) -> None:
    """Whole numbers for the rows, which are those of the fit; from the same start the clusters are scikit-learn's."""
    name, table = type(estimator).__name__, _table(9)
    frame = _frame(session, table)
    fitted = clone(estimator).fit(frame[FEATURES])
    labels = np.asarray(fitted.labels_.reveal())
    count = len(_attributes(fitted)["cluster_centers_"].reveal())
    assert labels.dtype == np.int64 and np.isin(labels, range(count)).all(), f"{name}.labels_ must be 0 to {count - 1}, got {labels}"
    assert (labels == fitted.predict(frame[FEATURES]).reveal()).all(), f"{name}.predict of the rows of the fit must give labels_"
    assert (labels == clone(estimator).fit_predict(frame[FEATURES]).reveal()).all(), f"{name}.fit_predict must give labels_"
    if "init" not in estimator.get_params():
        return
    plain = table[FEATURES].astype(float).to_numpy()
    other = clone(estimator).set_params(init=plain[:count], n_init=1, n_clusters=count)
    reference = _reference(other)
    if reference is not None:
        reference.fit(plain)
        other.fit(frame[FEATURES])
        assert np.allclose(other.cluster_centers_.reveal(), reference.cluster_centers_, atol=1e-4), f"{name}.cluster_centers_ must be scikit-learn's"
        assert (np.asarray(other.labels_.reveal()) == reference.labels_).all(), f"{name}.labels_ must be scikit-learn's"
        assert np.allclose(other.inertia_.reveal(), reference.inertia_, rtol=1e-3), f"{name}.inertia_ must be scikit-learn's"
        assert np.allclose(_revealed(other.transform(frame[FEATURES])), reference.transform(plain), atol=1e-3), f"{name}.transform must be scikit-learn's"
        assert np.isclose(other.score(frame[FEATURES]), reference.score(plain), rtol=1e-3), f"{name}.score must be scikit-learn's"


def _transforms(estimator: Any, session: Session) -> None:
    """Both ways to the same features, which are scikit-learn's."""
    name, frame = type(estimator).__name__, _frame(session, _table(9))
    at_once, later = clone(estimator).fit_transform(frame[FEATURES]), _fit(estimator, frame).transform(frame[FEATURES])
    assert isinstance(at_once, SecretFrame), f"{name}.fit_transform must give a SecretFrame"
    assert np.allclose(_revealed(at_once), _revealed(later), atol=1e-3), f"{name}.fit_transform must be fit, then transform"
    reference = None if isinstance(estimator, Clusterer) else _reference(estimator)  # scikit-learn draws others
    if reference is not None:
        plain, fitted = _table(9)[FEATURES].astype(float), _fit(estimator, frame)
        reference.fit(plain.to_numpy())
        for key, value in _attributes(fitted).items():
            assert np.allclose(value.reveal(), getattr(reference, key), rtol=1e-3, atol=1e-4), f"{name}.{key} must be scikit-learn's"
        want = reference.transform(plain.to_numpy())
        assert np.allclose(_revealed(later), want, rtol=1e-3, atol=1e-3), f"{name}.transform must give scikit-learn's features"
        if hasattr(fitted, "inverse_transform"):
            back = _revealed(fitted.inverse_transform(later))
            assert np.allclose(back, reference.inverse_transform(want), atol=1e-3), f"{name}.inverse_transform must give the features back"


def _reference(estimator: Any) -> Any:
    """scikit-learn's estimator of the same name, with the same parameters; None where it has none."""
    kind = type(estimator)
    known = dict(all_estimators()).get(kind.__name__)
    return None if known is None else known(**estimator.get_params())


def _plan(estimator: Any, frame: SecretFrame) -> dict[str, SecretFrame] | None:
    make = getattr(estimator, "fit_plan", None)
    return None if make is None else cast("dict[str, SecretFrame]", make(frame[FEATURES], frame["y"]))


def _error(kind: type[SpuframeError], call: Callable[[], object], what: str) -> SpuframeError:
    try:
        call()
    except kind as error:
        return error
    except SpuframeError as error:
        raise AssertionError(f"{what} must raise {kind.__name__}, got {type(error).__name__}: {error}") from error
    raise AssertionError(f"{what} must raise {kind.__name__}, and raised nothing")
