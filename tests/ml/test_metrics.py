"""Scores against scikit-learn's, on good and bad predictions, ties, missing values and one class."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as reference

import spuframe as sf
from spuframe.errors import InvalidParameterError, SchemaError, TypeMismatchError
from spuframe.ml import metrics

N = 90


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    y = rng.random(N) < 0.4
    p = np.clip(0.25 + 0.5 * y + rng.normal(0, 0.25, N), 0.001, 0.999)
    return pd.DataFrame({
        "y": y, "p": p, "coarse": np.round(p, 1), "said": p > 0.5, "never": False, "kind": rng.integers(0, 3, N), "guess": rng.integers(0, 3, N),
        "word": np.where(y, "ill", "well"), "spoken": np.where(p > 0.6, "ill", "well"), "x": rng.normal(1e3, 50, N), "tiny": 1e-5 * rng.normal(size=N),
    }).assign(fit=lambda d: d["x"] + 5, little=lambda d: d["tiny"] + 3e-6)  # fmt: skip


@pytest.fixture(scope="module")
def frame(session: sf.Session) -> Any:
    data = table()
    found = session.from_pandas(data.assign(zero=data["y"].astype(int), told=data["said"].astype(int)), owner="o")
    found.persist()
    return found


def test_errors_of_numbers(frame: Any) -> None:
    data = table()
    names = ("mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "r2_score")
    for truth, predicted in (("x", "fit"), ("tiny", "little"), ("x", "p"), ("kind", "guess")):
        found = sf.reveal(*(getattr(metrics, name)(frame[truth], frame[predicted]) for name in names))
        for name, got in zip(names, found, strict=True):
            assert got == pytest.approx(getattr(reference, name)(data[truth], data[predicted]), rel=2e-3, abs=1e-12), (name, truth)


def test_counts_of_classes(frame: Any) -> None:
    data = table()
    names = ("accuracy_score", "precision_score", "recall_score", "f1_score")
    for truth, predicted in (("y", "said"), ("zero", "told"), ("y", "never")):
        found = sf.reveal(*(getattr(metrics, name)(frame[truth], frame[predicted]) for name in names))
        for name, got in zip(names, found, strict=True):
            more = {} if name == "accuracy_score" else {"zero_division": 0.0}
            want = getattr(reference, name)(data["y"], data["never" if predicted == "never" else "said"], **more)
            assert got == pytest.approx(want, abs=1e-6), (name, predicted)
    assert metrics.f1_score(frame["word"], frame["spoken"], pos_label="ill").reveal() == pytest.approx(
        reference.f1_score(data["word"], data["spoken"], pos_label="ill"), abs=1e-6
    )
    assert metrics.precision_score(frame["y"], frame["never"], zero_division=1.0).reveal() == 1
    want = reference.recall_score(data["y"], data["said"], pos_label=False)
    for truth, predicted, label in (("y", "said", False), ("y", "told", 0), ("zero", "said", np.bool_(False)), ("zero", "told", False)):
        assert metrics.recall_score(frame[truth], frame[predicted], pos_label=label).reveal() == pytest.approx(want, abs=1e-6)
    for label in ("ill", 2, None):
        with pytest.raises(InvalidParameterError, match="`pos_label` must be True or False, as `y_true` is boolean"):
            metrics.recall_score(frame["y"], frame["said"], pos_label=label)
    assert metrics.accuracy_score(frame["kind"], frame["guess"]).reveal() == pytest.approx((data["kind"] == data["guess"]).mean(), abs=1e-6)


def test_confusion_matrices(frame: Any) -> None:
    data = table()
    for truth, predicted, labels in (("y", "said", None), ("zero", "told", None), ("kind", "guess", [0, 1, 2]), ("word", "spoken", ["well", "ill"])):
        got = metrics.confusion_matrix(frame[truth], frame[predicted], labels=labels).reveal()
        columns = {"zero": "y", "told": "said"}
        want = reference.confusion_matrix(data[columns.get(truth, truth)], data[columns.get(predicted, predicted)], labels=labels)
        assert got.tolist() == want.tolist()


@pytest.mark.parametrize("score", ["p", "coarse", "never"])
def test_probabilities(frame: Any, score: str) -> None:
    data = table()
    y, p = data["y"], data[score].astype(float)
    got = sf.reveal(metrics.roc_auc_score(frame["y"], frame[score]), metrics.roc_auc_score(frame["word"], frame[score], pos_label="ill"))
    assert got == pytest.approx([reference.roc_auc_score(y, p)] * 2, abs=1e-5)
    assert metrics.brier_score_loss(frame["y"], frame[score]).reveal() == pytest.approx(reference.brier_score_loss(y, p), rel=1e-3)
    clipped = np.clip(p, 2.0**-18, 1 - 2.0**-18)
    assert metrics.log_loss(frame["zero"], frame[score]).reveal() == pytest.approx(reference.log_loss(y, clipped), rel=1e-3)


def test_missing_values_take_no_part(session: sf.Session) -> None:
    data = table()[["y", "p", "x", "fit"]].astype({"y": "boolean", "p": "Float64", "x": "Float64", "fit": "Float64"})
    data.loc[::5, "y"] = data.loc[::4, "p"] = data.loc[::3, "fit"] = data.loc[::7, "x"] = pd.NA
    frame = session.from_pandas(data.assign(said=data["p"] > 0.5), owner="o")
    left, numbers = data[["y", "p"]].dropna(), data[["x", "fit"]].dropna().astype(float)
    y, p = left["y"].astype(bool), left["p"].astype(float)
    assert metrics.roc_auc_score(frame["y"], frame["p"]).reveal() == pytest.approx(reference.roc_auc_score(y, p), abs=1e-5)
    assert metrics.log_loss(frame["y"], frame["p"]).reveal() == pytest.approx(reference.log_loss(y, p), rel=1e-3)
    assert metrics.recall_score(frame["y"], frame["said"]).reveal() == pytest.approx(reference.recall_score(y, p > 0.5), abs=1e-6)
    assert metrics.confusion_matrix(frame["y"], frame["said"]).reveal().tolist() == reference.confusion_matrix(y, p > 0.5).tolist()
    assert metrics.mean_squared_error(frame["x"], frame["fit"]).reveal() == pytest.approx(25, rel=1e-3)
    assert metrics.r2_score(frame["x"], frame["fit"]).reveal() == pytest.approx(reference.r2_score(numbers["x"], numbers["fit"]), abs=1e-3)


def test_one_class_and_no_rows(frame: Any) -> None:
    ill = frame[frame["y"]]
    assert metrics.roc_auc_score(ill["y"], ill["p"]).reveal() is None
    none = frame[frame["p"] > 2]
    assert metrics.roc_auc_score(none["y"], none["p"]).reveal() is None
    assert metrics.accuracy_score(none["y"], none["said"]).reveal() is None
    assert metrics.confusion_matrix(none["y"], none["said"]).reveal().tolist() == [[0, 0], [0, 0]]


def test_what_is_refused(frame: Any) -> None:
    with pytest.raises(TypeMismatchError, match=r"`y_pred` must be a SecretSeries, got ndarray"):
        metrics.accuracy_score(frame["y"], np.zeros(N))  # type: ignore[arg-type]
    with pytest.raises(TypeMismatchError, match="`y_pred` is float.*compare it"):
        metrics.accuracy_score(frame["y"], frame["p"])
    with pytest.raises(TypeMismatchError, match="`y_score` is string.*must be numbers"):
        metrics.roc_auc_score(frame["y"], frame["word"])
    with pytest.raises(SchemaError, match=r"classes are secret: say which there are \(labels="):
        metrics.confusion_matrix(frame["kind"], frame["guess"])
    with pytest.raises(InvalidParameterError, match="`labels` must be a list of classes"):
        metrics.confusion_matrix(frame["kind"], frame["guess"], labels=[])
