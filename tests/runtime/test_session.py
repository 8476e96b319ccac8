"""Sessions over real processes with the real SPU: tables, plans, stores, and everything that a user can get wrong."""

from __future__ import annotations

import os
import signal
import threading
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgpack
import psutil
import pyarrow as pa
import pytest

from spuframe.config import InsecureWarning, Policy, RuntimeConfig, SessionConfig
from spuframe.errors import (
    AddressInUseError,
    AuthenticationError,
    ColumnNotFoundError,
    DataFileError,
    OwnerNotFoundError,
    PartyCountError,
    PartyDiedError,
    PeerTimeoutError,
    PlanError,
    PlanVersionError,
    PluginNotFoundError,
    PolicyError,
    SessionClosedError,
    SessionError,
    StoreError,
)
from spuframe.ir.physical import PhysicalPlan
from spuframe.ir.step import Step
from spuframe.link import listen
from spuframe.runtime.launcher import Running
from spuframe.runtime.local import NodeProcess, local
from spuframe.runtime.runtimes import Runtimes
from tests.runtime.steps import scan, then

Start = Callable[..., Runtimes]
Plans = Callable[..., PhysicalPlan]
DATA = {"age": [37, 92, None, 50], "cost": [1.5, -2.25, 0.0, 8.0], "name": ["ann", "bob", None, "dora"], "ok": [True, False, True, True]}


def plan(session: Runtimes, *steps: Step) -> PhysicalPlan:
    owners = tuple(dict.fromkeys(s.params["owner"] for s in steps if s.op == "scan"))
    return PhysicalPlan(session.config.protocol, session.config.parties, owners, steps)


def real(start: Start, *owners: str, **options: Any) -> Runtimes:
    return start(owners=owners, worker=None, **options)


def check_whole_way(session: Runtimes, ipc: Callable[[pa.Table], bytes]) -> None:
    info = session.open_table("ann", {"kind": "arrow", "data": ipc(pa.table(DATA))})
    assert (info.owner, info.rows, info.fields.names) == ("ann", 4, list(DATA))
    first, steps = scan(info), []
    whole = plan(session, first, then(first, "store", name="kept"), then(first, "reveal", ordered=True))
    result = session.run(whole, progress=lambda done, total: steps.append((done, total)))
    assert [t.to_pydict() for t in result.tables] == [DATA]
    assert steps == [(1, 3), (2, 3), (3, 3)]
    cost = session.estimate(whole).total
    assert (result.profile.rounds, result.profile.sent) == (cost.rounds, cost.sent)
    assert [r.name for r in result.profile.ranks] == [f"party {r}" for r in range(session.config.parties)] + ["owner ann"]
    measured = [(r.peak_memory > 0, r.seconds > 0, any(s["seconds"] for s in r.steps)) for r in result.profile.ranks]
    assert measured == [(True, True, True)] * session.config.parties + [(False, False, False)]  # an owner's would tell of its texts

    kept = replace(first, op="load", params={"name": "kept"})
    assert list(session.stored()) == ["kept"] and session.stored()["kept"] > 0
    session.add_owner("bob")
    other = session.open_table("bob", {"kind": "arrow", "data": ipc(pa.table({"x": [1, 2]}))})
    again = session.run(plan(session, scan(other), then(scan(other), "reveal", ordered=True)))  # a new group, the store stays
    assert again.tables[0].to_pydict() == {"x": [1, 2]}
    loaded = session.run(plan(session, kept, then(kept, "reveal", ordered=True)))
    assert loaded.tables[0].to_pydict() == DATA
    assert len(loaded.profile.ranks) == session.config.parties
    session.delete("kept")
    assert session.stored() == {}
    with pytest.raises(StoreError, match="'kept'"):
        session.delete("kept")
    with pytest.raises(StoreError, match="'kept'"):
        session.run(plan(session, kept, then(kept, "reveal", ordered=True)))
    assert session.run(whole).tables[0].to_pydict() == DATA


def test_the_whole_way(start: Start, ipc: Callable[[pa.Table], bytes]) -> None:
    check_whole_way(real(start), ipc)


@pytest.mark.slow
def test_the_whole_way_with_three_parties(ipc: Callable[[pa.Table], bytes]) -> None:
    with local(deadline=120.0) as session:
        check_whole_way(session, ipc)


def test_a_failed_plan_leaves_nothing_in_the_stores(start: Start, ipc: Callable[[pa.Table], bytes]) -> None:
    session = real(start)
    first = scan(session.open_table("ann", {"kind": "arrow", "data": ipc(pa.table({"x": [1]}))}))
    lost = replace(first, op="load", params={"name": "no such"})
    with pytest.raises(StoreError):
        session.run(plan(session, first, then(first, "store", name="half"), lost))
    assert session.stored() == {}


