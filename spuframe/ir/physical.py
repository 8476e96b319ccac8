"""The physical plan: what is shipped to every party and owner, as versioned plain data (msgpack).

A plan is a list of steps; a step names its inputs by their positions. Every step's result is a table: named columns of
``rows`` physical rows (public) and, if ``masked``, one secret validity bit per row.

=========== ============================================ =================================================================
op          params                                       result
=========== ============================================ =================================================================
scan        owner, table, expressions, columns, filter   owner: name; table: handle at the owner; columns: list of [name, expression],
                                                         computed by the owner in plaintext; filter: expression or None (computed by the
                                                         owner; false or null rows become invalid, or are dropped when ``drop`` is true,
                                                         which its policy must allow); then shared among the parties; optional ``rings``:
                                                         integer columns to share in wider rings than their ranges need, with the bits
load        name                                         a table of shares kept in the parties' stores
project     expressions, columns                         list of [name, expression]
filter      expressions, predicate                       rows where it is true (validity only; rows stay)
join        how, left_on, right_on, unique, columns      how "inner"; ``unique`` side "left" | "right" (its valid keys must be unique, which is checked
                                                         obliviously: `DuplicateKeyError`); columns: list of [name, side, source]; rows: those of
                                                         the other side, sorted by key
aggregate   keys, aggregates                             list of [name, function, column]; function: size, count, sum, mean, min, max; keys may be
                                                         empty (one row); null keys are dropped (pandas' dropna=True); sorted by keys
sort        by, ascending                                lists; stable; nulls last (pandas); invalid rows at the end
limit       rows                                         first rows
cumulate    expressions, name, value                     its input and one column more: the sum of an expression over each row and those above it that
                                                         exist, nulls skipped; null where the expression is
attach      columns                                      the first input, and columns of the second, which has the same rows, or one that all get: list of
                                                         [name, name there]
concat      -                                            the inputs' rows one below the other, same schema
tensor      program                                      a program over matrices (see `spuframe.plan.tensor`), whose outputs are read with ``output``
output      name                                         one output of a tensor step
store       name, shuffled                               its input, kept in the parties' stores; ``shuffled``: in a random order; nothing for the analyst
reveal      ordered, stored                              handed to the analyst: masked invalid rows; unless ``ordered``, rows are shuffled first if masked
                                                         and not those of the table ``stored`` (a name or None), which were shuffled when it was stored
=========== ============================================ =================================================================

``expressions`` lists the nodes of a step's expressions, each once and after those that it is made of; an expression is named by its place in the list.
Every node carries its inferred ``dtype`` (its name), ``nullable`` and ``range`` (list or None): ``{"col": name, ...}``, ``{"lit": value, ...}`` (None,
bool, int, float or str) or ``{"fn": name, "args": [places of nodes before it], ...}``. So a plan is as large as its distinct nodes, and not nested.

Functions (the primitives that the SPU and the owner's plaintext evaluator both know): add sub mul div neg, eq ne lt le gt ge, and or xor not, where
(condition, then, else), is_null, fill_null (value, default), cast (to the node's dtype), exp exp2 log log2 log10 sqrt rsqrt reciprocal sin cos sigmoid
tanh erf, power (exponent, public base), floor ceil, round (value, public decimals), floordiv mod, sign, bit_and bit_or bit_xor, shift_right (value,
public bits), isin (value, public values ...), map (value, public keys ..., as many public values ...). Nulls follow pandas' nullable (Kleene) rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgpack

from spuframe.dtypes import Field, Schema
from spuframe.errors import PlanError, PlanVersionError, RequestError
from spuframe.ir import shapes
from spuframe.ir.expressions import arity, functions

VERSION = 2
"""Raised whenever a plan of an older version would be read differently."""

OPS: Mapping[str, int | None] = {  # number of inputs; None: any
    "scan": 0, "load": 0, "project": 1, "filter": 1, "join": 2, "aggregate": 1, "sort": 1, "limit": 1, "cumulate": 1, "attach": 2, "concat": None,
    "tensor": None, "output": 1, "store": 1, "reveal": 1,
}  # fmt: skip

EXPRESSIONS: Mapping[str, tuple[str, ...]] = {"scan": ("columns", "filter"), "project": ("columns",), "filter": ("predicate",), "cumulate": ("value",)}
"""The operators that have expressions, and the params that name them."""
BATCH_ROWS = 1 << 18
"""Rows of 64 bits whose messages share a round, unless the plan says otherwise; a multiple of 64, so that bitmaps are cut at words."""
MAX_STEPS = 100_000
"""Steps of a plan."""
MAX_NODES = 1_000_000
"""Nodes of a plan's expressions, and arguments of all of them."""


@dataclass(frozen=True)
class Step:
    """One operator.

    Parameters
    ----------
    op : str
        A name of the table above.
    inputs : tuple of int
        Positions of earlier steps.
    params : mapping
        Plain data.
    schema : Schema
    rows : int
        Physical rows; public.
    masked : bool
        Whether a secret validity bit per row exists.
    """

    op: str
    inputs: tuple[int, ...]
    params: Mapping[str, Any]
    schema: Schema
    rows: int
    masked: bool

    def to_plain(self) -> dict[str, Any]:
        return {
            "op": self.op,
            "inputs": list(self.inputs),
            "params": dict(self.params),
            "schema": [f.to_plain() for f in self.schema],
            "rows": self.rows,
            "masked": self.masked,
        }


