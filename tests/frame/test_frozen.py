"""A node that stops in the middle of a plan (a machine that is frozen, or swaps): an error in time that names it, and the others go on."""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest

import spuframe as sf
from spuframe.config import RuntimeConfig, SessionConfig
from spuframe.errors import PeerTimeoutError, SessionError
from spuframe.frame import session as sessions
from spuframe.runtime.launcher import Running
from spuframe.runtime.local import NodeProcess
from spuframe.runtime.runtimes import Runtimes

pytestmark = pytest.mark.slow
DEADLINE = 5.0
LATE = 20.0
"""Seconds that a loaded machine may add; what hung before hung for ever."""
ROWS = 5_000


@pytest.fixture(scope="module")
def opened() -> Iterator[Callable[[str], sf.Session]]:
    """Sessions by protocol, all at the same nodes: each has instances, tables and a store of its own."""
    names = ["party 0", "party 1", "party 2", "owner ann"]
    common: dict[str, Any] = {"protocols": ("aby3", "plaintext")}
    started = [NodeProcess.start(RuntimeConfig(n, owner="ann" if n == "owner ann" else None, **common), bytes(range(32))) for n in names]
    with contextlib.ExitStack() as stack:
        for node in started:
            stack.callback(node.stop)
        *parties, ann = (node.wait(60.0) for node in started)

        def make(protocol: str) -> sf.Session:
            mine = parties if protocol == "aby3" else parties[:1]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", sf.InsecureWarning)
                config = SessionConfig(protocol, len(mine), DEADLINE)
            session = sf.Session(Runtimes(Running(mine, [ann]), config))
            session.progress = False
            stack.callback(session.close)
            return session.open()

        yield make


@pytest.fixture(scope="module")
def bystander(opened: Callable[[str], sf.Session]) -> sf.SecretFrame:
    """A frame of a session that the stopped node has no part in, at the same other nodes."""
    return opened("plaintext").from_pandas(pd.DataFrame({"x": [1, 2, 3]}), owner="ann")


@contextlib.contextmanager
def stopped(processes: list[psutil.Process]) -> Iterator[None]:
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            # A node that goes on may end a child before that child's turn comes.
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()


WORK: dict[str, Callable[[sf.SecretFrame, sf.SecretFrame], object]] = {
    "join": lambda left, right: left.merge(right, on="id").reveal(),
    "group-by": lambda left, right: left.groupby("k").agg({"x": "mean"}).reveal(),
    "fit": lambda left, right: sf.ml.LogisticRegression(max_iter=20, tol=None).fit(left[["x"]], left["y"]),
    "persist": lambda left, right: left.sort_values("x").persist(),
}


@pytest.mark.parametrize(("what", "whole"), [("join", True), ("group-by", False), ("fit", True), ("persist", False)])
def test_a_stopped_node_is_named_in_time(
    opened: Callable[[str], sf.Session], bystander: sf.SecretFrame, monkeypatch: pytest.MonkeyPatch, what: str, whole: bool
) -> None:
    """Of party 1 the node alone, whose worker goes on, or the whole machine, which its peers miss too."""
    session = opened("aby3")
    rng = np.random.default_rng(0)
    ids = rng.permutation(ROWS)
    left = session.from_pandas(pd.DataFrame({"id": ids, "k": ids % 7, "x": rng.normal(size=ROWS), "y": ids % 2}), owner="ann")
    right = session.from_pandas(pd.DataFrame({"id": ids, "z": ids}), owner="ann")
    node = psutil.Process(next(n["pid"] for n in session.status() if n["name"] == "party 1"))
    frozen = contextlib.ExitStack()

    class AfterTheScans:
        """In place of the progress bar."""

        def __init__(self, enabled: bool) -> None: ...

        def __enter__(self) -> AfterTheScans:
            return self

        def __exit__(self, *exc: object) -> None: ...

        def __call__(self, done: int, total: int) -> None:
            if done == (2 if what == "join" else 1):
                frozen.enter_context(stopped([node, *(node.children(recursive=True) if whole else ())]))

    with frozen:
        with monkeypatch.context() as patch, pytest.raises(PeerTimeoutError, match="party 1") as caught:
            patch.setattr(sessions, "Progress", AfterTheScans)
            begin = time.monotonic()
            WORK[what](left, right)
        assert caught.value.party == "party 1"
        assert node.status() == psutil.STATUS_STOPPED
        assert time.monotonic() - begin < DEADLINE + 10.0 + LATE
        with pytest.raises(SessionError, match="party 1"):
            session.stored()
        assert bystander["x"].sum().reveal() == 6
        begin = time.monotonic()
        session.close()
        assert time.monotonic() - begin < LATE
    assert bystander["x"].sum().reveal() == 6
