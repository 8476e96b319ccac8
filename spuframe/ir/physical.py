"""The physical plan: what is shipped to every party and owner, as versioned plain data (msgpack).

A plan is a list of steps; a step names its inputs by their positions. Every step's result is a table: named columns of
``rows`` physical rows (public) and, if ``masked``, one secret validity bit per row.

The operators are the modules of `spuframe.ir.operators`, which say what params a step of theirs has.

``expressions`` lists the nodes of a step's expressions, each once and after those that it is made of; an expression is named by its place in the list.
Every node carries its inferred ``dtype`` (its name), ``nullable`` and ``range`` (list or None): ``{"col": name, ...}``, ``{"lit": value, ...}`` (None,
bool, int, float or str) or ``{"fn": name, "args": [places of nodes before it], ...}``. So a plan is as large as its distinct nodes, and not nested.

Functions (the primitives that the SPU and the owner's plaintext evaluator both know): add sub mul div neg, eq ne lt le gt ge, and or xor not, where
(condition, then, else), is_null, fill_null (value, default), cast (to the node's dtype), exp exp2 log log2 log10 sqrt rsqrt sin cos sigmoid
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
from spuframe.ir.expressions import check_expressions
from spuframe.ir.operators import operators
from spuframe.ir.step import Step

VERSION = 2
"""Raised whenever a plan of an older version would be read differently."""

BATCH_ROWS = 1 << 18
"""Rows of 64 bits whose messages share a round, unless the plan says otherwise; a multiple of 64, so that bitmaps are cut at words."""
MAX_STEPS = 100_000
"""Steps of a plan."""
MAX_NODES = 1_000_000
"""Nodes of a plan's expressions, and arguments of all of them."""


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
    known = operators().get(op)
    if known is None:
        raise PlanError(f"{where} has an unknown operator {op!r}: known are {', '.join(operators())}")
    where = f"{where} ({op})"
    if known.arity is not None and len(inputs) != known.arity:
        raise PlanError(f"{where} needs {known.arity} inputs, got {len(inputs)}")
    if any(i >= position for i in inputs):
        raise PlanError(f"{where} refers to a step that does not come before it")
    schema = Schema.of([Field.from_plain(f) for f in found["schema"]])
    params = known.params.read(found["params"], where)
    check_expressions(where, known.expressions, params)
    return Step(op, inputs, params, schema, found["rows"], found["masked"])