def test_plans_are_refused_before_anything_runs(start: Start, ipc: Callable[[pa.Table], bytes]) -> None:
    session = real(start)
    info = session.open_table("ann", {"kind": "arrow", "data": ipc(pa.table({"age": [1, 2]}))})
    good = scan(info)
    session.run(plan(session, good))
    before = [i["pid"] for n in session.status() for i in n["instances"]]

    def refused(error: type[Exception], match: str, change: PhysicalPlan | bytes) -> None:
        with pytest.raises(error, match=match):
            session.run(change)

    whole = plan(session, good)
    refused(PlanVersionError, "version 99", msgpack.packb(whole.to_plain() | {"version": 99}))
    refused(PlanError, "not a physical plan", b"\xc1")
    refused(PlanError, "'aby3' with 3 parties", replace(whole, protocol="aby3", parties=3))
    refused(OwnerNotFoundError, "Did you mean 'ann'", replace(whole, owners=("anne",)))
    refused(PlanError, "no open table", replace(whole, steps=(scan(replace(info, handle="t" + "0" * 16)),)))
    refused(PolicyError, "does not let filters drop rows.*allow_row_counts", replace(whole, steps=(scan(info, drop=True),)))
    refused(PlanError, "expects 1 rows of a table of 2", replace(whole, steps=(scan(replace(info, rows=1)),)))
    about = {"dtype": "int64", "nullable": False, "range": [0, 9]}
    other = [{"col": "agee", **about}, {"fn": "neg", "args": [0], **about}]
    refused(ColumnNotFoundError, "Did you mean 'age'", replace(whole, steps=(scan(info, expressions=other, columns=[["x", 1]]),)))
    session.close_table(info)
    refused(PlanError, "no open table", whole)
    assert [i["pid"] for n in session.status() for i in n["instances"]] == before  # the instances never noticed


def test_bad_tables_are_refused_at_their_owner(start: Start, tmp_path: Path) -> None:
    session = real(start, policy=Policy(folders=(str(tmp_path),)))
    with pytest.raises(DataFileError, match="does not exist"):
        session.open_table("ann", {"kind": "csv", "path": str(tmp_path / "none.csv")})
    (tmp_path / "t.csv").write_text("a\n1\n")
    assert session.open_table("ann", {"kind": "csv", "path": str(tmp_path / "t.csv")}).rows == 1


def test_owners_may_be_fixed(start: Start) -> None:
    session = start(owners=("ann",), **{"policy": Policy(ranges="exact")})
    with pytest.raises(SessionError, match="its policy was set"):
        session.add_owner("ann", Policy())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureWarning)
        with local(protocol="plaintext", owners=["hospital"]) as fixed:
            with pytest.raises(OwnerNotFoundError, match="Did you mean 'hospital'"):
                fixed.open_table("hospitl", {"kind": "csv", "path": "x"})


@pytest.mark.parametrize("parties", [2, 4])
def test_the_number_of_parties_is_checked_before_anything_starts(parties: int) -> None:
    before = len(psutil.Process().children())
    with pytest.raises(PartyCountError, match=f"needs 3 parties, got {parties}: choose parties=3"):
        local(parties=parties, protocol="aby3")
    with pytest.raises(PluginNotFoundError, match="'aby4'"):
        local(protocol="aby4")
    assert len(psutil.Process().children()) == before


def test_an_insecure_protocol_warns() -> None:
    with pytest.warns(InsecureWarning, match="'plaintext' is INSECURE"):
        local(protocol="plaintext")


def test_two_sessions_side_by_side(start: Start, plan: Plans) -> None:
    one, two = start(), start()
    assert one.run(plan()).profile.ranks[0].steps == two.run(plan()).profile.ranks[0].steps == ({"op": "sum 6"},)
    one.close()
    assert two.run(plan()).profile.ranks[0].steps == ({"op": "sum 6"},)


def test_a_session_is_opened_once_and_closed_for_good(start: Start, plan: Plans, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureWarning)
        fresh = local(protocol="plaintext")
    with pytest.raises(SessionClosedError, match="not open yet"):
        fresh.run(plan(owners=()))
    fresh.close()
    session = start(scratch=tmp_path)  # other sessions of this machine have folders elsewhere
    assert len(list(tmp_path.iterdir())) == 3
    pids = [n["pid"] for n in session.status()]
    session.close()
    session.close()
    for call in (lambda: session.run(plan()), session.status, session.open, session.stored, lambda: session.open_table("ann", {})):
        with pytest.raises(SessionClosedError):
            call()
    assert not any(psutil.pid_exists(p) for p in pids)
    assert not list(tmp_path.iterdir())


def test_an_address_in_use(start: Start) -> None:
    with listen() as taken:
        with pytest.raises(AddressInUseError, match="something else listens"):
            start(owners=(), base_port=taken.getsockname()[1])


