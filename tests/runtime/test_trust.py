"""Who may do what: sessions are strangers to each other, a node plays no part but its own, and all ranks run one plan or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from spuframe.config import Policy, RuntimeConfig, SessionConfig
from spuframe.errors import EncodingError, InstanceStateError, PlanError, PolicyError, StoreError
from spuframe.ir.physical import PhysicalPlan
from spuframe.ir.step import Step
from spuframe.runtime import group as groups
from spuframe.runtime.checks import check_seat
from spuframe.runtime.launcher import Running
from spuframe.runtime.local import NodeProcess
from spuframe.runtime.questions import MOST_QUESTIONS
from spuframe.runtime.runtime import SPURuntime
from spuframe.runtime.runtimes import Runtimes
from tests.runtime.steps import scan, then

Ipc = Callable[[pa.Table], bytes]
Start = Callable[..., Runtimes]
SEAT = {
    "rank": 1,
    "parties": 1,
    "owners": ["ann"],
    "names": ["party 0", "owner ann"],
    "addresses": ["127.0.0.1:7001", "127.0.0.1:7002"],
}


@contextmanager
def two_sessions(policy: Policy = Policy(), secret: bytes = bytes(range(32))) -> Iterator[tuple[Runtimes, Runtimes]]:  # noqa: B008
    """Two sessions at the same nodes: a party and the owner ann."""
    configs = [RuntimeConfig("party 0", protocols=("plaintext",)), RuntimeConfig("owner ann", owner="ann", protocols=("plaintext",), policy=policy)]
    nodes = [NodeProcess.start(c, secret) for c in configs]
    try:
        party, owner = (n.wait(60.0) for n in nodes)
        made = [Runtimes(Running([party], [owner]), SessionConfig("plaintext", 1)) for _ in range(2)]
        with made[0] as one, made[1] as two:
            yield one, two
    finally:
        for node in nodes:
            node.stop()


def plan(*steps: Step) -> PhysicalPlan:
    return PhysicalPlan("plaintext", 1, tuple(dict.fromkeys(s.params["owner"] for s in steps if s.op == "scan")), steps)


def test_sessions_at_the_same_nodes_are_strangers(ipc: Ipc, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x\n50\n")
    with two_sessions(Policy(folders=(str(tmp_path),))) as (one, two):
        for high in range(MOST_QUESTIONS + 1):  # what is asked of a file's values is counted for all together
            asked = {"kind": "csv", "path": str(tmp_path / "t.csv"), "ranges": {"x": [0, high]}}
            with pytest.raises(PolicyError if high == MOST_QUESTIONS else EncodingError):
                (two if high % 2 else one).open_table("ann", asked)
        info = one.open_table("ann", {"kind": "arrow", "data": ipc(pa.table({"x": [1, 2]}))})
        two.add_owner("ann")
        first = scan(info)
        one.run(plan(first, then(first, "store", name="kept")))
        assert list(one.stored()) == ["kept"] and two.stored() == {}
        kept = replace(first, op="load", params={"name": "kept"})
        with pytest.raises(StoreError, match="no table 'kept'"):
            two.run(plan(kept, then(kept, "reveal", ordered=True)))
        with pytest.raises(StoreError, match="no table 'kept'"):
            two.delete("kept")
        with pytest.raises(PlanError, match="no open table"):
            two.run(plan(first, then(first, "reveal", ordered=True)))
        # The same name is another table in another session.
        other = scan(two.open_table("ann", {"kind": "arrow", "data": ipc(pa.table({"x": [7, 8]}))}))
        two.run(plan(other, then(other, "store", name="kept")))
        assert one.run(plan(kept, then(kept, "reveal", ordered=True))).tables[0].to_pydict() == {"x": [1, 2]}
        # An instance of another session is not shown, and cannot be used.
        (instance,) = one.status()[0]["instances"]
        assert instance["name"] not in [i["name"] for i in two.status()[0]["instances"]]
        with pytest.raises(InstanceStateError, match="no instance"):
            two._parties[0].request("close_instance", {"instance": instance["name"]})


def test_an_owner_takes_part_as_itself_alone() -> None:
    def seat(**changes: Any) -> None:
        check_seat(SEAT | changes, "owner ann", "ann", "127.0.0.1:7002")

    seat()
    names, addresses = SEAT["names"], SEAT["addresses"]
    for change, match in [
        ({"owners": ["x"]}, "under its own name alone"),  # an alias, whose tables nobody would check
        ({"names": ["party 0", "owner x"]}, "under its own name alone"),
        ({"rank": 0}, "under its own name alone"),
        ({"rank": 1, "parties": 2, "owners": []}, "under its own name alone"),  # an owner as a party
        ({"names": ["owner ann", "owner ann"]}, "each rank once"),
        ({"rank": 2}, "each rank once"),
        ({"addresses": ["127.0.0.1:7001"]}, "each rank once"),
        ({"addresses": [addresses[0], "127.0.0.1:7003"]}, "does not listen where"),  # a relay
    ]:
        with pytest.raises(PolicyError, match=match):
            seat(**change)
    with pytest.raises(PolicyError, match="under its own name alone"):
        check_seat(SEAT | {"rank": 1, "names": names}, "party 0", None, "127.0.0.1:7002")


def test_an_alias_is_refused_over_the_wire(start: Start, ipc: Ipc, monkeypatch: pytest.MonkeyPatch) -> None:
    session = start(owners=("ann",))
    info = session.open_table("ann", {"kind": "arrow", "data": ipc(pa.table({"x": [1, 2]}))})
    session._owners = {"x": session._owners["ann"]}
    aliased = scan(replace(info, owner="x"), drop=True)
    with pytest.raises(PolicyError, match="under its own name alone"):
        session.run(plan(aliased, then(aliased, "reveal", ordered=True)))


def test_the_secret_of_a_mesh_names_all_addresses() -> None:
    with SPURuntime(RuntimeConfig("party 0"), b"m" * 32) as one, SPURuntime(RuntimeConfig("party 1"), b"m" * 32) as two:
        terms = SEAT | {"session_id": b"s", "protocol": "aby3", "transport": "tcp"}
        relayed = terms | {"addresses": ["127.0.0.1:7001", "127.0.0.1:7009"]}
        assert one._secret(terms) == two._secret(terms | {"rank": 0})
        assert len({one._secret(t) for t in (terms, relayed, terms | {"session_id": b"t"}, terms | {"parties": 2}, terms | {"transport": "unix"})}) == 5
    with SPURuntime(RuntimeConfig("party 0")) as stranger:
        assert stranger._secret(terms) != one._secret(terms)


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_all_ranks_run_one_plan_or_none(start: Start, monkeypatch: pytest.MonkeyPatch, rank: int) -> None:
    session = start()
    honest = groups.Group.prepare

    def tampered(self: groups.Group, data: bytes) -> None:
        honest(self, data)
        other = PhysicalPlan.from_bytes(data)
        client, instance = self._clients[rank], self._instances[rank]
        client.request("prepare", {"instance": instance, "plan": replace(other, options={"do": "exchange", "at": 99}).to_bytes()})

    given = PhysicalPlan("plaintext", 1, ("ann", "bob"), (), options={"do": "exchange", "at": 0})
    with monkeypatch.context() as patch:
        patch.setattr(groups.Group, "prepare", tampered)
        with pytest.raises(PlanError, match="were given different plans. Nothing was shared"):
            session.run(given)
    assert session.run(given).profile.ranks[0].steps == ({"op": "sum 6"},)
