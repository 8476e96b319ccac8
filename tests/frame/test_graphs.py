"""Long chains of pandas-like code: each shared part once, and nothing recurses, from the frame to the answer."""

from __future__ import annotations

from functools import reduce
from operator import and_

import numpy as np
import pandas as pd
import pytest

import spuframe as sf

ROWS = 8
DATA = pd.DataFrame({"id": range(ROWS), "x": np.arange(ROWS) % 3, "y": np.arange(ROWS) % 5})


@pytest.fixture(scope="module")
def own(session: sf.Session) -> sf.SecretFrame:
    return session.from_pandas(DATA, owner="hospital")


@pytest.fixture(scope="module")
def joined(session: sf.Session, own: sf.SecretFrame) -> sf.SecretFrame:
    return own.merge(session.from_pandas(pd.DataFrame({"id": range(ROWS), "z": np.arange(ROWS) % 2}), owner="insurer"), on="id")


def by_id(frame: sf.SecretFrame) -> pd.DataFrame:
    return frame.reveal().sort_values("id").reset_index(drop=True)


def test_doublings_and_steps_of_a_recurrence(own: sf.SecretFrame, joined: sf.SecretFrame) -> None:
    for frame in (own, joined):
        frame = frame.copy()
        e, x, true = frame["y"], frame["x"], DATA["x"].to_numpy()
        for _ in range(20):
            e = e + e
        for _ in range(8):
            x, true = (x * x + x) % 7, (true * true + true) % 7
        clipped = frame["y"]
        for _ in range(12):
            clipped = (clipped + 1).clip(0, 9)
        out = by_id(frame.assign(e=e, x=x, c=clipped))
        assert out["e"].tolist() == (DATA["y"].to_numpy() << 20).tolist() and out["x"].tolist() == true.tolist()
        assert out["c"].tolist() == [9] * ROWS


def test_a_filter_over_a_deep_condition(own: sf.SecretFrame) -> None:
    e = own["x"]
    for i in range(3000):
        e = e + own["y"] - own["y"] if i % 2 else e + 1
    kept = own[e >= 1501]
    assert by_id(kept)["id"].tolist() == DATA["id"][DATA["x"] >= 1].tolist()
    assert len(kept.explain("logical")) < 10_000


def test_hundreds_of_filters_and_columns(session: sf.Session, joined: sf.SecretFrame) -> None:
    frame = joined
    for i in range(150):
        frame = frame[frame["id"] != i + 4]
    assert by_id(frame)["id"].tolist() == [0, 1, 2, 3]
    wide = session.from_pandas(pd.DataFrame({f"c{i}": np.arange(4) + i % 2 for i in range(300)}), owner="hospital")
    wide = wide.assign(sum=sum(wide[c] for c in wide.columns), every=reduce(and_, [wide[c] > 0 for c in wide.columns]))
    out = wide[["sum", "every"]].reveal().sort_values("sum")
    assert out["sum"].tolist() == [150 + 300 * i for i in range(4)] and out["every"].tolist() == [False, True, True, True]
