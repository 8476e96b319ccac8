"""One SPU instance: runs a physical plan with one protocol over one link.

Ranks below ``parties`` execute every step alike; the ranks above are owners and execute only the scans of their own tables:
they evaluate in plaintext, share, send. What is handed to the analyst is plain data, put together by `assemble`.
"""

from __future__ import annotations

import logging
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import pyarrow as pa

from spuframe.errors import InstanceError, InstanceMemoryError, InstanceStateError, PlanError, SpuframeError, StorageError
from spuframe.ir.physical import PhysicalPlan
from spuframe.link.base import Link
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.context import Context
from spuframe.spu.delivery import assemble, delivered_bytes, to_plain
from spuframe.spu.estimate import estimate
from spuframe.spu.kernel import Cost, Own, Protocol
from spuframe.spu.operator import Env, ShareStore, Step
from spuframe.spu.operators.scan import deal_scan
from spuframe.spu.steps import run_steps

__all__ = ["SPU", "assemble"]

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]


class SPU:
    """One rank of an SPU instance.

    Parameters
    ----------
    protocol : Protocol
    parties : int
    link : Link
        Of the rank that this instance is; its owner closes it.
    session_id : bytes
        Public; the same at all ranks.
    store : ShareStore
        Where ``store`` and ``load`` keep shares.
    tables : callable, optional
        At an owner: the plaintext table of a handle.
    """

    def __init__(
        self,
        protocol: Protocol,
        parties: int,
        link: Link,
        session_id: bytes,
        store: ShareStore,
        tables: Callable[[str], pa.Table] | None = None,
    ) -> None:
        self.protocol = protocol
        self.parties = parties
        self.link = link
        self.session_id = session_id
        self.store = store
        self.tables = tables
        self._ctx: Context | None = None

    @property
    def is_party(self) -> bool:
        return self.link.rank < self.parties

    def open(self) -> None:
        """Agree keys with the other parties; once, before the first `run`."""
        self._guarded(self._open, "opening")

    def _open(self) -> None:
        ctx = Context.open(self.link, self.parties, self.session_id)
        ctx.kept = self.store.kept
        self._ctx = self.protocol.start(ctx) if self.is_party else ctx

    def run(self, plan: Mapping[str, Any], progress: Progress | None = None) -> dict[str, Any]:
        """Run the plain form of a physical plan.

        Parameters
        ----------
        plan : mapping
            What ``PhysicalPlan.to_plain()`` gives.
        progress : callable, optional
            Called with the steps done and their number.

        Returns
        -------
        dict
            Plain data: ``deliveries`` (see `assemble`), and ``profile``: what this rank measured,
            with the declared figures beside it.
        """
        return cast("dict[str, Any]", self._guarded(lambda: self._run(plan, progress), "the plan"))

    def _guarded(self, work: Callable[[], Any], what: str) -> Any:
        try:
            return work()
        except SpuframeError as error:
            self.link.abort(error)
            raise
        except MemoryError:
            name = self.link.config.name(self.link.rank)
            text = f"{name} ran out of the memory that one instance may use: raise memory_limit, or work on fewer rows or columns at a time"
            full = InstanceMemoryError(text, party=name)
            self.link.abort(full)
            raise full from None
        except Exception as error:  # noqa: BLE001 the top of an instance
            name = self.link.config.name(self.link.rank)
            # Its text could hold values, so only the class and the place of the error leave it.
            frames = traceback.extract_tb(error.__traceback__)
            log.error("rank %d: %s failed: %s at %s", self.link.rank, what, type(error).__name__, [f"{f.filename}:{f.lineno}" for f in frames])
            told = f"{what} failed at {name} with {type(error).__name__}: its log names the place"
            typed = StorageError.of(error, name) or InstanceError(told, party=name)
            self.link.abort(typed)
            raise typed from None

    def _run(self, plan: Mapping[str, Any], progress: Progress | None) -> dict[str, Any]:
        if self._ctx is None:
            raise InstanceStateError("this SPU is not open: call open() first")
        read = PhysicalPlan.from_plain(plan)
        if read.protocol != self.protocol.name or read.parties != self.parties:
            raise PlanError(
                f"the plan is for {read.protocol!r} with {read.parties} parties, this SPU runs {self.protocol.name!r} "
                f"with {self.parties}: make the plan again"
            )
        steps = read.steps
        box = BlackBox(self.protocol, self.parties, self._ctx, read.batch_rows)
        env = Env(box, self.link, self.parties, read.owners, self.store, read.options)
        recorder = _Recorder(env)
        if self.is_party:
            own: Own | None = self._ctx.own
            if own is not None:
                with recorder.preparing(own):
                    own.expect(estimate(read, self.protocol).total.material)
            self._party(env, steps, recorder, progress)
            if own is not None:
                own.settle()
            self._ctx.compare_streams()
        else:
            self._owner(env, steps, recorder, progress)
        return {
            "deliveries": [to_plain(d) for d in env.deliveries],
            "profile": recorder.profile(),
        }

    def _party(self, env: Env, steps: Sequence[Step], recorder: _Recorder, progress: Progress | None) -> None:
        done = 0

        @contextmanager
        def recorded(i: int, own: Env) -> Iterator[None]:
            nonlocal done
            with recorder.step(i, steps[i], own):
                yield
            done += 1
            if progress is not None:
                progress(done, len(steps))

        run_steps(env, steps, recorded)

    def _owner(self, env: Env, steps: Sequence[Step], recorder: _Recorder, progress: Progress | None) -> None:
        name = env.owners[self.link.rank - self.parties]
        for i, step in enumerate(steps):
            if step.op == "scan" and step.params["owner"] == name:
                if self.tables is None:
                    raise InstanceStateError(f"owner {name!r} was started without tables: give it `tables`")
                with recorder.step(i, step, env):
                    deal_scan(self.protocol, self.parties, self.link, step, self.tables(step.params["table"]))
            if progress is not None:
                progress(i + 1, len(steps))


