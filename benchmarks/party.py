"""One computing party of the benchmarks: JSON lines in, JSON lines out. Started by `benchmarks.harness`."""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import limits
from benchmarks.cases import Case, Desk, Shapes, Work, find
from benchmarks.shaped import Network, ShapedLink
from spuframe import plugins
from spuframe.link.base import Link, LinkConfig
from spuframe.runtime.process import PeakMemory, keep_freed_memory
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.context import Context
from spuframe.spu.engine import CHUNK_ROWS
from spuframe.spu.kernel import Cost, What
from spuframe.spu.share import Kind, Share

DEADLINE = 300.0


class CostError(AssertionError):
    """The links counted something else than the kernels declare."""


class ProfiledBox(BlackBox):
    """Adds up, per kernel, the time, what of it was spent at the link, the declared rounds and bytes."""

    rows: dict[str, dict[str, float]]
    at_link: float

    def _run(self, name: str, arguments: tuple[Any, ...], shape_only: Callable[[], Any]) -> Any:
        return self._timed(name, lambda: super(ProfiledBox, self)._run(name, arguments, shape_only))

    def _rowwise(self, name: str, shares: Sequence[Share], kind: Kind, arguments: Callable[[Sequence[Share]], tuple[Any, ...]]) -> Share:
        whole: Share = self._timed(name, lambda: super(ProfiledBox, self)._rowwise(name, shares, kind, arguments))
        return whole

    def _timed(self, name: str, run: Callable[[], Any]) -> Any:
        before, link, start = self.declared, self.at_link, time.perf_counter()
        result = run()
        row = self.rows.setdefault(name, {"calls": 0, "seconds": 0.0, "link": 0.0, "rounds": 0, "bytes": 0})
        cost = self.declared - before
        row["calls"] += 1
        row["seconds"] += time.perf_counter() - start
        row["link"] += self.at_link - link
        row["rounds"] += cost.rounds
        row["bytes"] += max(cost.sent, default=0)
        return result


