"""How much a program over matrices (`spuframe.plan.tensor`) asks for, by what it says of itself.

>>> body = [{"op": "full", "shape": [3, 2]}, {"op": "loop", "trips": 10, "body": [{"op": "loop", "trips": 5, "body": [{"op": "add"}]}]}]
>>> demands({"body": body, "outputs": {}})
(6, 111)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spuframe.ir.instructions import instructions


def demands(program: Mapping[str, Any]) -> tuple[int, int]:
    """The numbers of the largest matrix that it makes of nothing, and the instructions that it carries out: those of a loop at each of its trips."""
    return _body(program["body"])


def _body(body: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    numbers = count = 0
    for i in body:
        if i["op"] == "loop":
            inner, own = _body(i["body"])
            numbers, count = max(numbers, inner), count + i["trips"] * (own + 1)  # an empty loop takes its time too
            continue
        count += 1
        numbers = max(numbers, instructions()[i["op"]].numbers(i))
    return numbers, count
