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

NAME = Text()
NAMES = Many(NAME)
PLACE = Whole()
INT = Whole(-(1 << 63), (1 << 64) - 1)
INTS = Many(INT)
PLACES = Many(Row((NAME, PLACE)))
PLACES_OF = Many(PLACE, least=1)
EXPRESSIONS: dict[str, Shape] = {"expressions": Many(Anything())}
SIDE = Word(("left", "right"))
RANGE = Maybe(Row((Number(), Number())))

FIELD = Record({
    "name": NAME, "dtype": Text(64), "nullable": Flag(), "visibility": Word(("public", "private", "secret")), "owner": Maybe(NAME), "range": RANGE,
    "owners": NAMES,
})  # fmt: skip


# ---- programs over matrices -------------------------------------------------------------------------
_A: dict[str, Shape] = {"a": NAME}
_AB: dict[str, Shape] = {"a": NAME, "b": NAME}
_OUT: dict[str, Shape] = {"out": NAME}
_TABLE: dict[str, Shape] = {"table": Whole(0, 1 << 16), "columns": NAMES}


@dataclass(frozen=True)
class _Body:
    """Instructions; a loop's own body is one, to a limited depth."""

    depth: int = DEEPEST

    def read(self, value: object, where: str) -> list[dict[str, Any]]:
        loop = Record({"trips": Whole(), "index": NAME, "body": _Body(self.depth - 1) if self.depth else Many(Anything(), 0)})
        return Many(Tagged("op", {**INSTRUCTIONS, "loop": loop})).read(value, where)


INSTRUCTIONS: Mapping[str, Record] = {
    "assign": Record(_OUT | _A),
    "input": Record(_OUT | _TABLE | {"shifts": INTS, "complete": Maybe(NAMES)}),
    "mask": Record(_OUT | _TABLE),
    "words": Record(_OUT | _TABLE | {"fractions": INTS, "centres": INTS, "edges": Maybe(Many(Maybe(Row((INT, INT, INT, INT))))), "inside": Maybe(NAME)}),
    "full": Record(_OUT | {"shape": Row((Whole(), Whole())), "value": Number()}),
    "constant": Record(_OUT | {"values": Many(Many(Number()))}),
    "add": Record(_OUT | _AB),
    "sub": Record(_OUT | _AB),
    "mul": Record(_OUT | _AB),
    "scale": Record(_OUT | _A | {"by": Number()}),
    "sigmoid": Record(_OUT | _A),
    "positive": Record(_OUT | _A),
    "number": Record(_OUT | _A),
    "both": Record(_OUT | _AB),
    "every": Record(_OUT | _A | {"columns": PLACES_OF, "rows": Whole()}),
    "matmul": Record(_OUT | _AB),
    "logistic": Record(_OUT | _AB),
    "matmul_mean": Record(_OUT | _AB | {"rate": Number(), "adds": NAMES, "add_rates": Many(Many(Number())), "bound": Number()}),
    "moments": Record(_A | {
        "bits": INT, "mask": Maybe(NAME), "outputs": Named(NAME), "ddof": INT, "mean": INT, "std": INT, "rows": INT, "units": INTS,
        "centred": Flag(), "keep": NAME,
    }),
    "slopes": Record(_A | {
        "keep": NAME, "ups": INTS, "middles": INTS, "reach": INTS, "fraction": INT, "coef": NAME, "intercept": Maybe(NAME), "levels": Maybe(NAME),
    }),
    "less": Record(_OUT | _AB | {"fractions": INTS, "more": INT, "to": INTS}),
    "scale_rows": Record(_OUT | _A | {"width": INT, "scaling": NAME, "fitted": INT, "rows": INT, "inside": NAME}),
    "digits": Record(_OUT | _A | {"keep": NAME, "limb": Whole(1, 62), "count": Whole(1, 62), "offset": NAME}),
    "limbs": Record(_OUT | _A | {"limb": Whole(1, 62), "count": Whole(1, 62)}),
    "score": Record(_OUT | _AB | {"offset": NAME, "width": INT, "limb": Whole(1, 62), "fraction": INT, "most": INT, "inside": NAME}),
    "spread": Record(_OUT | _A),
    "transpose": Record(_OUT | _A),
    "hstack": Record(_OUT | {"parts": Many(NAME, least=1)}),
    "vstack": Record(_OUT | {"parts": Many(NAME, least=1)}),
    "rows": Record(_OUT | _A | {"start": Whole(), "stop": Whole()}),
    "batch": Record(_OUT | _A | {"size": Whole(1), "index": NAME}),
}  # fmt: skip
"""The instructions of a tensor program, ``loop`` aside."""

PROGRAM = Record({
    "f": Whole(0, 62),
    "body": _Body(),
    "outputs": Named(Record({
        "a": NAME, "columns": NAMES, "rows": Whole(), "like": Maybe(Whole()), "dtypes": Many(Text(64)), "range": RANGE, "complete": NAMES,
        "inside": Maybe(NAME),
    })),
})  # fmt: skip

# ---- steps ------------------------------------------------------------------------------------------
STEP = Record({"op": Text(64), "inputs": Many(Whole()), "params": Named(Anything()), "schema": Many(FIELD), "rows": Whole(), "masked": Flag()})
PLAN = Record({
    "version": Whole(), "protocol": Text(128, 1), "parties": Whole(1, MOST_PARTIES), "owners": Many(Text(256, 1), MOST_PARTIES, distinct=True),
    "batch_rows": Whole(64, 1 << 32), "options": Named(Anything()), "steps": Many(Anything()),
})  # fmt: skip
