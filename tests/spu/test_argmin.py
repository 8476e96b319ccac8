"""The place of the least value of a row, against NumPy's, with ties and values of all sizes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spuframe.spu.algorithms.argmin import smallest
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import Share
from spuframe.testing import simulate_blackbox


@given(rows=st.integers(1, 20), columns=st.integers(1, 9), top=st.sampled_from([1, 3, 1 << 60]), seed=st.integers(0, 99))
def test_places_and_values(protocol: str, rows: int, columns: int, top: int, seed: int) -> None:
    x = np.random.default_rng(seed).integers(-top, top, (rows, columns), dtype=np.int64)

    def party(box: BlackBox, x: Share) -> list[Share]:
        return list(smallest(box, x))

    hot, least = (w.view(np.int64) for w in simulate_blackbox(protocol, party, x.view(np.uint64)))
    assert (hot == np.eye(columns, dtype=np.int64)[x.argmin(axis=1)]).all()
    assert (least == x.min(axis=1)).all()
