"""Every request that a node and a worker answer, and what its fields may hold. What comes in is decoded by these before anybody looks at it."""

from __future__ import annotations

from collections.abc import Mapping

from spuframe.ir.shapes import FIELD
from spuframe.runtime.vault import KEY
from spuframe.shapes import Either, Flag, Many, Maybe, Named, Number, Octets, Positive, Record, Row, Shape, Tagged, Text, Whole

MOST_RANKS = 64
_LARGE = 1 << 63
_NAME = Text(256, 1)
_PLUGIN = Text(128, 1)
_SPACE: dict[str, Shape] = {"folder": Text(4096, 1), "key": Octets(KEY, KEY)}
_INSTANCE: dict[str, Shape] = {"instance": Text(64, 1)}
_COLUMNS = Many(Text(1 << 12))

SEAT: dict[str, Shape] = {
    "rank": Whole(0, MOST_RANKS - 1),
    "parties": Whole(1, MOST_RANKS),
    "owners": Many(_NAME, MOST_RANKS, distinct=True),
    "names": Many(_NAME, MOST_RANKS, 1, distinct=True),
    "addresses": Many(Text(255, 1), MOST_RANKS, 1),  # what a transport wrote
    "session_id": Octets(64, 1),
    "protocol": _PLUGIN,
    "deadline": Positive(),
    "memory_limit": Maybe(Whole(1)),
}
"""A rank's place among its peers."""

_LETTER = Text(8)
_BOUND = Either(Number(), Either(Flag(), Text(64)))  # dates are texts
_TABLE: dict[str, Shape] = {
    "columns": Maybe(_COLUMNS),
    "ranges": Maybe(Named(Row((_BOUND, _BOUND)))),
    "nan_as_null": Flag(),
    "fraction_bits": Maybe(Either(Whole(-_LARGE), Named(Whole(-_LARGE)))),  # numbers that no type has are refused by the column
}
_PATH: dict[str, Shape] = {"path": Text(4096, 1)}
CSV: dict[str, Shape] = {
    "sep": _LETTER,
    "encoding": Text(64),
    "thousands": _LETTER,
    "decimal": _LETTER,
    "dates": Named(Text(256)),
    "na_values": Many(Text(256)),
}
"""How a CSV file is written, see `spuframe.runtime.csvfile`."""
SOURCE = Tagged("kind", {"csv": Record(_PATH, _TABLE | CSV), "parquet": Record(_PATH, _TABLE), "arrow": Record({"data": Octets()}, _TABLE)})
"""A table to open, see `spuframe.runtime.tables`."""

NODE: Mapping[str, Record] = {
    "hello": Record({}),
    "create": Record({"transport": _PLUGIN}),
    "initialise": Record(_INSTANCE | {"terms": Record(SEAT)}),
    "prepare": Record(_INSTANCE | {"plan": Octets()}),
    "run": Record(_INSTANCE | {"progress": Flag()}),
    "waits": Record(_INSTANCE),
    "close_instance": Record(_INSTANCE),
    "open_table": Record({"source": SOURCE}),
    "close_table": Record({"handle": Text(64)}),
    "delete": Record({"name": _NAME, "missing_ok": Flag()}),
    "status": Record({}),
}
"""What a session may ask of a node."""

WORKER: Mapping[str, Record] = {
    "listen": Record({"transport": _PLUGIN, "host": Text(255, 1), "folder": Text(4096, 1)}),
    "initialise": Record({k: v for k, v in SEAT.items() if k != "owners"} | {"secret": Octets(64, 16)} | _SPACE),
    "run": Record({"plan": Octets(), "progress": Flag()}),
}
"""What a node may ask of its workers."""

READER: Mapping[str, Record] = {
    "open": Record(_SPACE | {
        "source": SOURCE,
        "owner": _NAME,
        "policy": Record({"ranges": Text(32), "allow_row_counts": Flag(), "folders": Maybe(Many(Text(4096)))}),
    })
}  # fmt: skip
"""What a node may ask of the process in which it has tables opened."""
OPENED = Record({"handle": Text(64, 1), "fields": Many(FIELD), "rows": Whole(), "unique": _COLUMNS, "rounded": _COLUMNS})
"""What that process tells of a table."""
