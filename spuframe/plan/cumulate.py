"""Prefix sums: one column more, which depends on the order of the rows.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.expr import col
>>> from spuframe.plan.build import scan
>>> sales = scan("s1", "shop", "t0", [Field("sold", Int(64), range=(0, 9))], 100)
>>> total = cumulate(sales, "total", col(sales.schema["sold"]))
>>> total.schema.names, total.schema["total"].range
(['sold', 'total'], (0, 900))
"""

from __future__ import annotations

from spuframe.expr.expr import Expr
from spuframe.plan.logical import LogicalNode
from spuframe.plan.names import free
from spuframe.plan.nodes.cumulate import Cumulate
from spuframe.plan.rows import check_order


def cumulate(table: LogicalNode, name: str, value: Expr) -> Cumulate:
    """``table`` with the prefix sums of ``value``, under ``name`` or one like it that is free.

    Raises
    ------
    PlanError
        The order of the rows means nothing.
    """
    check_order(table, "cumsum")
    return Cumulate(table, free(name, table.schema), value)
