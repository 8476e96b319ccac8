"""A process killed in the middle of a join and of a fit: one typed error within seconds, and nothing left behind."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import psutil
import pytest

import spuframe as sf
from spuframe import errors

pytestmark = pytest.mark.slow
WITHIN = 5.0  # seconds between the kill and the error, as promised


@pytest.fixture
def running() -> Iterator[sf.Session]:
    with sf.local() as session:
        session.progress = False
        yield session


def tables(session: sf.Session, rows: int) -> tuple[sf.SecretFrame, sf.SecretFrame]:
    rng = np.random.default_rng(0)
    left = pd.DataFrame({"id": rng.permutation(rows), "x": rng.normal(size=rows), "y": rng.integers(0, 2, rows)})
    right = pd.DataFrame({"id": rng.permutation(rows), "z": rng.normal(size=rows)})
    return session.from_pandas(left, owner="a"), session.from_pandas(right, owner="b")


def processes(session: sf.Session) -> list[psutil.Process]:
    """The nodes and their workers."""
    nodes = [psutil.Process(n["pid"]) for n in session.status()]
    return [p for n in nodes for p in [n, *n.children(recursive=True)]]


def killed_during(work: Callable[[], object], victim: Callable[[], int], delay: float) -> tuple[BaseException, float]:
    """Run ``work``, kill a process after ``delay`` seconds; the error and the seconds from the kill to it."""
    at: list[float] = []

    def kill() -> None:
        time.sleep(delay)
        pid = victim()
        at.append(time.monotonic())
        os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(errors.SpuframeError) as failed:
        work()
    seconds = time.monotonic() - at[0]
    killer.join()
    return failed.value, seconds


def worker_of(session_pid: int) -> int:
    """The busiest worker of a node: the one that runs the plan."""
    workers = [p for p in psutil.Process(session_pid).children(recursive=True) if p.name() == "spuframe worker"]
    return max(workers, key=lambda p: sum(p.cpu_times()[:2])).pid


@pytest.mark.parametrize("what", ["join", "fit"])
def test_a_killed_worker_ends_the_plan_and_the_session_goes_on(running: sf.Session, what: str) -> None:
    left, right = tables(running, 200_000)
    node = next(n["pid"] for n in running.status() if n["name"] == "party 1")
    small = running.from_pandas(pd.DataFrame({"q": [1, 2]}), owner="a")
    assert small["q"].sum().reveal() == 3  # an instance is up

    def join() -> object:
        return left.merge(right, on="id").reveal()

    def fit() -> object:
        return sf.ml.LogisticRegression(max_iter=200, tol=None).fit(left[["x", "id"]], left["y"])

    error, seconds = killed_during(join if what == "join" else fit, lambda: worker_of(node), 1.5)
    assert isinstance(error, errors.PartyDiedError), error
    assert error.party == "party 1" and "party 1" in str(error)
    assert seconds < WITHIN
    assert small["q"].sum().reveal() == 3  # a new instance runs the next plan


def test_a_killed_node_is_named_ever_after_and_leaves_no_orphans() -> None:
    with sf.local() as session:
        session.progress = False
        left, right = tables(session, 200_000)
        assert left["y"].count().reveal() == 200_000
        everything = processes(session)
        node = next(n["pid"] for n in session.status() if n["name"] == "party 2")
        error, seconds = killed_during(lambda: left.merge(right, on="id").reveal(), lambda: node, 1.5)
        assert isinstance(error, errors.PartyDiedError) and error.party == "party 2"
        assert seconds < WITHIN
        with pytest.raises(errors.SessionError, match="party 2"):
            left["y"].count().reveal()
    gone, alive = psutil.wait_procs(everything, timeout=10)
    assert not alive, [p.name() for p in alive]
    assert len(gone) >= 8
