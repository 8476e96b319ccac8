"""``tensor``: a program over matrices, run by a `Machine`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from spuframe.dtypes import Field, parse_dtype
from spuframe.spu.machine import Machine
from spuframe.spu.operator import Env, Step
from spuframe.spu.share import Share
from spuframe.spu.table import Column, Table


@dataclass(frozen=True)
class Outputs(Table):
    """What a tensor step leaves: tables, read by ``output`` steps."""

    outputs: Mapping[str, Table] = field(default_factory=dict)


def run(env: Env, step: Step, inputs: Sequence[Table]) -> Table:
    """Interpret the program of ``step``."""
    program = step.params["program"]
    machine = Machine(env.box, list(inputs), int(program["f"]))
    machine.run(program["body"])
    outputs = {}
    for name, out in program["outputs"].items():
        matrix, like = machine.values[out["a"]], out["like"]
        valids: list[Share | None] = [None] * len(out["columns"])
        if like is not None:
            valids = machine.valid(inputs[like], out["complete"], out["inside"], out["columns"])
        made = {
            c: Column(Field(c, parse_dtype(dtype), nullable=valid is not None), matrix if matrix.is_bit else matrix.column(j), valid)
            for j, (c, dtype, valid) in enumerate(zip(out["columns"], out["dtypes"], valids, strict=True))
        }
        outputs[name] = Table(made, matrix.rows, None if like is None else inputs[like].valid)
    return Outputs({}, 0, outputs=outputs)
