"""Columns and tables brought into the shape that a consumer needs: rings, widths, shuffled rows, zeros where nothing is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import cast

from spuframe.dtypes import Field, String
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.encoding import column_kind
from spuframe.spu.share import BIT, Arithmetic, Boolean, Share, columns, concat
from spuframe.spu.table import Column, Table


def fit(box: BlackBox, x: Share, bits: int) -> Share:
    """The same signed value in the ring of ``bits`` bits; narrowing is local."""
    return x.narrow(bits) if bits <= x.bits else box.extend(x, bits)


def conform(box: BlackBox, column: Column, field: Field, wider: bool = False) -> Column:
    """The column in exactly the kind, and with the validity, that ``field`` says; with ``wider`` also in a wider ring, if it comes in one."""
    kind, _ = column_kind(field)
    values = column.values
    if isinstance(kind, Arithmetic):
        values = values if wider and values.bits > kind.bits else fit(box, values, kind.bits)
    elif isinstance(field.dtype, String) and isinstance(column.field.dtype, String):
        values = string_width(values, column.field.dtype.width, field.dtype.width)
    valid = column.valid if field.nullable else None  # not nullable: the planner knows that only rows that do not exist are null
    if valid is None and field.nullable:
        valid = box.constant(1, BIT, (values.rows,))
    return Column(field, values, valid)


def conform_all(box: BlackBox, columns: Mapping[str, Column], fields: Sequence[Field], wider: bool = False) -> dict[str, Column]:
    """The columns that ``fields`` name, each as `conform` makes it, in common rounds."""
    made = box.together([partial(conform, box, columns[f.name], f, wider) for f in fields])
    return {f.name: column for f, column in zip(fields, made, strict=True)}


def string_width(x: Share, old: int, new: int) -> Share:
    """Strings of ``old`` bytes as strings of ``new`` bytes: zero bytes are added at the end, or bytes cut off; local."""
    if old == new:
        return x
    words = -(-new // 8)
    if old <= 8 and new <= 8:
        return x.widen(8 * new).shift_left(8 * (new - old)) if new > old else x.slice_bits(8 * (old - new), 8 * new)
    if old <= 8:
        first = x.widen(64).shift_left(64 - 8 * old)
        zero = first.and_public(0)
        return columns([first, *[zero] * (words - 1)])
    if new <= 8:
        return x.column(0).slice_bits(64 - 8 * new, 8 * new)
    have = -(-old // 8)
    kept = [x.column(j) for j in range(min(have, words))]
    if new < old and new % 8:
        kept[-1] = kept[-1].and_public((1 << 64) - (1 << (64 - 8 * (new % 8))))
    return columns(kept + [kept[0].and_public(0)] * (words - len(kept)))


# ---- alike operations as one ----------------------------------------------------------------------
def stacked(run: Callable[[list[Share]], Share], groups: Sequence[Sequence[Share]]) -> list[Share]:
    """Apply an operation that works row by row to several groups of arguments of the same kinds at once, so that they share their rounds.

    ``groups[i]`` are the arguments of the i-th application; ``run`` gets the arguments with all rows below each other.
    """
    if len(groups) == 1:
        return [run(list(groups[0]))]
    whole = run([concat(argument) for argument in zip(*groups, strict=True)])
    out, start = [], 0
    for group in groups:
        out.append(whole.slice(start, start + group[0].rows))
        start += group[0].rows
    return out


def and_pairs(box: BlackBox, pairs: Sequence[tuple[Share, Share]]) -> list[Share]:
    """``x & y`` for each pair, in the rounds of one."""
    return stacked(lambda s: box.and_(s[0], s[1]), pairs)


def padded(box: BlackBox, word: Share, bits: int) -> Share:
    """Boolean words with ones above their bits, up to ``bits``; local."""
    above = ((1 << bits) - 1) ^ word.kind.mask if isinstance(word.kind, Boolean) else 0
    return word.widen(bits) ^ box.constant(above, Boolean(bits), word.shape) if above else word


def folded(box: BlackBox, made: Share, passed: Share) -> tuple[Share, Share]:
    """Whether something is made at the highest bit, or at one from which all higher bits pass it on; and whether all pass it on.

    So a carry of two operands; or, with (less, equal) of all bits, the order of words. As many bits as a power of two: log2 of the bits rounds.
    """
    while made.bits > 1:
        (low, high), (pass_low, pass_high) = made.halves(), passed.halves()
        gained, passed = and_pairs(box, [(pass_high, low), (pass_high, pass_low)])
        made = high ^ gained
    return made, passed


def masked(box: BlackBox, table: Table) -> Table:
    """The table with zeros in invalid rows and in place of nulls; validity of a column then implies that of its row."""
    if table.valid is not None:
        nullable = [c for c in table.columns.values() if c.valid is not None]
        keep = and_pairs(box, [(cast(Share, c.valid), table.valid) for c in nullable]) if nullable else []
        bits = {c.field.name: bit for c, bit in zip(nullable, keep, strict=True)}
    else:
        bits = {c.field.name: c.valid for c in table.columns.values() if c.valid is not None}
    out = dict(table.columns)
    groups: dict[object, list[str]] = {}
    for name, c in table.columns.items():
        if c.field.name in bits or table.valid is not None:
            groups.setdefault((c.values.kind, c.values.shape), []).append(name)
    tasks: list[Callable[[], list[Share]]] = []
    for names in groups.values():
        pairs = []
        for name in names:
            keep_bit = bits.get(out[name].field.name, table.valid)
            assert keep_bit is not None
            pairs.append((keep_bit, out[name].values))
        tasks.append(partial(_zeroed, box, pairs))
    for names, zeroed in zip(groups.values(), box.together(tasks), strict=True):
        for name, values in zip(names, zeroed, strict=True):
            out[name] = replace(out[name], values=values)
    for name, c in out.items():
        if c.field.name in bits:
            out[name] = replace(c, valid=bits[c.field.name])
    return Table(out, table.rows, table.valid)


def _zeroed(box: BlackBox, pairs: Sequence[tuple[Share, Share]]) -> list[Share]:
    """Values of one kind where their bits are set, else zero."""
    if isinstance(pairs[0][1].kind, Arithmetic):
        return stacked(lambda s: box.inject(s[0], s[1]), pairs)
    return and_pairs(box, [(x, box.spread(bit, x)) for bit, x in pairs])


def shuffled(box: BlackBox, table: Table) -> Table:
    """The rows in a random order that no party knows."""
    shares: list[Share] = []
    for c in table.columns.values():
        shares += [c.values] if c.valid is None else [c.values, c.valid]
    if table.valid is not None:
        shares.append(table.valid)
    rest = iter(box.shuffle(box.draw(table.rows), shares))
    out = {name: Column(c.field, next(rest), None if c.valid is None else next(rest)) for name, c in table.columns.items()}
    return Table(out, table.rows, None if table.valid is None else next(rest))
