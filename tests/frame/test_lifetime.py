"""What the parties keep lives as long as something here refers to it."""

from __future__ import annotations

import gc

import pandas as pd

import spuframe as sf
from spuframe.ml import StandardScaler


def new(session: sf.Session, before: set[str]) -> set[str]:
    gc.collect()
    return set(session.stored()) - before


def test_a_persisted_frame_goes_with_the_last_that_refers_to_it(session: sf.Session) -> None:
    frame = session.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), owner="ann")
    before = set(session.stored())
    kept = frame.persist()
    derived = kept.assign(y=kept["x"] * 2)["y"]
    assert len(new(session, before)) == 1
    del kept
    assert len(new(session, before)) == 1
    assert derived.sum().reveal() == 12
    del derived
    assert new(session, before) == set()


def test_repeated_persists_and_fits_keep_one_table_each(session: sf.Session) -> None:
    frame = session.from_pandas(pd.DataFrame({"x": [1.0, 2.0, 4.0]}), owner="ann")
    before = set(session.stored())
    for _ in range(3):
        kept = frame.persist()
        scaler = StandardScaler().fit(frame)
    assert len(new(session, before)) == 2
    assert kept["x"].sum().reveal() == 7
    del kept, scaler
    assert new(session, before) == set()


def test_a_persist_that_fails_leaves_nothing(session: sf.Session) -> None:
    frame = session.from_pandas(pd.DataFrame({"k": [1, 1], "x": [1, 2]}), owner="ann")
    other = session.from_pandas(pd.DataFrame({"k": [1, 1], "z": [1, 2]}), owner="bob")
    before = set(session.stored())
    try:
        frame.merge(other, on="k", validate="m:1").persist()
    except sf.errors.SpuframeError:
        pass
    assert new(session, before) == set()
