"""``reveal``: its input, handed to the analyst; invalid rows and nulls are zeroed.

Unless ``ordered``, the rows are shuffled first, if masked and not those of the table ``stored`` (a name or None), which were shuffled when it was stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from spuframe.ir.flows import Flow, Source
from spuframe.ir.operator import Operator
from spuframe.ir.rings import Origins, Use
from spuframe.ir.shapes import NAME
from spuframe.ir.step import Step
from spuframe.shapes import Flag, Maybe, Record


class Specification(Operator):
    """What the analyst gets."""

    arity = 1
    params = Record({}, {"ordered": Flag(), "stored": Maybe(NAME)})
    expressions = ()

    def flow(self, step: Step, inputs: Sequence[Flow]) -> Flow:
        (t,) = inputs
        return Flow({f.name: t.of([f.name]) for f in step.schema}, t.rows)

    def opens(self, step: Step, flow: Flow) -> list[str]:
        stored, ordered = step.params.get("stored"), step.params.get("ordered")
        known = f"how many of at most {step.rows} rows exist{', and where they stand' if ordered else ''}" if step.masked else f"{step.rows} rows"
        lines = [f"to the analyst {known}, of {', '.join(step.schema.names) or 'no column'}"]
        if step.masked and stored is not None:
            lines.append(f"  in the random order in which {stored!r} was stored: it can be put beside all else that is revealed of these rows")
        lines.append(f"  its values come from {named(flow.values)}")
        if flow.rows - flow.values:
            lines.append(f"  its rows also depend on {named(flow.rows - flow.values)}")
        return lines

    def rings(self, place: int, step: Step, tables: Sequence[Step], inputs: Sequence[Origins], use: Use) -> Origins:
        use.stay(*(t.values() for t in inputs))
        return {}

    def detail(self, step: Step) -> str:
        return ""


def named(sources: Iterable[Source]) -> str:
    """Columns by their owners."""
    by: dict[str, set[str]] = {}
    for owner, _table, column in sources:
        by.setdefault(owner or "stored shares", set()).add(column)
    return "; ".join(f"{owner}: {', '.join(sorted(columns))}" for owner, columns in sorted(by.items())) or "no column"
