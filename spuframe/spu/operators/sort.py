"""``sort``: by several columns, stable, nulls last, invalid rows at the end; every column moves in one shuffle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from spuframe.spu.algorithms.keys import table_words
from spuframe.spu.algorithms.permute import open_move
from spuframe.spu.algorithms.sort import partition, sort_order
from spuframe.spu.operator import Env, Step
from spuframe.spu.share import Share
from spuframe.spu.table import Column, Table


def run(env: Env, step: Step, inputs: Sequence[Table]) -> Table:
    """Sort ``inputs[0]`` by ``params["by"]``."""
    (table,) = inputs
    by, ascending = tuple(step.params["by"]), list(step.params["ascending"])
    box, shares = env.box, shares_of(table)
    up = all(ascending)
    if up and by == table.sorted_by[: len(by)]:
        if table.valid is None:
            return with_shares(table, shares, table.sorted_by)
        moved = open_move(box, partition(box, table.valid), shares)[1]  # invalid rows may stand between the others
        return with_shares(table, moved, table.sorted_by)
    order = sort_order(box, table_words(box, table, by, ascending), table.rows)
    return with_shares(table, order.apply(shares), by if up else ())


def shares_of(table: Table) -> list[Share]:
    """Every share of a table, in a fixed order: what a permutation moves."""
    shares = [c.values for c in table.columns.values()]
    shares += [c.valid for c in table.columns.values() if c.valid is not None]
    return shares if table.valid is None else [*shares, table.valid]


def with_shares(table: Table, shares: Sequence[Share], sorted_by: tuple[str, ...]) -> Table:
    """The table with other shares, in the order of `shares_of`."""
    bits = iter(shares[len(table.columns) :])
    columns: dict[str, Column] = {}
    for (name, column), values in zip(table.columns.items(), shares, strict=False):
        columns[name] = Column(column.field, values, None if column.valid is None else next(bits))
    return replace(table, columns=columns, valid=None if table.valid is None else next(bits), sorted_by=sorted_by)
