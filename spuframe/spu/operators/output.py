"""output: one of the tables that a tensor step made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from spuframe.errors import PlanError
from spuframe.spu.operator import Env, Step
from spuframe.spu.table import Table


def run(env: Env, step: Step, inputs: Sequence[Any]) -> Table:
    """Local; its input is a tensor step's result, with its tables in ``outputs``."""
    name = step.params["name"]
    outputs = inputs[0].outputs
    if name not in outputs:
        raise PlanError(f"the tensor program has no output {name!r}: it has {', '.join(map(repr, outputs))}")
    return cast(Table, outputs[name])
