"""What is handed to the analyst: how a party puts it in plain data, and how the analyst puts the parties' messages together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from spuframe.dtypes import Field
from spuframe.errors import ProtocolError
from spuframe.spu.encoding import column_kind, column_shape, decode
from spuframe.spu.kernel import Protocol
from spuframe.spu.operator import Delivery
from spuframe.spu.share import BIT, Array, Kind, Share


def to_plain(delivery: Delivery) -> dict[str, Any]:
    """Plain data for msgpack."""
    return {
        "fields": [f.to_plain() for f in delivery.fields],
        "rows": delivery.rows,
        "messages": {name: _plain(*m) for name, m in delivery.messages.items()},
        "valid": {name: _plain(*m) for name, m in delivery.valid.items()},
        "mask": None if delivery.mask is None else _plain(*delivery.mask),
    }


def _plain(share: Share, message: Any) -> dict[str, Any]:
    return {"kind": [share.kind.LETTER, share.bits], "shape": list(share.shape), "data": message.tobytes()}


def delivered_bytes(delivery: Delivery) -> int:
    """How many bytes this party hands over."""
    messages = [*delivery.messages.values(), *delivery.valid.values(), *([delivery.mask] if delivery.mask else [])]
    return sum(message.nbytes for _, message in messages)


def assemble(protocol: Protocol, parties: int, results: Sequence[Mapping[str, Any]]) -> list[pa.Table]:
    """The revealed tables, from the results of all parties (in the order of their ranks).

    Rows that the plan dropped are left out; nulls are Arrow nulls.
    """
    if len(results) != parties:
        raise ProtocolError(f"the results of {parties} parties are needed, got {len(results)}: wait for all of them")
    counts = {len(r["deliveries"]) for r in results}
    if len(counts) != 1:
        raise ProtocolError("the parties handed over different numbers of results: one of them ran another plan")
    return [_assemble(protocol, parties, pieces) for pieces in zip(*(r["deliveries"] for r in results), strict=True)]


def _assemble(protocol: Protocol, parties: int, pieces: Sequence[Mapping[str, Any]]) -> pa.Table:
    first = pieces[0]
    for other in pieces[1:]:
        same = other["fields"] == first["fields"] and other["rows"] == first["rows"] and (other["mask"] is None) == (first["mask"] is None)
        if not same:
            raise ProtocolError("the parties describe a result differently: one of them ran another plan")
    fields, rows = [Field.from_plain(f) for f in first["fields"]], int(first["rows"])

    def combined(messages: Sequence[Mapping[str, Any]], kind: Kind, shape: tuple[int, ...]) -> Array:
        for party, message in enumerate(messages):
            if list(message["kind"]) != [kind.LETTER, kind.bits] or tuple(message["shape"]) != shape:
                raise ProtocolError(f"party {party} handed over a message of another kind or shape than the plan's", party=f"party {party}")
        return protocol.combined(parties, [np.frombuffer(m["data"], np.uint8) for m in messages], kind, shape)

    try:
        keep = None if first["mask"] is None else combined([p["mask"] for p in pieces], BIT, (rows,)).astype(bool)
        arrays = []
        for field in fields:
            words = combined([p["messages"][field.name] for p in pieces], column_kind(field)[0], column_shape(field, rows))
            valid = combined([p["valid"][field.name] for p in pieces], BIT, (rows,)) if field.name in first["valid"] else None
            if keep is not None:
                words, valid = words[keep], None if valid is None else valid[keep]
            arrays.append(decode(words, valid, field))
    except KeyError as error:
        raise ProtocolError("a party left out a column of the result: one of them ran another plan") from error
    if not fields:
        return pa.table({})
    return pa.Table.from_arrays(arrays, names=[f.name for f in fields])
