"""scan: an owner computes columns in plaintext and shares them; the parties accept them. One message per party, one round."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spuframe.dtypes import Field
from spuframe.errors import DataError, PlanError
from spuframe.link.base import Link
from spuframe.spu.encoding import RINGS, column_kind, column_shape, encode
from spuframe.spu.gates import give
from spuframe.spu.kernel import Protocol
from spuframe.spu.operator import Env, Step
from spuframe.spu.plaintext import Evaluation
from spuframe.spu.share import BIT, Arithmetic, Array, Kind, pack
from spuframe.spu.table import Column, Table


def _layout(step: Step) -> list[tuple[Kind, tuple[int, ...]]]:
    """What an owner sends, in order: each column's values and nulls, then the rows' validity."""
    bit = (BIT, (step.rows,))
    parts: list[tuple[Kind, tuple[int, ...]]] = []
    for field in step.schema:
        parts.append((_kind(step, field), column_shape(field, step.rows)))
        if field.nullable:
            parts.append(bit)
    return [*parts, bit] if step.masked else parts


def _kind(step: Step, field: Field) -> Kind:
    """The narrowest ring of the column, or the wider one that the plan asks for."""
    kind, bits = column_kind(field)[0], step.params.get("rings", {}).get(field.name)
    if bits is None:
        return kind
    if not isinstance(kind, Arithmetic) or bits not in RINGS or bits < kind.bits:
        raise PlanError(f"column {field.name!r} takes {kind} and cannot be shared in a ring of {bits!r} bits: make the plan with the same spuframe")
    return Arithmetic(bits)


def run(env: Env, step: Step, inputs: Sequence[Table]) -> Table:
    """At the parties."""
    owner, layout = env.parties + env.owners.index(step.params["owner"]), _layout(step)
    shares = env.box.enter(owner, layout)
    rest = iter(shares)
    columns = {f.name: Column(f, next(rest), next(rest) if f.nullable else None) for f in step.schema}
    return Table(columns, step.rows, next(rest) if step.masked else None)


def deal_scan(protocol: Protocol, parties: int, link: Link, step: Step, table: pa.Table) -> None:
    """At the owner: evaluate, filter, encode, share, send."""
    columns = [(words, kind, shape) for (kind, shape), words in zip(_layout(step), _plaintext(step, table), strict=True)]
    give(protocol, parties, link, columns)


def _plaintext(step: Step, table: pa.Table) -> list[Array]:
    nodes, at = step.params["expressions"], dict(step.params["columns"])
    wanted = [at[field.name] for field in step.schema]
    predicate = step.params.get("filter")
    found = Evaluation(nodes, wanted if predicate is None else [predicate, *wanted], table)
    keep: pa.Array | None = None if predicate is None else found.keep(predicate)
    if keep is not None and step.params.get("drop"):
        table, keep = table.filter(keep), None
        found = Evaluation(nodes, wanted, table)
    rows = table.num_rows
    if rows > step.rows or (rows < step.rows and not step.masked):
        raise DataError(f"table {step.params['table']!r} has {rows} rows where the plan expects {step.rows}: make the plan again")
    mask = np.zeros(step.rows, bool)
    mask[:rows] = True if keep is None else np.asarray(keep)
    words: list[Array] = []
    for field in step.schema:
        column, filler = found.take(at[field.name]), _filler(field)
        if keep is not None:  # rows that the filter drops are shared as a constant, whatever they hold
            column = pc.if_else(keep, column, filler)
        if rows < step.rows:
            column = pa.concat_arrays([column, pa.array([filler.as_py()] * (step.rows - rows), column.type)])
        values, valid = encode(column, field, words=True)
        kind = _kind(step, field)
        if kind.word != values.dtype and isinstance(kind, Arithmetic):  # a wider ring: the sign is carried on
            values = values.view(f"i{values.dtype.itemsize}").astype(f"i{kind.word.itemsize}").view(kind.word)
        words += [values] if valid is None else [values, valid]
    return [*words, pack(mask)] if step.masked else words


def _filler(field: Field) -> pa.Scalar:
    """Zero, or the value of the column's range that is nearest to it."""
    dtype = field.dtype
    if not dtype.has_range:
        return pa.scalar(dtype.zero, dtype.held)
    low, high = (word + dtype.ORIGIN for word in dtype.units(field.range))
    return pa.scalar(min(max(0, low), high), dtype.held)
