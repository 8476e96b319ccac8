"""A Ctrl-C at any moment: the session works after."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

import spuframe as sf
from tests.processes import interrupted_at, moments

DATA = pd.DataFrame({"x": [1.0, 2.0, 4.0], "s": ["a", None, "c"]})
WORK: dict[str, Callable[[sf.Session, sf.SecretFrame], object]] = {
    "from_pandas": lambda session, frame: session.from_pandas(DATA, owner="ann"),
    "reveal": lambda session, frame: frame["x"].sum().reveal(),
    "persist": lambda session, frame: frame.persist(),
}


@pytest.mark.parametrize(("what", "times"), [("from_pandas", 40), ("reveal", 10), ("persist", 10)])
def test_an_interrupt_at_any_moment(sessions: Callable[[str], sf.Session], what: str, times: int) -> None:
    """Of planning, for the most part; `tests/runtime/test_liveness.py` has the moments of running."""
    session = sessions("plaintext")
    frame = session.from_pandas(DATA, owner="ann")
    assert frame["x"].sum().reveal() == 7.0
    many = moments(lambda: WORK[what](session, frame))
    for i in range(times):
        assert interrupted_at(1 + i * (many - 1) // times, lambda: WORK[what](session, frame)), i
    assert frame["x"].sum().reveal() == 7.0
    assert session.from_pandas(DATA, owner="ann")["s"].count().reveal() == 2
