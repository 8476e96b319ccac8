"""``scan``: an owner's table, shared among the parties.

``owner``: its name; ``table``: the handle at the owner; ``columns``: list of [name, expression], computed by the owner in plaintext; ``filter``: an
expression or None: rows for which it is not true become invalid; optional ``rings``: integer columns to share in wider rings than their
ranges need, with the bits.
"""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.dtypes import Field
from spuframe.ir.expressions import columns_of
from spuframe.ir.flows import Flow, Source
from spuframe.ir.operator import Operator
from spuframe.ir.rings import Origins, Use
from spuframe.ir.shapes import EXPRESSIONS, INT, NAME, PLACE, PLACES
from spuframe.ir.step import Step
from spuframe.shapes import Flag, Maybe, Named, Record, Text


class Specification(Operator):
    """An owner's table."""

    arity = 0
    params = Record(
        EXPRESSIONS | {"owner": NAME, "table": Text(64), "columns": PLACES},
        {"filter": Maybe(PLACE), "drop": Flag(), "rings": Named(INT)},
    )
    expressions = ("columns", "filter")

    def flow(self, step: Step, inputs: Sequence[Flow]) -> Flow:
        p = step.params
        wanted = [e for _, e in p["columns"]] + ([] if p.get("filter") is None else [p["filter"]])
        own = [frozenset((str(p["owner"]), str(p["table"]), c) for c in names) for names in columns_of(p["expressions"], wanted)]
        rows = own[-1] if p.get("filter") is not None else frozenset[Source]()
        return Flow({str(n): sources for (n, _), sources in zip(p["columns"], own, strict=False)}, rows)

    def opens(self, step: Step, flow: Flow) -> list[str]:
        lines = [f"all learn that {step.params['owner']} shares {step.rows} rows of {', '.join(published(f) for f in step.schema) or 'no column'}"]
        if step.params.get("drop"):
            lines.append(f"all learn how many rows of {step.params['owner']} pass its filter")
        return lines

    def rings(self, place: int, step: Step, tables: Sequence[Step], inputs: Sequence[Origins], use: Use) -> Origins:
        return {f.name: frozenset([(place, f.name)]) for f in step.schema if f.dtype.has_range and f.dtype.exact}

    def detail(self, step: Step) -> str:
        p = step.params
        return f"{p['owner']}.{p['table']}{' where ...' if p.get('filter') is not None else ''}"


def published(f: Field) -> str:
    """What the plan says of a column to everybody."""
    facts = [str(f.dtype)]
    if f.range is not None:
        low, high = map(f.dtype.bound, f.range)
        facts.append(f"in [{low}, {high}]")
    if f.nullable:
        facts.append("with nulls")
    return f"{f.name} ({' '.join(facts)})"
