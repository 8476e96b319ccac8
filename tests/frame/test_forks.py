"""A process that was forked from the analyst's: it cannot use its session, is told so at once, and harms nothing."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable, Iterator

import pandas as pd
import pytest

import spuframe as sf
from spuframe.errors import SessionError, TypeMismatchError
from tests.processes import in_child

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 advises against what is tested here
DATA = pd.DataFrame({"x": [1.0, 2.0, 4.0], "y": [0, 1, 1]})
USES: dict[str, Callable[[], object]] = {}
"""What a child may try; filled before it is forked."""


@pytest.fixture(scope="module", autouse=True)
def frame(sessions: Callable[[str], sf.Session]) -> Iterator[sf.SecretFrame]:
    session = sessions("plaintext")
    frame = session.from_pandas(DATA, owner="ann")
    USES.update(
        reveal=lambda: frame["x"].sum().reveal(),
        persist=frame.persist,
        fit=lambda: sf.ml.StandardScaler().fit(frame[["x"]]),
        hand_over=lambda: session.from_pandas(DATA, owner="ann"),
        read=lambda: session.read_csv(__file__, owner="ann"),
        add_owner=lambda: session.add_owner("eve"),
        stored=session.stored,
        delete=lambda: session.delete("t"),
        status=session.status,
    )
    yield frame
    USES.clear()


@pytest.fixture(autouse=True)
def unharmed(frame: sf.SecretFrame) -> Iterator[None]:
    yield
    assert frame["x"].sum().reveal() == 7.0


def use(name: str) -> object:
    return USES[name]()


def total(frame: sf.SecretFrame) -> object:
    return frame["x"].sum().reveal()


def refused(name: str) -> bool:
    try:
        use(name)
    except SessionError as error:
        return "fork" in str(error)
    return False


def test_everything_is_refused_in_a_forked_child() -> None:
    assert in_child(lambda: all(map(refused, USES)))


def test_a_child_that_drops_and_closes_what_it_has(sessions: Callable[[str], sf.Session], frame: sf.SecretFrame) -> None:
    kept = [frame.persist()]

    def child() -> bool:
        import gc

        kept.clear()
        gc.collect()
        sessions("plaintext").close()
        return True

    assert in_child(child)
    assert kept[0]["x"].sum().reveal() == 7.0


def test_a_pool_of_forked_processes() -> None:
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(refused, list(USES)) == [True] * len(USES)
        with pytest.raises(SessionError, match="fork"):
            pool.apply(use, ("reveal",))


@pytest.mark.parametrize("backend", ["multiprocessing", pytest.param("loky", marks=pytest.mark.slow), "threading"])
def test_joblib(frame: sf.SecretFrame, backend: str) -> None:
    joblib = pytest.importorskip("joblib")
    run = joblib.Parallel(n_jobs=2, backend=backend)
    if backend == "threading":  # one process: its threads take turns
        assert run(joblib.delayed(use)("reveal") for _ in range(4)) == [7.0] * 4
        return
    if backend == "multiprocessing":
        with pytest.raises(SessionError, match="fork"):
            run(joblib.delayed(use)("reveal") for _ in range(2))
    with pytest.raises((TypeMismatchError, pickle.PicklingError)) as caught:
        run(joblib.delayed(total)(frame) for _ in range(2))
    assert "never pickled" in str(caught.value.__cause__ or caught.value)