@dataclass(frozen=True)
class PhysicalPlan:
    """Steps, and what they need to run.

    Parameters
    ----------
    protocol : str
    parties : int
    owners : tuple of str
        Owner i has the rank ``parties + i``.
    steps : tuple of Step
    batch_rows : int
    options : mapping
        Plain data that estimators and protocols read by name.
    """

    protocol: str
    parties: int
    owners: tuple[str, ...]
    steps: tuple[Step, ...]
    batch_rows: int = BATCH_ROWS
    options: Mapping[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def to_plain(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "protocol": self.protocol,
            "parties": self.parties,
            "owners": list(self.owners),
            "batch_rows": self.batch_rows,
            "options": dict(self.options),
            "steps": [s.to_plain() for s in self.steps],
        }

    def to_bytes(self) -> bytes:
        return bytes(msgpack.packb(self.to_plain()))

    @classmethod
    def from_bytes(cls, data: bytes) -> PhysicalPlan:
        """Read a plan that came from another process; everything is checked before it is believed."""
        try:
            return cls.from_plain(msgpack.unpackb(data))
        except (ValueError, TypeError, msgpack.exceptions.UnpackException) as error:
            if isinstance(error, PlanError):
                raise
            raise PlanError(f"the bytes are not a physical plan ({type(error).__name__}): ship what PhysicalPlan.to_bytes made") from error

    @classmethod
    def from_plain(cls, data: object) -> PhysicalPlan:
        """The plan of plain data, whose every field is read by its shape (`spuframe.ir.shapes`)."""
        version = data.get("version") if isinstance(data, Mapping) else None
        if version != VERSION:
            raise PlanVersionError(f"the plan has version {str(version)[:40]}, this party reads version {VERSION}: install the same spuframe everywhere")
        try:
            plan = shapes.PLAN.read(data, "the plan")
            _check_steps(len(plan["steps"]))
            steps = tuple(_step(i, s) for i, s in enumerate(plan["steps"]))
        except RequestError as error:
            raise PlanError(str(error)) from None
        check_size(steps)
        batch_rows = plan["batch_rows"]
        if batch_rows % 64:
            raise PlanError(f"batch_rows must be a positive multiple of 64, got {batch_rows}")
        return cls(plan["protocol"], plan["parties"], tuple(plan["owners"]), steps, batch_rows, plan["options"])


def check_size(steps: Sequence[Step]) -> None:
    """Refuse a plan that no party would read."""
    _check_steps(len(steps))
    size = sum(1 + len(n.get("args", ())) for s in steps for n in s.params.get("expressions", ()))
    if size > MAX_NODES:
        raise PlanError(f"the plan's expressions have {size} nodes and arguments, more than {MAX_NODES}: run it in parts, with persist() in between")


def _check_steps(count: int) -> None:
    if count > MAX_STEPS:
        raise PlanError(f"the plan has {count} steps, more than the {MAX_STEPS} that a party reads: run it in parts, with persist() in between")


def _step(position: int, data: object) -> Step:
    where = f"step {position}"
    found = shapes.STEP.read(data, where)
    op, inputs = found["op"], tuple(found["inputs"])
    if op not in OPS:
        raise PlanError(f"{where} has an unknown operator {op!r}: known are {', '.join(OPS)}")
    where = f"{where} ({op})"
    if OPS[op] is not None and len(inputs) != OPS[op]:
        raise PlanError(f"{where} needs {OPS[op]} inputs, got {len(inputs)}")
    if any(i >= position for i in inputs):
        raise PlanError(f"{where} refers to a step that does not come before it")
    schema = Schema.of([Field.from_plain(f) for f in found["schema"]])
    params = shapes.PARAMS[op].read(found["params"], where)
    _check_expressions(where, op, params)
    return Step(op, inputs, params, schema, found["rows"], found["masked"])


def _check_expressions(where: str, op: str, params: Mapping[str, Any]) -> None:
    """Refuse places that are not in the list of nodes, and nodes that are not made of earlier ones: what reads a plan relies on it."""
    if op not in EXPRESSIONS:
        return
    nodes = params["expressions"]
    for place, node in enumerate(nodes):
        if reason := _unfit(place, node):
            raise PlanError(f"{where}: node {place} of its expressions {reason}: lower the plan again")
    given = [params[name] for name in EXPRESSIONS[op] if name != "columns" and params.get(name) is not None]
    if "columns" in EXPRESSIONS[op]:
        given += [place for _, place in params["columns"]]
    if not all(_is_place(place, len(nodes)) for place in given):
        raise PlanError(f"{where} names an expression that is not in its list of {len(nodes)} nodes: lower the plan again")


def _unfit(place: int, node: object) -> str | None:
    """What is wrong with a node of a list of expressions."""
    if not isinstance(node, dict) or sum(kind in node for kind in ("col", "lit", "fn")) != 1:
        return "is not a column, a constant or a function"
    bounds = node.get("range")
    if not isinstance(node.get("dtype"), str) or not isinstance(node.get("nullable"), bool):
        return "has no type or nullability"
    if bounds is not None and not (isinstance(bounds, list | tuple) and len(bounds) == 2 and all(_is_number(b) for b in bounds)):
        return "has a range that is no pair of numbers"
    if "col" in node:
        return None if isinstance(node["col"], str) else "names no column"
    if "lit" in node:
        return None if node["lit"] is None or isinstance(node["lit"], bool | int | float | str) else "is a constant of no known type"
    if not isinstance(node["fn"], str) or node["fn"] not in functions():
        return f"is a function {str(node['fn'])[:40]!r}, which is not known: install the same spuframe everywhere, or"
    args, wanted = node.get("args"), arity(node["fn"])
    if not isinstance(args, list | tuple) or not all(_is_place(a, place) for a in args):
        return "is not made of nodes before it"
    if len(args) != wanted if wanted is not None else not args:
        return f"is {node['fn']} of {len(args)} arguments"
    return None


def _is_place(value: object, end: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < end


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
