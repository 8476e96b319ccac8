"""Runs a whole physical plan over threads: parties and owners on a MemoryNetwork; asserts that the estimate is what the links counted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgpack
import pyarrow as pa

from spuframe import plugins
from spuframe.dtypes import Field
from spuframe.errors import PeerClosedError, PeerTimeoutError, StoreError
from spuframe.ir.cost import CostReport
from spuframe.ir.operators import operators
from spuframe.ir.physical import PhysicalPlan
from spuframe.link.base import LinkConfig
from spuframe.link.memory import MemoryNetwork
from spuframe.spu.estimate import estimate
from spuframe.spu.layout import Layout
from spuframe.spu.spu import SPU, assemble
from spuframe.spu.table import Table


class DictStore:
    """A ShareStore in a dict."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}
        self.beside: dict[str, bytes] = {}

    def put(self, name: str, table: Table) -> None:
        self.tables[name] = table

    def get(self, name: str, layout: Layout) -> Table:
        if name not in self.tables:
            raise StoreError(f"nothing called {name!r}")
        return self.tables[name]

    def kept(self, name: str, make: Callable[[], bytes]) -> bytes:
        if name not in self.beside:
            self.beside[name] = make()
        return self.beside[name]


@dataclass
class Run:
    tables: list[pa.Table]
    results: list[dict[str, Any]]
    estimate: CostReport
    stores: list[DictStore] = field(default_factory=list)


def run_plan(plan: Mapping[str, Any], tables: Mapping[tuple[str, str], pa.Table], protocol: str = "plaintext") -> list[pa.Table]:
    """The revealed tables of a plan; its ``protocol`` and ``parties`` are overridden by the protocol's own."""
    return run_full(plan, tables, protocol).tables


def run_full(
    plan: Mapping[str, Any],
    tables: Mapping[tuple[str, str], pa.Table],
    protocol: str = "plaintext",
    stores: Sequence[DictStore] | None = None,
    deadline: float = 30.0,
) -> Run:
    table = plugins.protocol(protocol)
    parties = table.parties[0]
    plan = {**plan, "protocol": protocol, "parties": parties}
    plan = msgpack.unpackb(msgpack.packb(plan))  # what a party sees
    owners = plan["owners"]
    world = parties + len(owners)
    names = [*(f"party {i}" for i in range(parties)), *(f"owner {o}" for o in owners)]
    links = MemoryNetwork(world, LinkConfig(deadline=deadline, names=names)).links()
    kept = list(stores) if stores is not None else [DictStore() for _ in range(parties)]
    results: list[dict[str, Any] | None] = [None] * world
    errors: list[BaseException] = []

    def work(rank: int) -> None:
        store = kept[rank] if rank < parties else DictStore()
        lookup = None if rank < parties else (lambda handle: tables[owners[rank - parties], handle])
        try:
            spu = SPU(table, parties, links[rank], b"harness", store, lookup)
            spu.open()
            results[rank] = spu.run(plan)
        except BaseException as error:  # noqa: BLE001 the top of a thread: raised again below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(r,), daemon=True) for r in range(world)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for link in links:
        link.close()
    if errors:
        causes = [e for e in errors if not isinstance(e, PeerClosedError | PeerTimeoutError)]
        raise (causes or errors)[0]
    done = [r for r in results if r is not None]
    predicted = estimate(PhysicalPlan.from_plain(plan), table)
    sent = [r["profile"]["sent"] for r in done]
    declared = [*predicted.total.sent, *[0] * (world - len(predicted.total.sent))]
    assert sent == declared, f"bytes by rank: measured {sent}, estimated {declared}"
    for rank in range(parties):
        profile = done[rank]["profile"]
        assert profile["rounds"] == predicted.total.rounds == profile["declared_rounds"]
        assert [s["rounds"] for s in profile["steps"]] == [s.cost.rounds for s in predicted.steps]
        measured = [s["sent"] for s in profile["steps"]]
        assert measured == [s.cost.sent[rank] if rank < len(s.cost.sent) else 0 for s in predicted.steps]
    msgpack.packb(done)  # plain data
    revealed = assemble(table, parties, [msgpack.unpackb(msgpack.packb(r)) for r in done[:parties]])
    return Run(revealed, done, predicted, kept)


