"""load: a table of shares that an earlier plan stored."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.errors import StoreError
from spuframe.spu.encoding import column_kind, column_shape
from spuframe.spu.operator import Env, Step
from spuframe.spu.share import BIT, Share
from spuframe.spu.table import Column, Table


def run(env: Env, step: Step, inputs: Sequence[Table]) -> Table:
    """No communication: every party reads its own store."""
    n = step.rows
    if env.box.dry:
        bit = Share(BIT, (n,), ())
        columns = {
            f.name: Column(f, Share(column_kind(f)[0], column_shape(f, n), ()), bit if f.nullable else None) for f in step.schema
        }
        return Table(columns, n, bit if step.masked else None)
    name = step.params["name"]
    stored = env.store.get(name, env.box.protocol.layout)
    if stored.rows != n or (stored.valid is not None) != step.masked:
        raise StoreError(f"the stored table {name!r} has {stored.rows} rows where the plan expects {n}, or another mask: persist it again")
    columns = {}
    for field in step.schema:
        found = stored.columns.get(field.name)
        kind = column_kind(field)[0]
        if found is None or found.values.kind != kind or (found.valid is not None) != field.nullable:
            raise StoreError(f"the stored table {name!r} has no column {field.name!r} of {field.dtype} with the plan's range: persist it again")
        columns[field.name] = Column(field, found.values, found.valid)
    return Table(columns, n, stored.valid)  # its order is not known to the plan, and so to its cost
