"""KMeans against scikit-learn from the same start; starts by chance; rows that take no part; what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans as Reference
from sklearn.datasets import load_iris

import spuframe as sf
from spuframe.errors import InvalidParameterError, NotFittedError, RangeOverflowError, SchemaError
from spuframe.ml import KMeans


def blobs(rows: int = 60) -> pd.DataFrame:
    """Three groups, far from zero in one column and small in another."""
    rng = np.random.default_rng(0)
    which = np.arange(rows) % 3
    return pd.DataFrame({"a": 1000 + np.array([0, 8, 4])[which] + rng.normal(size=rows), "b": np.array([0, 1, 9])[which] + 0.1 * rng.normal(size=rows)})


@pytest.mark.parametrize("clusters", [1, 2, 3, 5])
def test_iris(session: sf.Session, clusters: int) -> None:
    data = load_iris(as_frame=True).data
    frame = session.from_pandas(data, owner="o")
    start = data.to_numpy()[:: 150 // clusters][:clusters]
    ours = KMeans(clusters, init=start, max_iter=12).fit(frame)
    theirs = Reference(clusters, init=start, n_init=1, max_iter=12, tol=0).fit(data.to_numpy())
    np.testing.assert_allclose(ours.cluster_centers_.reveal(), theirs.cluster_centers_, atol=1e-5)
    assert ours.inertia_.reveal() == pytest.approx(theirs.inertia_, rel=1e-5)
    assert ours.labels_.reveal().tolist() == theirs.labels_.tolist()
    np.testing.assert_allclose(ours.transform(frame).reveal(), theirs.transform(data.to_numpy()), atol=1e-4)
    assert ours.n_iter_ == 12


@pytest.mark.parametrize("init", ["k-means++", "random"])
def test_starts_by_chance(session: sf.Session, init: Any) -> None:
    data = blobs()
    frame = session.from_pandas(data, owner="o")
    best = Reference(3, n_init=10, random_state=0).fit(data.to_numpy())
    ours = KMeans(3, init=init, n_init=4, max_iter=6, random_state=1).fit(frame)
    assert ours.inertia_.reveal() == pytest.approx(best.inertia_, rel=1e-4)
    order = np.argsort(ours.cluster_centers_.reveal()[:, 0])
    np.testing.assert_allclose(ours.cluster_centers_.reveal()[order], best.cluster_centers_[np.argsort(best.cluster_centers_[:, 0])], atol=1e-4)
    again = KMeans(3, init=init, n_init=4, max_iter=6, random_state=1).fit(frame)
    np.testing.assert_allclose(again.cluster_centers_.reveal(), ours.cluster_centers_.reveal(), atol=1e-5)


def test_rows_that_take_no_part_and_others(session: sf.Session) -> None:
    data = blobs().astype("Float64")
    holes = data.copy()
    holes.loc[5::8, "b"] = pd.NA
    frame = session.from_pandas(holes.assign(keep=np.arange(60) % 4 > 0), owner="o")
    left = holes[np.arange(60) % 4 > 0].dropna().astype(float).to_numpy()
    start = np.array([[1000.0, 0.0], [1008.0, 1.0], [1004.0, 9.0]])
    ours = KMeans(3, init=start, max_iter=4).fit(frame[frame["keep"]][["a", "b"]])
    theirs = Reference(3, init=start, n_init=1, tol=0).fit(left)
    np.testing.assert_allclose(ours.cluster_centers_.reveal(), theirs.cluster_centers_, atol=1e-4)
    assert ours.inertia_.reveal() == pytest.approx(theirs.inertia_, rel=1e-4)
    chance = KMeans(3, max_iter=3, random_state=0).fit(frame[frame["keep"]][["a", "b"]])
    assert chance.inertia_.reveal() == pytest.approx(theirs.inertia_, rel=1e-4)
    far = pd.DataFrame({"b": [0.0, 1e6, -5e5, 2.0], "a": [1e3, -2e6, 1e6, 1006.0]})
    other = session.from_pandas(far, owner="o")
    assert ours.predict(other).reveal().tolist() == theirs.predict(far[["a", "b"]].to_numpy()).tolist()
    np.testing.assert_allclose(ours.transform(other).reveal(), theirs.transform(far[["a", "b"]].to_numpy()), rtol=1e-4, atol=0.05)
    assert ours.score(other) == pytest.approx(theirs.score(far[["a", "b"]].to_numpy()), rel=1e-3)
    assert ours.predict(frame[["a", "b"]]).reveal().isna().tolist() == holes["b"].isna().tolist()


def test_clusters_that_lose_their_rows(session: sf.Session) -> None:
    frame = session.from_pandas(pd.DataFrame({"a": [1.0, 1.0, 3.0]}), owner="o")
    ours = KMeans(3, init=[[1.0], [3.0], [2.5]], max_iter=3).fit(frame)
    assert ours.cluster_centers_.reveal()[:, 0].tolist() == [1.0, 3.0, 2.5]
    assert ours.inertia_.reveal() == 0


def test_what_is_refused(session: sf.Session) -> None:
    frame = session.from_pandas(pd.DataFrame({"a": [1.0, 2.0], "w": [0.5, 1.5]}), owner="o", ranges={"w": (-1e13, 1e13)})
    with pytest.raises(SchemaError, match="has 2 rows.*at least as many as clusters, 3"):
        KMeans(3).fit(frame[["a"]])
    with pytest.raises(SchemaError, match=r"`init` has the shape \(1, 1\), and there are 2 clusters of 1 features"):
        KMeans(2, init=[[1.0]]).fit(frame[["a"]])
    for wrong in ([[1.0, np.nan]], "farthest", [1.0], [["x"]]):
        with pytest.raises(InvalidParameterError, match="`init` must be 'k-means\\+\\+' or 'random' or an array of finite numbers"):
            KMeans(2, init=wrong).fit(frame[["a"]])  # type: ignore[arg-type]
    with pytest.raises(RangeOverflowError, match="column 'w' .* distances could not be told"):
        KMeans(2).fit(frame)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        KMeans(2).transform(frame)