class Party:
    """Answers to the requests of `benchmarks.harness.Cluster`."""

    def __init__(self) -> None:
        self.endpoint = plugins.transport("tcp").bind("127.0.0.1", Path())
        self.peak = PeakMemory()
        self.box: BlackBox | None = None
        self.desk: Desk | None = None
        self.work: Work | None = None
        self.result: Any = None
        self.case: Case | None = None
        self.material: dict[What, int] = {}
        self.shaped: ShapedLink | None = None

    def do_listen(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"address": self.endpoint.address}

    def do_open(self, request: dict[str, Any]) -> dict[str, Any]:
        addresses = request["addresses"]
        parties, session = len(addresses), bytes.fromhex(request["session"])
        config = LinkConfig(deadline=DEADLINE, names=[f"party {i}" for i in range(parties)])
        link: Link = self.endpoint.open(request["rank"], addresses, bytes.fromhex(request["secret"]), session, config)
        if request["network"] is not None:
            link = self.shaped = ShapedLink(link, Network(**request["network"]))
            self._shape(False)  # inputs and checks travel as fast as they can
        ctx = Context.open(link, parties, session)
        protocol = plugins.protocol(request["protocol"])
        self.box = BlackBox(protocol, parties, protocol.start(ctx))
        self.desk = Desk(self.box)
        return {}

    def do_prepare(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self.desk is not None and self.box is not None
        self.work = self.result = None
        self.box.batch_rows = request["batch_rows"]
        self.box.chunk_rows = request["chunk_rows"] or CHUNK_ROWS
        case = next(c for c in find(request["module"]) if c.name == request["case"])
        self.work = case.make(self.desk, request["n"])
        self.material = {}
        if self.box.ctx is not None and self.box.ctx.own is not None:
            dry = BlackBox(self.box.protocol, self.box.parties, None, self.box.batch_rows, self.box.chunk_rows)
            case.make(Shapes(dry), request["n"]).run(dry)
            self.material = dict(dry.declared.material)
        return {}

    def _prepared(self) -> dict[str, Any]:
        """Make what a run takes: apart from it."""
        assert self.box is not None and self.box.ctx is not None
        own = self.box.ctx.own
        if own is None:
            return {"seconds": 0.0, "sent": 0}
        before, start = own.spent.total, time.monotonic()
        own.expect(self.material)
        return {"seconds": time.monotonic() - start, "sent": own.spent.total - before}

    def do_run(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self.box is not None and self.work is not None and self.box.ctx is not None
        # A box of its own, so that permutations have the names under which the dry run told of them.
        box = BlackBox(self.box.protocol, self.box.parties, self.box.ctx, self.box.batch_rows, self.box.chunk_rows)
        link = self.box.ctx.link
        self.result = None
        gc.collect()
        if request.get("trim"):
            _trim()
        if request.get("profile"):
            box = self._profiled()
        self._barrier()
        prepared = self._prepared()
        self._barrier()
        self.peak.reset()
        resident = _resident()
        traffic, declared, drawn = link.traffic.snapshot(), box.declared, self._drawn()
        self._shape(True)
        processor = time.process_time()
        start = time.monotonic()
        self.result = self.work.run(box)
        end = time.monotonic()
        processor = time.process_time() - processor
        self._shape(False)
        now, cost = link.traffic, box.declared - declared
        sent = sum(now.sent) - sum(traffic.sent)
        reply: dict[str, Any] = {
            "start": start,
            "end": end,
            "cpu": processor,
            "rounds": now.rounds - traffic.rounds,
            "sent": sent,
            "drawn": self._drawn() - drawn,
            "frames": now.frames - traffic.frames,
            "peak": self.peak.value(),
            "extra": max(0, self.peak.value() - resident),
            "prepared": prepared,
        }
        if self.box.ctx.own is not None:
            self.box.ctx.own.settle()
        _compare(cost, reply["rounds"], sent, box.ctx.rank if box.ctx else 0)
        if isinstance(box, ProfiledBox):
            reply["profile"] = box.rows
            del link.send, link.recv_into  # the wrappers
        return reply

    def do_check(self, _: dict[str, Any]) -> dict[str, Any]:
        assert self.work is not None
        self.work.check(self.result)
        return {}

    def do_probe(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self.box is not None and self.box.ctx is not None
        return {"found": limits.probe(self.box.ctx.link, self.box.parties, self._barrier, request["rounds"], request["messages"])}

    def _shape(self, on: bool) -> None:
        if self.shaped is not None:
            self.shaped.on = on

    def _drawn(self) -> int:
        """Keystream bytes that this party has made so far."""
        assert self.box is not None and self.box.ctx is not None
        return sum(stream.drawn for stream in (*self.box.ctx.streams.values(), self.box.ctx.private))

    def _profiled(self) -> ProfiledBox:
        assert self.box is not None and self.box.ctx is not None
        box = ProfiledBox(self.box.protocol, self.box.parties, self.box.ctx, self.box.batch_rows)
        box.rows, box.at_link = {}, 0.0
        link = self.box.ctx.link

        def timed(method: Callable[..., None]) -> Callable[..., None]:
            def call(*arguments: Any) -> None:
                start = time.perf_counter()
                method(*arguments)
                box.at_link += time.perf_counter() - start

            return call

        link.send, link.recv_into = timed(link.send), timed(link.recv_into)  # type: ignore[method-assign]
        return box

    def _barrier(self) -> None:
        """Nobody starts before all are here."""
        assert self.box is not None and self.box.ctx is not None
        link, one = self.box.ctx.link, np.zeros(1, np.uint8)
        for _ in range(2):
            peers = [p for p in range(self.box.parties) if p != link.rank]
            for peer in peers:
                link.send(peer, one.copy())
            for peer in peers:
                link.recv_into(peer, one)


def _compare(cost: Cost, rounds: int, sent: int, rank: int) -> None:
    declared = cost.sent[rank] if rank < len(cost.sent) else 0
    if (cost.rounds, declared) != (rounds, sent):
        raise CostError(f"declared: {cost.rounds} rounds, {declared} bytes; measured: {rounds} rounds, {sent} bytes")


def _trim() -> None:
    """Give freed memory back, so that the next peak is the next run's own."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _resident() -> int:
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def main() -> None:
    """Answer requests until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not stand between the answers
    keep_freed_memory()  # as a worker does
    party = Party()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = getattr(party, f"do_{request['do']}")(request)
        except Exception as error:  # noqa: BLE001 the top of this process: the harness reports it
            reply = {"failed": f"{type(error).__name__}: {error}", "where": traceback.format_exc()}
            if party.box is not None and party.box.ctx is not None:
                party.box.ctx.link.abort(error)
        answers.write(json.dumps(reply) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
