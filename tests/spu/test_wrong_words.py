"""Nothing that a peer sends indexes anything unchecked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spuframe.errors import ProtocolError
from spuframe.spu.algorithms import permute
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.share import Arithmetic, Share
from spuframe.testing import simulate_blackbox


@pytest.mark.parametrize("labels", [None, np.arange(8)[::-1].copy()])
@given(data=st.data())
def test_wrong_words_of_a_peer_index_nothing(labels: Any, data: st.DataObject) -> None:
    """A frame of the right size with other words than it should have: a typed error, or by chance a permutation; never memory of others."""
    wrong = np.array(data.draw(st.lists(st.integers(0, 20) | st.integers(0, (1 << 64) - 1), min_size=8, max_size=8)), np.uint64)
    positions = wrong if labels is None or wrong.max() >= 8 else labels[wrong]
    if sorted(positions.tolist()) == list(range(8)):
        assert sorted(permute._positions(wrong, labels).tolist()) == list(range(8))
    else:
        with pytest.raises(ProtocolError, match="no permutation"):
            permute._positions(wrong, labels)


def test_a_party_that_sends_wrong_words_ends_the_sort(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = BlackBox.open

    def lying(self: BlackBox, x: Share) -> Any:
        if not self.dry and self.ctx is not None and self.ctx.rank == 1 and x.rows == 300:
            x = replace(x, parts=tuple(p ^ p.dtype.type(0x55) for p in x.parts))
        return honest(self, x)

    monkeypatch.setattr(BlackBox, "open", lying)
    places = np.random.default_rng(0).permutation(300).astype(np.uint64)
    with pytest.raises(ProtocolError, match="no permutation"):
        simulate_blackbox("aby3", lambda box, p, x: permute.open_move(box, p, [x])[1], (places, Arithmetic(16)), (places, Arithmetic(64)))