class _Recorder:
    """Measures steps: time (that of steps in common rounds includes theirs), rounds and bytes of this rank."""

    def __init__(self, env: Env) -> None:
        assert env.link is not None
        self.env, self.link = env, env.link
        self.steps: dict[int, dict[str, Any]] = {}
        self.prepared = {"seconds": 0.0, "rounds": 0, "sent": 0}
        self.started = time.perf_counter()
        self.first = self._now(env)

    def _now(self, env: Env) -> tuple[int, int]:
        traffic = self.link.traffic  # in a step that of the step alone
        return traffic.rounds, sum(traffic.sent) + sum(delivered_bytes(d) for d in env.deliveries)

    @contextmanager
    def preparing(self, own: Own) -> Iterator[None]:
        """While material is made, which is told apart from the plan."""
        before = own.spent
        yield
        spent, now = own.spent - before, time.perf_counter()
        self.prepared = {"seconds": now - self.started, "rounds": spent.rounds, "sent": spent.total}
        self.started = now

    @contextmanager
    def step(self, i: int, step: Step, env: Env) -> Iterator[None]:
        start, (rounds, sent) = time.perf_counter(), self._now(env)
        yield
        now = self._now(env)
        self.steps[i] = {"op": step.op, "seconds": time.perf_counter() - start, "rounds": now[0] - rounds, "sent": now[1] - sent, "rows": step.rows}

    def profile(self) -> dict[str, Any]:
        rounds, sent = self._now(self.env)
        declared: Cost = self.env.box.declared
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {
            "rank": self.link.rank,
            "rounds": rounds - self.first[0],
            "sent": sent - self.first[1],
            "delivered": sum(delivered_bytes(d) for d in self.env.deliveries),
            "declared_rounds": declared.rounds,
            "declared_sent": list(declared.sent),
            "seconds": time.perf_counter() - self.started,
            "prepared": self.prepared,
            "steps": [self.steps[i] for i in sorted(self.steps)],
            "peak_rss": peak if sys.platform == "darwin" else peak * 1024,
        }