# ---- writing plans by hand ------------------------------------------------------------------------
def step(op: str, inputs: Sequence[int], params: Mapping[str, Any], fields: Sequence[Field], rows: int, masked: bool = False) -> dict[str, Any]:
    """A step; its expressions are written as nested dicts (`fn`, `ref`, `lit`) or as what ``Expr.to_plain`` gives."""
    schema = [f.to_plain() for f in fields]
    return {"op": op, "inputs": list(inputs), "params": _listed(op, params), "schema": schema, "rows": rows, "masked": masked}


def _listed(op: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Params whose expressions are places in one list of nodes."""
    out, nodes, known = dict(params), list[dict[str, Any]](), dict[str, int]()
    expected = operators()[op].expressions if op in operators() else ()
    for name in expected:
        if name == "columns":
            out[name] = [[column, _place(e, nodes, known)] for column, e in params[name]]
        elif params.get(name) is not None:
            out[name] = _place(params[name], nodes, known)
    return out | ({"expressions": nodes} if expected else {})


def _place(e: Any, nodes: list[dict[str, Any]], known: dict[str, int]) -> int:
    """Where an expression stands among the nodes, of which each is there once, as in real plans."""
    if isinstance(e, list):
        places: list[int] = []
        for n in e:
            places.append(_once(n | {"args": [places[a] for a in n["args"]]} if "fn" in n else n, nodes, known))
        return places[-1]
    return _once({**e, "args": [_place(a, nodes, known) for a in e["args"]]} if "fn" in e else e, nodes, known)


def _once(node: dict[str, Any], nodes: list[dict[str, Any]], known: dict[str, int]) -> int:
    place = known.setdefault(repr(node), len(nodes))
    if place == len(nodes):
        nodes.append(node)
    return place


def flat(e: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A nested expression as the list of nodes that plans have."""
    nodes: list[dict[str, Any]] = []
    _place(e, nodes, {})
    return nodes


def plan_of(steps: Sequence[Mapping[str, Any]], owners: Sequence[str] = ("alice",), batch_rows: int = 1 << 15) -> dict[str, Any]:
    return {
        "version": 2, "protocol": "plaintext", "parties": 1, "owners": list(owners), "batch_rows": batch_rows, "options": {}, "steps": list(steps),
    }  # fmt: skip


def scan(fields: Sequence[Field], rows: int, owner: str = "alice", table: str = "t", masked: bool = False, **params: Any) -> dict[str, Any]:
    columns = [[f.name, ref(f)] for f in fields]
    return step("scan", [], {"owner": owner, "table": table, "columns": columns, "filter": None, **params}, fields, rows, masked)


def reveal(of: int, fields: Sequence[Field], rows: int, masked: bool = False, ordered: bool = False) -> dict[str, Any]:
    return step("reveal", [of], {"ordered": ordered}, fields, rows, masked)


def ref(f: Field) -> dict[str, Any]:
    return {"col": f.name, "dtype": str(f.dtype), "nullable": f.nullable, "range": None if f.range is None else list(f.range)}


def lit(value: Any, dtype: str) -> dict[str, Any]:
    bounds = [value, value] if isinstance(value, int | float) and not isinstance(value, bool) else None
    return {"lit": value, "dtype": dtype, "nullable": value is None, "range": bounds}


def fn(name: str, *args: Mapping[str, Any], dtype: str, nullable: bool | None = None, range: Sequence[float] | None = None) -> dict[str, Any]:
    null = any(a["nullable"] for a in args) if nullable is None else nullable
    return {"fn": name, "args": list(args), "dtype": dtype, "nullable": null, "range": None if range is None else list(range)}
