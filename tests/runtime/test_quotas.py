"""What a session may ask of a node at most: more is refused by a typed error that names the quota, before anything runs, and the session goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from spuframe.config import Quotas, RuntimeConfig
from spuframe.dtypes import Schema
from spuframe.errors import FrameError, QuotaError, SessionError
from spuframe.ir.physical import PhysicalPlan, Step
from spuframe.runtime.runtimes import Runtimes

Start = Callable[..., Runtimes]
Plans = Callable[..., PhysicalPlan]


def loops(trips: int, depth: int) -> list[dict[str, Any]]:
    body: list[dict[str, Any]] = [{"op": "assign", "out": "m1", "a": "m1"}]
    for _ in range(depth):
        body = [{"op": "loop", "trips": trips, "index": "i", "body": body}]
    return body


def tensor(body: list[dict[str, Any]]) -> Step:
    return Step("tensor", (), {"program": {"f": 18, "body": body, "outputs": {}}}, Schema(()), 0, False)


STEPS = {
    "a loop of 10^12 trips": (tensor(loops(10**12, 1)), r"instructions in all; party 0 allows 1e\+07 .*Quotas\(instructions=\.\.\.\)"),
    "loops in loops": (tensor(loops(10_000, 3)), "Quotas.instructions"),
    "loops of nothing": (tensor([{"op": "loop", "trips": 10**12, "index": "i", "body": []}]), "Quotas.instructions"),
    "10^9 rows": (Step("load", (), {"name": "t"}, Schema(()), 10**9, False), r"step 0 \(load\).*1000000000 rows.*Quotas\(rows=\.\.\.\)"),
    "a matrix of 10^9 numbers": (tensor([{"op": "full", "out": "m", "shape": [10**5, 10**5], "value": 1.0}]), "Quotas.rows"),
}


def test_plans(start: Start, plan: Plans) -> None:
    session = start(owners=())
    for step, match in STEPS.values():
        with pytest.raises(QuotaError, match=match):
            session.run(replace(plan(owners=()), steps=(step,)))
    assert session.run(plan(owners=())).tables == []


def test_instances_and_messages(start: Start, plan: Plans, ipc: Callable[[pa.Table], bytes]) -> None:
    session = start(owners=("ann",), quotas=Quotas(instances=2, message=1 << 20))
    client = session._parties[0]
    made = [client.request("create", {"transport": "tcp"})["instance"] for _ in range(2)]
    for _ in range(40):
        with pytest.raises(QuotaError, match=r"2 instances run already.*Quotas\(instances=\.\.\.\)"):
            client.request("create", {"transport": "tcp"})
    for name in made:
        client.request("close_instance", {"instance": name})
    with pytest.raises(FrameError, match=r"more than owner ann accepts, which is 1048576 \(Quotas.message\).*from files.*Quotas\(message=\.\.\.\)"):
        session.open_table("ann", {"kind": "arrow", "data": ipc(pa.table({"a": pa.array(range(200_000))}))})
    assert session.open_table("ann", {"kind": "arrow", "data": ipc(pa.table({"a": [1]}))}).rows == 1
    assert session.run(plan(owners=("ann",))).tables == []


@pytest.mark.parametrize("quotas", [{"rows": 0}, {"rows": -1}, {"instances": "x"}, {"message": True}, {"reader_seconds": 1e999}, {"reader_memory": 5}])
def test_quotas_are_numbers(quotas: dict[str, Any]) -> None:
    with pytest.raises(SessionError, match=next(iter(quotas))):
        Quotas(**quotas)


def test_quotas_travel_with_the_configuration() -> None:
    config = RuntimeConfig("party 0", quotas=Quotas(rows=7), reader="a.b")
    assert RuntimeConfig.from_plain(config.to_plain()) == config
