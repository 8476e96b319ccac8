"""Aggregates of so many rows, each row the last of them: null where fewer values are there than asked for.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.expr.expr import col
>>> from spuframe.plan.build import scan
>>> sales = scan("s1", "shop", "t0", [Field("sold", Int(16), range=(0, 9))], 100)
>>> base, (total,) = rolling(sales, Keys([]), [col(sales.schema["sold"])], "sum", 3, 3)
>>> total.range, total.nullable
((0, 27), True)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from spuframe.dtypes import Bool
from spuframe.expr.expr import Expr
from spuframe.expr.functions.arithmetic import div
from spuframe.expr.functions.astype import cast
from spuframe.expr.functions.comparison import ge
from spuframe.expr.functions.conditional import where
from spuframe.plan.groups import Keys, Rows, known
from spuframe.plan.logical import LogicalNode
from spuframe.plan.rows import check_order
from spuframe.plan.windows import Wanted, windowed

FUNCTIONS: Mapping[str, tuple[Sequence[str], Callable[..., Expr], int]] = MappingProxyType(
    {
        "sum": (("sum",), lambda count, total: total, 0),
        "mean": (("sum",), lambda count, total: div(total, count), 1),
        "min": (("min",), lambda count, least: least, 1),
        "max": (("max",), lambda count, most: most, 1),
        "count": ((), lambda count: count, 0),
    }
)
"""What is needed beside the number of values, what is made of both, and of how many values at least."""


def rolling(table: LogicalNode, keys: Keys, values: Sequence[Expr], function: str, span: int | None, least: int) -> Rows:
    """An aggregate of each row and those above it in its group, ``span`` in all or (None) all of them.

    Null of fewer values than ``least``; a count is null of fewer rows, as pandas has it.
    """
    check_order(table, "rolling and expanding")
    needed, finish, some = FUNCTIONS[function]
    enough = max(least, some)
    wanted = list[Wanted]()
    for e in values:
        number = cast(e, "int64") if isinstance(e.dtype, Bool) else e
        wanted += [Wanted("count", keys.level, span, number if number.nullable else None), Wanted("count", keys.level, span)]
        wanted += [Wanted(f, keys.level, span, number) for f in needed]
    base, found = windowed(table, keys.exprs, wanted)
    size, out = 2 + len(needed), list[Expr]()
    for i in range(len(values)):
        count, rows, *parts = found[i * size : (i + 1) * size]
        made, seen = finish(count, *parts), count if needed else rows
        certain = enough == 0 or (enough == 1 and not (needed and values[i].nullable))  # the row itself is there
        out.append(known(made if certain else where(ge(seen, enough), made, None), keys.sure))
    return base, out
