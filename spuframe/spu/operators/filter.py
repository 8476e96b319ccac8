"""filter: rows where a predicate is true stay valid; no row moves."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.spu.evaluate import bit as evaluate
from spuframe.spu.evaluate import width
from spuframe.spu.operator import Env, Step
from spuframe.spu.shaping import conform_all
from spuframe.spu.share import Share
from spuframe.spu.table import Table


def run(env: Env, step: Step, inputs: Sequence[Table]) -> Table:
    """Validity AND the predicate AND its not being null."""
    table, box, nodes, place = inputs[0], env.box, step.params["expressions"], step.params["predicate"]

    def work(rows: Table) -> list[Share | None]:
        keep, known = evaluate(box, rows, nodes, place)
        for bit in (known, rows.valid):
            if bit is not None:
                keep = box.and_(keep, bit)
        return [keep]

    (keep,) = box.by_slices(table, work, width(nodes, [place]))
    columns = conform_all(box, table.columns, step.schema.fields, wider=True)
    there = {f.name for f in step.schema}
    order = next((i for i, name in enumerate(table.sorted_by) if name not in there), len(table.sorted_by))
    return Table(columns, table.rows, keep, table.sorted_by[:order])
