"""The whole way, at the analyst: a session of processes, owners that read and share, a plan, an answer; planning and sharing included."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

import spuframe as sf
from benchmarks import data
from benchmarks.harness import BenchmarkError, Result
from spuframe.plan import build

REGIONS = np.array(["north", "east", "south", "west", "centre"])
MODULE = "endtoend"


@dataclass(frozen=True)
class SessionCase:
    """A job at the analyst.

    Parameters
    ----------
    name : str
    n : int
        Rows of each owner's table.
    quick : int
    make : callable
        ``make(session, n)`` gives the job, which returns its answer and profile, and a check of both.
    """

    name: str
    n: int
    quick: int
    make: Callable[[Any, int], tuple[Callable[[], Any], Callable[[Any, Any], None]]]
    sweep: tuple[int, ...] = ()

    def rows(self, n: int) -> int:
        return n


def tables(n: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A hospital's and an insurer's rows of the same people, of whom one in ten is missing at the other."""
    r = data.rng("cohort")
    hospital = pd.DataFrame({"patient_id": r.permutation(n), "age": r.integers(18, 95, n), "region": REGIONS[r.integers(0, len(REGIONS), n)]})
    days = r.integers(1, 30, n)
    insurer = pd.DataFrame({"patient_id": r.permutation(n) + n // 10, "days": days, "cost": np.round(r.uniform(50, 400, n) * days, 2)})
    return hospital, insurer


def query(session: Any, n: int) -> tuple[Callable[[], Any], Callable[[Any, Any], None]]:
    """The README's query: filter, inner join, a quotient, group-by with count, sum and mean."""
    hospital, insurer = tables(n)
    patients, claims = session.from_pandas(hospital, owner="hospital"), session.from_pandas(insurer, owner="insurer")

    def ask(left: Any, right: Any) -> Any:
        cohort = left[left["age"] >= 50].merge(right, on="patient_id", how="inner")
        cohort["cost_per_day"] = cohort["cost"] / cohort["days"]
        return cohort.groupby("region").agg(n=("patient_id", "count"), cost=("cost", "sum"), mean=("cost_per_day", "mean"))

    def job() -> Any:
        answer = ask(patients, claims).reveal()
        return answer, session.last_profile

    def check(got: Any, profile: Any) -> None:
        true = ask(hospital, insurer).reset_index()
        found = got.reset_index() if "region" not in got.columns else got
        found = found.sort_values("region").reset_index(drop=True)
        rounding = n * 2.0**-17  # of a sum: one unit in the last place of every row
        if found["region"].tolist() != true["region"].tolist() or found["n"].tolist() != true["n"].tolist():
            raise BenchmarkError("demo query: the groups or their counts are wrong")
        if np.abs(found["cost"] - true["cost"]).max() > rounding or np.abs(found["mean"] - true["mean"]).max() > 0.01:
            raise BenchmarkError("demo query: the sums or means are wrong")
        plan = session.physical(build.reveal(ask(patients, claims).node))
        declared, measured = session.estimate(plan).total, profile
        if (declared.rounds, declared.sent) != (measured.rounds, measured.sent):
            raise BenchmarkError(f"demo query: declared {declared}, measured {measured.rounds} rounds, {measured.sent} bytes")

    return job, check


def fit(session: Any, n: int) -> tuple[Callable[[], Any], Callable[[Any, Any], None]]:
    """``sf.ml.LogisticRegression`` on n x 100: features at one owner, labels at another; the descent of the peer; coefficients revealed."""
    x, y = data.classes(n, 100)
    names = [f"x{j}" for j in range(x.shape[1])]
    features = session.from_pandas(pd.DataFrame(x, columns=names).assign(id=np.arange(n)), owner="hospital")
    labels = session.from_pandas(pd.DataFrame({"id": np.arange(n), "y": y.astype(np.int64)}), owner="insurer")
    joined = features.merge(labels, on="id", how="inner")

    def job() -> Any:
        model = sf.ml.LogisticRegression(
            None,
            fit_intercept=False,
            max_iter=data.LR_EPOCHS,
            batch_size=data.LR_BATCH,
            learning_rate=data.LR_RATE,
            momentum=0.0,
            standardize=False,
            tol=None,
        ).fit(joined[names], joined["y"])
        profile = session.last_profile  # of the fit, which has run
        return model.coef_.reveal(), profile

    def check(coef: Any, _: Any) -> None:
        mine, plain = data.auc(x @ coef[0], y), data.auc(x @ data.plain_lr(x, y), y)
        if not abs(plain - mine) <= 0.005:
            raise BenchmarkError(f"demo fit: AUC {mine:.4f}, in float64 {plain:.4f}")

    return job, check


CASES = (
    SessionCase("session: query", 20_000, 500, query),
    SessionCase("session: join and fit", 10_000, 300, fit),
)


def measure(case: SessionCase, n: int, repeat: int, protocol: str, parties: int) -> Result:
    """Time a job in a session of its own: the first run (with compiling what is not cached), then warm ones."""
    session: Any = sf.local(parties=parties, protocol=protocol, deadline=300.0)
    with session:
        session.progress = False
        job, check = case.make(session, n)
        times = []
        for _ in range(repeat + 1):
            start = time.perf_counter()
            got, profile = job()
            times.append(time.perf_counter() - start)
        check(got, profile)
    computing = profile.ranks[:parties]
    peak = max(r.peak_memory for r in computing)
    sent = [r.sent for r in computing]
    return Result(case.name, n, n, median(times[1:]), times[0], times[1:], rounds=profile.rounds, sent=sent, peak=peak)