def test_nothing_secret_is_on_a_command_line_or_in_the_environment(start: Start, plan: Plans, look: Callable[[Callable[[], Any]], Any]) -> None:
    session = start()
    session.run(plan())
    secrets = [c.address.secret for c in [*session._parties, *session._owners.values()]]
    nodes = list(session._launcher._nodes.values())  # type: ignore[attr-defined]
    assert nodes and all(repr(n.secret) not in repr(n) and n.secret.hex() not in repr(n) for n in nodes)
    assert all(s.hex() not in repr(c.address) and repr(s) not in repr(c.address) for c, s in zip(session._parties, secrets))
    tops = [psutil.Process(node["pid"]) for node in session.status()]
    everything = [each for top in tops for each in [top, *top.children(recursive=True)]]
    for each in [*(" ".join(p.cmdline()) for p in everything), *(repr(look(p.environ)) for p in everything)]:
        assert not any(s.hex() in each or repr(s) in each for s in secrets)


def test_a_node_runs_an_insecure_protocol_only_if_it_is_named(standin: str, plan: Plans) -> None:
    node = NodeProcess.start(RuntimeConfig("party 0", worker=standin))
    try:
        with Runtimes(Running([node.wait(30.0)]), SessionConfig("plaintext", 1)) as session:
            with pytest.raises(PolicyError, match="insecure protocol 'plaintext'"):
                session.run(plan(owners=()))
    finally:
        node.stop()


def test_nodes_that_run_already(standin: str, plan: Plans) -> None:
    node = NodeProcess.start(RuntimeConfig("party 0", worker=standin, protocols=("plaintext",)))
    try:
        address = node.wait(30.0)
        with Runtimes(Running([address]), SessionConfig("plaintext", 1)) as session:
            assert session.run(plan(owners=())).profile.ranks[0].steps == ({"op": "sum 1"},)
            with pytest.raises(OwnerNotFoundError):
                session.add_owner("ann")
        with pytest.raises(AuthenticationError, match="party 0"):
            Runtimes(Running([replace(address, secret=bytes(32))]), SessionConfig("plaintext", 1)).open()
        with pytest.raises(PartyCountError):
            Runtimes(Running([address, address]), SessionConfig("plaintext", 1)).open()
        with Runtimes(Running([address]), SessionConfig("plaintext", 1)) as session:  # a session's end is not the node's
            assert session.run(plan(owners=())).tables == []
    finally:
        assert node.stop() == 0
    with pytest.raises(PeerTimeoutError, match="party 0 could not be reached"):
        Runtimes(Running([address]), SessionConfig("plaintext", 1, deadline=1.0)).open()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_node_that_is_ended_from_outside(standin: str, number: int, tmp_path: Path) -> None:
    node = NodeProcess.start(RuntimeConfig("party 0", worker=standin, scratch=str(tmp_path)))
    node.wait(30.0)
    children = psutil.Process(node.process.pid).children()
    assert len(list(tmp_path.iterdir())) == 1 and len(children) == 1  # its nursery
    node.process.send_signal(number)
    assert node.process.wait(10) == (0 if number == signal.SIGTERM else -number)
    node.stop()
    assert psutil.wait_procs(children, timeout=10)[1] == []
    assert len(list(tmp_path.iterdir())) == (0 if number == signal.SIGTERM else 1)


def test_a_group_that_cannot_form_leaves_no_instances(start: Start, plan: Plans) -> None:
    session = start()
    bob = session.status()[2]["pid"]
    os.kill(bob, signal.SIGSTOP)  # it takes the request and never answers
    timer = threading.Timer(0.5, os.kill, (bob, signal.SIGKILL))
    timer.start()
    with pytest.raises(PartyDiedError, match="owner bob died"):
        session.run(plan())
    timer.join()
    assert [n.get("instances") for n in session.status()] == [[], [], None]


def test_a_worker_that_cannot_start(start: Start, plan: Plans) -> None:
    session = start(worker="tests.runtime.broken")
    with pytest.raises(PartyDiedError, match="exit status 1"):
        session.run(plan())


def test_a_group_opens_with_every_owner_whose_tables_are_open(start: Start, plan: Plans, ipc: Callable[[pa.Table], bytes]) -> None:
    session = start(owners=("ann", "bob", "cid"))
    for owner in ("ann", "bob"):
        session.open_table(owner, {"kind": "arrow", "data": ipc(pa.table({"x": [1, 2]}))})
    groups = []
    for owner in ("ann", "bob", "cid", "ann"):
        session.run(plan(owners=(owner,)))
        groups.append([i["name"] for i in session.status()[0]["instances"]])
    assert groups[0] == groups[1] != groups[2] == groups[3]
