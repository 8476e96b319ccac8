"""What a physical plan may hold, field by field: shapes by which bytes of another process are read before anybody relies on them.

What the fields mean is told in `spuframe.ir.physical`; expressions are checked node by node in their own place,
programs over matrices by `spuframe.ir.instructions`.
"""

from __future__ import annotations

from spuframe.shapes import Anything, Flag, Many, Maybe, Named, Number, Record, Row, Shape, Text, Whole, Word

MOST_PARTIES = 64

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


# ---- steps ------------------------------------------------------------------------------------------
STEP = Record({"op": Text(64), "inputs": Many(Whole()), "params": Named(Anything()), "schema": Many(FIELD), "rows": Whole(), "masked": Flag()})
PLAN = Record({
    "version": Whole(), "protocol": Text(128, 1), "parties": Whole(1, MOST_PARTIES), "owners": Many(Text(256, 1), MOST_PARTIES, distinct=True),
    "batch_rows": Whole(64, 1 << 32), "options": Named(Anything()), "steps": Many(Anything()),
})  # fmt: skip
