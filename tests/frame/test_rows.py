"""Rows stay together: what is computed row by row, reveals of one base, persisted frames; and a reveal without an order says so."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import confusion_matrix, roc_auc_score
from sklearn.pipeline import Pipeline

import spuframe as sf
from spuframe.errors import ForeignFrameError, PlanError, SchemaError, TypeMismatchError
from spuframe.ml import LogisticRegression, StandardScaler

RNG = np.random.default_rng(3)
N = 90
LEFT = pd.DataFrame({"id": RNG.permutation(N), "a": RNG.normal(size=N), "b": RNG.integers(0, 9, N), "y": RNG.integers(0, 2, N)})
LEFT["a"] += LEFT["y"]
RIGHT = pd.DataFrame({"id": RNG.permutation(N + 20)[:N], "c": RNG.normal(size=N)})
JOINED = LEFT.merge(RIGHT, on="id")
X = ["a", "b", "c"]


@pytest.fixture
def joined(session: sf.Session) -> sf.SecretFrame:
    return session.from_pandas(LEFT, owner="clinic").merge(session.from_pandas(RIGHT, owner="lab"), on="id")


def rows(frame: pd.DataFrame) -> pd.DataFrame:
    """By the key, numbered anew."""
    return frame.sort_values("id").reset_index(drop=True)


# ---- two reveals -----------------------------------------------------------------------------------------
def test_results_of_one_base_are_revealed_side_by_side(session: sf.Session, joined: sf.SecretFrame) -> None:
    other = session.from_pandas(LEFT, owner="clinic")
    before = joined["a"].sum()
    ids, c, frame, total, plain = sf.reveal(joined["id"], joined["c"] * 2, joined[["id", "a"]].rename({"a": "c"}), before, other["id"])
    assert ids.index.equals(c.index) and frame.index.equals(c.index) and ids.index.name == "unordered"
    got = rows(pd.concat([ids, c.rename("double"), frame["c"]], axis=1))
    want = rows(JOINED)
    assert got["id"].tolist() == want["id"].tolist() and ids.tolist() == frame["id"].tolist()
    np.testing.assert_allclose(got["double"], 2 * want["c"], atol=1e-4)
    np.testing.assert_allclose(got["c"], want["a"], atol=1e-4)
    assert total == pytest.approx(JOINED["a"].sum(), abs=1e-3)
    pd.testing.assert_series_equal(plain, LEFT["id"])
    arrow, again = sf.reveal(joined["id"], joined["id"], as_="arrow")
    assert arrow.equals(again) and sorted(arrow.to_pylist()) == want["id"].tolist()
    assert sf.reveal() == ()
    profile = session.last_profile
    assert profile is not None and sum(s["op"] == "reveal" for s in profile.ranks[0].steps) == 1


def test_two_reveals_do_not_look_like_the_same_rows(session: sf.Session, joined: sf.SecretFrame) -> None:
    one, two = joined["a"].reveal(), joined["c"].reveal()
    assert (one.index.name, two.index.name) == ("unordered", "unordered") and len(one) == len(JOINED)
    assert not len(one.index.intersection(two.index))
    assert pd.concat([one, two], axis=1).isna().any(axis=1).all()
    with pytest.raises(ValueError, match="identically-labeled"):
        _ = one > two
    kept = session.from_pandas(LEFT, owner="clinic")
    assert kept[kept["b"] > 3]["a"].reveal().index.name == "unordered"
    ordered = [kept, kept[kept["b"] >= 0], kept[kept["b"] > 3].sort_values("id"), joined.groupby("b").agg(n=("id", "count")), kept[kept["b"] > 3].head(3)]
    for frame in ordered:
        shown = frame.reveal()
        assert shown.index.equals(pd.RangeIndex(len(shown))) and shown.index.name is None


def test_what_cannot_be_revealed_together(protocol: str, sessions: Callable[[str], sf.Session], joined: sf.SecretFrame) -> None:
    with pytest.raises(TypeMismatchError, match="got DataFrame"):
        sf.reveal(joined, LEFT)  # type: ignore[arg-type]
    with pytest.raises(PlanError, match="'pandas', 'arrow'"):
        sf.reveal(joined, as_="numpy")
    foreign = sessions("plaintext" if protocol == "aby3" else "aby3").from_pandas(LEFT.head(2), owner="clinic")
    with pytest.raises(ForeignFrameError, match="two sessions"):
        sf.reveal(joined, foreign)


# ---- predictions -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("how", ["joined", "filtered", "persisted", "sorted"])
def test_predictions_keep_their_rows(session: sf.Session, joined: sf.SecretFrame, how: str) -> None:
    """On each kind of frame: a pipeline, a fit of what was transformed, predictions beside labels, and what scikit-learn makes of them."""
    frame, plain = joined, JOINED
    if how == "filtered":
        frame, plain = joined[joined["b"] > 2], JOINED[JOINED["b"] > 2]
    elif how == "persisted":
        frame = joined.persist()
    elif how == "sorted":
        frame = joined.sort_values("id")
    scaler = StandardScaler()
    scaled = scaler.fit_transform(frame[X])
    model = LogisticRegression(max_iter=8, tol=None).fit(scaled, frame["y"])
    p, label = model.predict_proba(scaled)["1"], model.predict(scaled)
    frame["p"], frame["scaled"] = p, scaled["a"]
    right = (label == frame["y"]).mean()
    table, shown, coef, hits = sf.reveal(frame[["id", "y", "a", "p", "scaled"]], label, model.coef_, right)
    assert table.index.equals(shown.index) and coef.shape == (1, 3)
    whole = rows(table.assign(label=shown))
    want = rows(plain)
    assert whole["id"].tolist() == want["id"].tolist()
    np.testing.assert_allclose(whole["scaled"], (want["a"] - want["a"].mean()) / want["a"].std(ddof=0), atol=2e-3)
    sure = (whole["p"] - 0.5).abs() > 1e-3
    assert (whole["label"] == (whole["p"] > 0.5).astype(int))[sure].all()
    assert hits == pytest.approx((whole["label"] == want["y"]).mean(), abs=1e-4)
    # The model on plaintext, row by row: the area under its curve and its confusion matrix are those of what was revealed.
    z = (want[X] - plain[X].mean()) / plain[X].std(ddof=0)
    score = z.to_numpy() @ coef[0] + model.intercept_.reveal()[0]
    np.testing.assert_allclose(whole["p"], 1 / (1 + np.exp(-score)), atol=5e-3)
    auc = roc_auc_score(want["y"], score)
    assert auc > 0.6 and roc_auc_score(whole["y"], whole["p"]) == pytest.approx(auc, abs=0.02)
    assert confusion_matrix(whole["y"], whole["label"]).trace() == pytest.approx(hits * len(want), abs=0.1)
    if how in ("persisted", "sorted"):  # one by one, too
        np.testing.assert_allclose(frame["p"].reveal(), table["p"], atol=1e-4)
        assert roc_auc_score(frame["y"].reveal(), frame["p"].reveal()) == pytest.approx(auc, abs=0.02)
    above = frame[frame["p"] > 0.5]["id"].count().reveal()
    assert above == pytest.approx((whole["p"] > 0.5).sum(), abs=1)


def test_columns_and_selections_filtered_alike_keep_their_rows(session: sf.Session, joined: sf.SecretFrame) -> None:
    """``X[c]``, ``y[c]``, as they are written with pandas: equal conditions on the same rows."""
    c = joined["b"] > 2
    features, y = joined[["a", "c"]], joined["y"]
    model = LogisticRegression(max_iter=3, tol=None).fit(features[c], y[c])
    train = joined[c]
    same = LogisticRegression(max_iter=3, tol=None).fit(train[["a", "c"]], train["y"])
    coef, want, got, ids, hits = sf.reveal(model.coef_, same.coef_, features[c], joined["id"][c], (model.predict(features[c]) == y[c]).mean())
    np.testing.assert_allclose(coef, want, atol=2e-3)
    assert got.index.equals(ids.index)
    np.testing.assert_allclose(rows(got.assign(id=ids))["a"], rows(JOINED[JOINED["b"] > 2])["a"], atol=1e-4)
    assert 0.4 < hits <= 1
    with pytest.raises(SchemaError, match="rows of another table"):
        features[c].assign(y=y[joined["b"] > 3])
    with pytest.raises(TypeMismatchError, match="a boolean column of the same frame, got int"):
        y[0]  # type: ignore[index]


def test_pipeline(session: sf.Session, joined: sf.SecretFrame) -> None:
    pipeline = Pipeline([("scale", StandardScaler()), ("fit", LogisticRegression(max_iter=5, tol=None))]).fit(joined[X], joined["y"])
    ids, p, y = sf.reveal(joined["id"], pipeline.predict_proba(joined[X])["1"], joined["y"])
    direct = LogisticRegression(max_iter=5, tol=None).fit(joined[X], joined["y"])
    want = direct.predict_proba(joined.sort_values("id")[X])["1"].reveal()
    np.testing.assert_allclose(pd.Series(p.to_numpy(), ids).sort_index(), want, atol=5e-3)
    assert pipeline.score(joined[X], joined["y"]) == pytest.approx(((p > 0.5) == y).mean(), abs=0.02)
    kept = joined.persist()
    kept["scaled"] = StandardScaler().fit_transform(kept[X])["a"]
    again = clone(pipeline).fit(kept[X], kept["y"])
    a, scaled, p = sf.reveal(kept["a"], kept["scaled"], again.predict_proba(kept.sort_values("id")[X])["1"])
    assert np.corrcoef(a, scaled.astype(float))[0, 1] == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(p, want, atol=5e-3)


def test_cost_of_predictions_alone_and_beside(session: sf.Session, joined: sf.SecretFrame) -> None:
    """Declared is measured; columns that are only what predictions stand beside are not computed for a reveal of predictions alone."""
    model = LogisticRegression(max_iter=1, standardize=False, tol=None).fit(joined[X], joined["y"])
    alone = model.predict_proba(joined[X])
    beside = joined[["id"]].assign(p=alone["1"])
    for frame, ops in ((alone, ["scan", "scan", "join", "load", "tensor", "output", "reveal"]), (beside, None)):
        text = frame.explain("physical")
        frame.reveal()
        profile = session.last_profile
        assert profile is not None and f"total: {profile.rounds:,} rounds, {sum(profile.sent):,} bytes" in text
        assert ("attach" in text) == (frame is beside)
        if ops is not None:
            found = [s["op"] for s in profile.ranks[0].steps]
            assert sorted(set(found) - {"project"}) == sorted(set(ops))


# ---- persisted frames --------------------------------------------------------------------------------------
def test_a_persisted_frame_has_one_order(session: sf.Session, joined: sf.SecretFrame) -> None:
    kept = joined.persist()
    first, second = kept[["id", "a"]].reveal(), kept["c"].reveal()
    assert first.index.name == "unordered" and first.index.equals(second.index)
    whole = rows(pd.concat([first, second], axis=1))
    np.testing.assert_allclose(whole[["id", "a", "c"]], rows(JOINED)[["id", "a", "c"]], atol=1e-4)
    if session.config.protocol == "aby3":
        sequence = first["id"].tolist()
        assert sequence != sorted(sequence)  # as a merge gives them; in a random order they stand so once in 90!
        again = joined.persist()["id"].reveal()
        assert again.tolist() != sequence and not len(again.index.intersection(first.index))
    part = kept[kept["b"] > 3]
    dropped = part["id"].reveal()
    assert not len(dropped.index.intersection(first.index))  # shuffled anew: places would tell which rows the filter dropped
    assert sorted(dropped) == sorted(JOINED["id"][JOINED["b"] > 3])
    assert "in the random order in which" in kept.explain("physical") and "in the random order" not in part.explain("physical")
    by = kept.sort_values("id").persist()
    np.testing.assert_allclose(by["c"].reveal(), rows(JOINED)["c"], atol=1e-4)
    assert by["c"].reveal().index.equals(pd.RangeIndex(len(JOINED)))


def test_what_persist_stored_is_what_is_loaded(session: sf.Session) -> None:
    """Masks and nulls that the optimiser found not to be there are not there in what is loaded."""
    frame = session.from_pandas(LEFT, owner="clinic")
    always = frame[frame["b"] >= 0]
    model = LogisticRegression(max_iter=2, tol=None).fit(always[["a", "b"]], always["y"])
    kinds = {
        "filter": always,
        "notna": frame[frame["a"].notna()],
        "sort": always.sort_values("id"),
        "head": always.head(7),
        "filtered head": frame[frame["b"] > 3].head(7),
        "concat": sf.concat([always, frame]),
        "predict": always[["id"]].assign(b=model.predict(always[["a", "b"]])),
        "cumsum": always[["id"]].assign(b=always["b"].cumsum()),
        "aggregate": always.groupby("id").agg(b=("b", "sum")),
    }
    for name, lazy in kinds.items():
        want = lazy[["id", "b"]].reveal()
        kept = lazy.persist()
        twice = kept.persist()
        for found in (kept, twice):
            got, total = sf.reveal(found[["id", "b"]], found["b"].sum())
            pd.testing.assert_frame_equal(got, want)
            assert total == want["b"].sum(), name
    kept = always.persist()
    assert not kept.masked and len(kept) == N
    LogisticRegression(max_iter=2, tol=None).fit(kept[["a", "b"]], kept["y"])


# ---- the first rows ------------------------------------------------------------------------------------------
def test_head_is_in_order_or_refused(session: sf.Session, joined: sf.SecretFrame) -> None:
    frame = session.from_pandas(LEFT, owner="clinic")
    want = LEFT[LEFT["b"] > 3].head(3)
    got = frame[frame["b"] > 3].head(3).reveal()
    assert got["id"].tolist() == want["id"].tolist()
    top = frame[frame["b"] > 3].head(9)
    assert top[top["b"] > 5].persist()["id"].reveal().tolist() == LEFT[LEFT["b"] > 3].head(9).query("b > 5")["id"].tolist()
    for unordered in (joined, joined[joined["b"] > 3], joined.persist(), frame[frame["b"] > 3].persist(), sf.concat([joined[["id"]], frame[["id"]]])):
        with pytest.raises(PlanError, match=r"head depends on the order of the rows, and .*: sort first"):
            unordered.head(3)
    assert joined.sort_values("id").head(3)["id"].reveal().tolist() == rows(JOINED)["id"][:3].tolist()
