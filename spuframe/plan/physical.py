"""The physical plan: what is shipped to every party and owner, as versioned plain data (msgpack).

A plan is a list of steps; a step names its inputs by their positions. Every step's result is a table: named columns of
``rows`` physical rows (public) and, if ``masked``, one secret validity bit per row.

=========== ============================================ =================================================================
op          params                                       result
=========== ============================================ =================================================================
scan        owner, table, columns, filter                owner: name; table: handle at the owner; columns: list of [name, expression],
                                                         computed by the owner in plaintext; filter: expression or None (computed by the
                                                         owner; false or null rows become invalid, or are dropped when ``drop`` is true,
                                                         which its policy must allow); then shared among the parties; optional ``rings``:
                                                         integer columns to share in wider rings than their ranges need, with the bits
load        name                                         a table of shares kept in the parties' stores
project     columns                                      list of [name, expression]
filter      predicate                                    rows where it is true (validity only; rows stay)
join        how, left_on, right_on, unique, columns      how "inner"; ``unique`` side "left" | "right" (its valid keys must be unique, which is checked
                                                         obliviously: `DuplicateKeyError`); columns: list of [name, side, source]; rows: those of
                                                         the other side, sorted by key
aggregate   keys, aggregates                             list of [name, function, column]; function: size, count, sum, mean, min, max; keys may be
                                                         empty (one row); null keys are dropped (pandas' dropna=True); sorted by keys
sort        by, ascending                                lists; stable; nulls last (pandas); invalid rows at the end
limit       rows                                         first rows
cumulate    name, value                                  its input and one column more: the sum of an expression over each row and those above it that
                                                         exist, nulls skipped; null where the expression is
attach      columns                                      the first input, and columns of the second, which has the same rows: list of [name, name there]
concat      -                                            the inputs' rows one below the other, same schema
tensor      program                                      a program over matrices (see `spuframe.plan.tensor`), whose outputs are read with ``output``
output      name                                         one output of a tensor step
store       name, shuffled                               its input, kept in the parties' stores; ``shuffled``: in a random order; nothing for the analyst
reveal      ordered, stored                              handed to the analyst: masked invalid rows; unless ``ordered``, rows are shuffled first if masked
                                                         and not those of the table ``stored`` (a name or None), which were shuffled when it was stored
=========== ============================================ =================================================================

An expression is a nested dict; every node carries its inferred ``dtype`` (its name), ``nullable`` and ``range`` (list or None):
``{"col": name, ...}``, ``{"lit": value, ...}`` (None, bool, int, float or str) or ``{"fn": name, "args": [...], ...}``. Functions (the primitives that
the SPU and the owner's plaintext evaluator both know): add sub mul div neg, eq ne lt le gt ge, and or xor not, where (condition, then, else), is_null,
fill_null (value, default), cast (to the node's dtype), exp exp2 log log2 log10 sqrt rsqrt reciprocal sin cos sigmoid tanh erf, power (exponent, public
base), floor ceil, round (value, public decimals), floordiv mod, sign, bit_and bit_or bit_xor, shift_right (value, public bits). Nulls follow pandas'
nullable (Kleene) rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgpack

from spuframe.dtypes import Field, Schema
from spuframe.errors import PlanError, PlanVersionError

VERSION = 1
"""Raised whenever a plan of an older version would be read differently."""

OPS: Mapping[str, int | None] = {  # number of inputs; None: any
    "scan": 0, "load": 0, "project": 1, "filter": 1, "join": 2, "aggregate": 1, "sort": 1, "limit": 1, "cumulate": 1, "attach": 2, "concat": None,
    "tensor": None, "output": 1, "store": 1, "reveal": 1,
}  # fmt: skip


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
    batch_rows: int = 1 << 18
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
        except (ValueError, TypeError, KeyError, msgpack.exceptions.UnpackException) as error:
            if isinstance(error, PlanError):
                raise
            raise PlanError(f"the bytes are not a physical plan ({type(error).__name__}): ship what PhysicalPlan.to_bytes made") from error

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> PhysicalPlan:
        version = data.get("version")
        if version != VERSION:
            raise PlanVersionError(f"the plan has version {version!r}, this party reads version {VERSION}: install the same spuframe everywhere")
        steps = tuple(_step(i, s) for i, s in enumerate(data["steps"]))
        batch_rows = int(data["batch_rows"])
        if batch_rows < 64 or batch_rows % 64:
            raise PlanError(f"batch_rows must be a positive multiple of 64, got {batch_rows}")
        return cls(str(data["protocol"]), int(data["parties"]), tuple(map(str, data["owners"])), steps, batch_rows, dict(data["options"]))


def _step(position: int, data: Mapping[str, Any]) -> Step:
    op, inputs = data["op"], tuple(int(i) for i in data["inputs"])
    if op not in OPS:
        raise PlanError(f"step {position} has an unknown operator {op!r}: known are {', '.join(OPS)}")
    if OPS[op] is not None and len(inputs) != OPS[op]:
        raise PlanError(f"step {position} ({op}) needs {OPS[op]} inputs, got {len(inputs)}")
    if any(not 0 <= i < position for i in inputs):
        raise PlanError(f"step {position} ({op}) refers to a step that does not come before it")
    schema = Schema.of([Field.from_plain(f) for f in _sequence(data["schema"])])
    rows = int(data["rows"])
    if rows < 0:
        raise PlanError(f"step {position} ({op}) has a negative number of rows")
    return Step(op, inputs, dict(data["params"]), schema, rows, bool(data["masked"]))


def _sequence(value: object) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"a list is needed, got {type(value).__name__}")
    return value
