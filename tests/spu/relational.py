"""Plans with one relational operator, run on a protocol over threads, and pandas frames to compare with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from spuframe.dtypes import Bool, Field, Fixed, Int, String
from tests.spu.harness import plan_of, ref, reveal, run_plan, scan, step


def arrow(frame: Mapping[str, Sequence[Any]], fields: Sequence[Field]) -> pa.Table:
    types = {Bool: pa.bool_(), Fixed: pa.float64(), String: pa.string()}
    arrays = []
    for f in fields:
        kind = pa.type_for_alias(f.dtype.name) if isinstance(f.dtype, Int) else types[type(f.dtype)]
        arrays.append(pa.array(list(frame[f.name]), kind))
    return pa.table(arrays, names=[f.name for f in fields])


def run_one(
    op: str,
    params: Mapping[str, Any],
    inputs: Sequence[tuple[Sequence[Field], Mapping[str, Sequence[Any]], Sequence[bool] | None]],
    fields: Sequence[Field],
    rows: int,
    protocol: str,
    masked: bool,
    after: Sequence[tuple[str, Mapping[str, Any], Sequence[Field], int, bool]] = (),
) -> list[dict[str, Any]]:
    """The rows that ``op`` (and the steps ``after`` it) reveals, in order, as dicts."""
    steps: list[dict[str, Any]] = []
    ends: list[int] = []
    tables, owners = {}, ["alice", "bob"][: len(inputs)]
    for owner, (columns, data, keep) in zip(owners, inputs):
        table = arrow(data, columns)
        if keep is None:
            steps.append(scan(columns, table.num_rows, owner))
        else:  # filtered by the parties, so that invalid rows hold values
            table = table.append_column("keep", pa.array(list(keep), pa.bool_()))
            bit = Field("keep", Bool())
            steps.append(scan([*columns, bit], table.num_rows, owner))
            steps.append(step("filter", [len(steps) - 1], {"predicate": ref(bit)}, columns, table.num_rows, True))
        tables[owner, "t"] = table
        ends.append(len(steps) - 1)
    steps.append(step(op, ends, params, fields, rows, masked))
    for name, more, fields, rows, masked in after:
        steps.append(step(name, [len(steps) - 1], more, fields, rows, masked))
    steps.append(reveal(len(steps) - 1, fields, rows, masked, ordered=True))
    (result,) = run_plan(plan_of(steps, owners), tables, protocol)
    return result.to_pylist()


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A pandas frame as dicts of plain values, None for null."""
    return [
        {str(k): None if v is None or v is pd.NA or (isinstance(v, float) and np.isnan(v)) else v.item() if isinstance(v, np.generic) else v
         for k, v in row.items()}
        for row in frame.astype(object).to_dict("records")
    ]  # fmt: skip
