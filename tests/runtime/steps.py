"""Steps of plans, written by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from spuframe.dtypes import SECRET, Schema
from spuframe.ir.step import Step
from spuframe.runtime.answers import TableInfo


def scan(info: TableInfo, **params: Any) -> Step:
    """A step that shares a whole table."""
    nodes = [
        {"col": f.name, "dtype": str(f.dtype), "nullable": f.nullable, "range": None if f.range is None else list(f.range)} for f in info.fields
    ]
    columns = [[f.name, i] for i, f in enumerate(info.fields)]
    fields = Schema.of([replace(f, visibility=SECRET) for f in info.fields])
    own = {"owner": info.owner, "table": info.handle, "expressions": nodes, "columns": columns, "filter": None}
    return Step("scan", (), own | params, fields, info.rows, False)


def then(step: Step, op: str, **params: Any) -> Step:
    return Step(op, (0,), params, step.schema, step.rows, step.masked)
