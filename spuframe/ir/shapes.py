"""What a physical plan may hold, field by field: shapes by which bytes of another process are read before anybody relies on them.

What the fields mean is told in `spuframe.ir.physical` and `spuframe.plan.tensor`; expressions are checked node by node in their own place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spuframe.shapes import Anything, Flag, Many, Maybe, Named, Number, Record, Row, Shape, Tagged, Text, Whole, Word

MOST_PARTIES = 64
DEEPEST = 16
"""Loops inside loops of a tensor program."""

_NAME = Text()
_NAMES = Many(_NAME)
_PLACE = Whole()
_INT = Whole(-(1 << 63), (1 << 64) - 1)
_INTS = Many(_INT)
_PLACES = Many(Row((_NAME, _PLACE)))
_EXPRESSIONS: dict[str, Shape] = {"expressions": Many(Anything())}
_SIDE = Word(("left", "right"))
_RANGE = Maybe(Row((Number(), Number())))

FIELD = Record({
    "name": _NAME, "dtype": Text(64), "nullable": Flag(), "visibility": Word(("public", "private", "secret")), "owner": Maybe(_NAME), "range": _RANGE,
    "owners": _NAMES,
})  # fmt: skip


# ---- programs over matrices -------------------------------------------------------------------------
_A: dict[str, Shape] = {"a": _NAME}
_AB: dict[str, Shape] = {"a": _NAME, "b": _NAME}
_OUT: dict[str, Shape] = {"out": _NAME}
_TABLE: dict[str, Shape] = {"table": Whole(0, 1 << 16), "columns": _NAMES}


@dataclass(frozen=True)
class _Body:
    """Instructions; a loop's own body is one, to a limited depth."""

    depth: int = DEEPEST

    def read(self, value: object, where: str) -> list[dict[str, Any]]:
        loop = Record({"trips": Whole(), "index": _NAME, "body": _Body(self.depth - 1) if self.depth else Many(Anything(), 0)})
        return Many(Tagged("op", {**INSTRUCTIONS, "loop": loop})).read(value, where)


INSTRUCTIONS: Mapping[str, Record] = {
    "assign": Record(_OUT | _A),
    "input": Record(_OUT | _TABLE | {"shifts": _INTS, "complete": Maybe(_NAMES)}),
    "mask": Record(_OUT | _TABLE),
    "words": Record(_OUT | _TABLE | {"fractions": _INTS, "centres": _INTS}),
    "full": Record(_OUT | {"shape": Row((Whole(), Whole())), "value": Number()}),
    "constant": Record(_OUT | {"values": Many(Many(Number()))}),
    "add": Record(_OUT | _AB),
    "sub": Record(_OUT | _AB),
    "mul": Record(_OUT | _AB),
    "scale": Record(_OUT | _A | {"by": Number()}),
    "sigmoid": Record(_OUT | _A),
    "positive": Record(_OUT | _A),
    "number": Record(_OUT | _A),
    "matmul": Record(_OUT | _AB),
    "logistic": Record(_OUT | _AB),
    "matmul_mean": Record(_OUT | _AB | {"rate": Number(), "adds": _NAMES, "add_rates": Many(Many(Number())), "bound": Number()}),
    "moments": Record(_A | {
        "bits": _INT, "mask": Maybe(_NAME), "outputs": Named(_NAME), "ddof": _INT, "mean": _INT, "std": _INT, "rows": _INT, "centred": Flag(),
        "keep": _NAME,
    }),
    "slopes": Record(_A | {
        "keep": _NAME, "ups": _INTS, "middles": _INTS, "reach": _INTS, "fraction": _INT, "coef": _NAME, "intercept": Maybe(_NAME), "levels": Maybe(_NAME),
    }),
    "less": Record(_OUT | _AB | {"fractions": _INTS, "more": _INT, "to": _INTS}),
    "scale_rows": Record(_OUT | _A | {"width": _INT, "scaling": _NAME, "fitted": _INT, "rows": _INT, "reach": _INT}),
    "spread": Record(_OUT | _A),
    "transpose": Record(_OUT | _A),
    "hstack": Record(_OUT | {"parts": Many(_NAME, least=1)}),
    "vstack": Record(_OUT | {"parts": Many(_NAME, least=1)}),
    "rows": Record(_OUT | _A | {"start": Whole(), "stop": Whole()}),
    "batch": Record(_OUT | _A | {"size": Whole(1), "index": _NAME}),
}  # fmt: skip
"""The instructions of a tensor program, ``loop`` aside."""

PROGRAM = Record({
    "f": Whole(0, 62),
    "body": _Body(),
    "outputs": Named(Record({
        "a": _NAME, "columns": _NAMES, "rows": Whole(), "like": Maybe(Whole()), "dtypes": Many(Text(64)), "range": _RANGE, "complete": _NAMES,
    })),
})  # fmt: skip

# ---- steps ------------------------------------------------------------------------------------------
PARAMS: Mapping[str, Record] = {
    "scan": Record(
        _EXPRESSIONS | {"owner": _NAME, "table": Text(64), "columns": _PLACES},
        {"filter": Maybe(_PLACE), "drop": Flag(), "rings": Named(_INT)},
    ),
    "load": Record({"name": Text(256, 1)}),
    "project": Record(_EXPRESSIONS | {"columns": _PLACES}),
    "filter": Record(_EXPRESSIONS | {"predicate": _PLACE}),
    "join": Record({"how": Text(32), "left_on": _NAMES, "right_on": _NAMES, "unique": _SIDE, "columns": Many(Row((_NAME, _SIDE, _NAME)))}),
    "aggregate": Record({"keys": _NAMES, "aggregates": Many(Row((_NAME, Text(64), Maybe(_NAME))))}),
    "sort": Record({"by": _NAMES, "ascending": Many(Flag())}),
    "limit": Record({"rows": Whole()}),
    "cumulate": Record(_EXPRESSIONS | {"name": _NAME, "value": _PLACE}),
    "attach": Record({"columns": Many(Row((_NAME, _NAME)))}),
    "concat": Record({}),
    "tensor": Record({"program": PROGRAM}),
    "output": Record({"name": _NAME}),
    "store": Record({"name": Text(256, 1)}, {"shuffled": Flag()}),
    "reveal": Record({}, {"ordered": Flag(), "stored": Maybe(_NAME)}),
}
"""The params of every operator."""

STEP = Record({"op": Text(64), "inputs": Many(Whole()), "params": Named(Anything()), "schema": Many(FIELD), "rows": Whole(), "masked": Flag()})
PLAN = Record({
    "version": Whole(), "protocol": Text(128, 1), "parties": Whole(1, MOST_PARTIES), "owners": Many(Text(256, 1), MOST_PARTIES, distinct=True),
    "batch_rows": Whole(64, 1 << 32), "options": Named(Anything()), "steps": Many(Anything()),
})  # fmt: skip
