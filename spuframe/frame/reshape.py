"""Tables turned: columns below each other, and columns of public categories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spuframe.errors import ForeignFrameError, PlanError, SchemaError, TypeMismatchError
from spuframe.frame import arguments
from spuframe.frame.categories import categories_of, marked
from spuframe.frame.column import Column
from spuframe.plan import build

Frame = Any
"""A `spuframe.SecretFrame`, which imports this module."""


def melt(frame: Frame, id_vars: Any, value_vars: Any, var_name: Any, value_name: Any) -> Frame:
    """Columns below each other, with their names beside them."""
    ids = [] if id_vars is None else arguments.names(id_vars, "id_vars")
    names = [n for n in frame.columns if n not in ids] if value_vars is None else arguments.names(value_vars, "value_vars")
    var = "variable" if var_name is None else arguments.text(var_name, "var_name")
    value = arguments.text(value_name, "value_name")
    if not names:
        raise PlanError("there is no column to melt: value_vars names some that are not in id_vars")
    if len({*ids, var, value}) < len(ids) + 2:
        raise SchemaError(f"the columns {[*ids, var, value]} of the result need different names: give var_name and value_name")
    pieces = [frame[ids].assign(**{var: name, value: frame[name]}) for name in names]
    return frame._made(build.concat([piece.node for piece in pieces]))


def pivot_table(frame: Frame, values: Any, index: Any, columns: Any, aggfunc: Any, fill_value: Any, categories: Any) -> Frame:
    """Groups by ``index``, and for each public category of ``columns`` a column of what ``aggfunc`` makes of its values."""
    if index is None or columns is None:
        raise PlanError("pivot_table needs index= and columns=: without columns it is frame.groupby(index).agg(...)")
    keys, by = arguments.names(index, "index"), arguments.text(columns, "columns")
    function = arguments.text(aggfunc, "aggfunc")
    column, single = frame[by], isinstance(values, str)
    if values is None:
        names = [f.name for f in frame.schema if f.name not in (*keys, by) and f.dtype.adds and f.dtype.has_range]
    else:
        names = arguments.names(values, "values")
    if not names:
        raise PlanError("there is no number column to aggregate: name values=")
    given = categories[by] if isinstance(categories, Mapping) and by in categories else categories
    found = categories_of(column, given, f"categories=[...] of {by!r}")
    work, outputs, there = frame.copy(), dict[str, tuple[str, str]](), dict[str, str]()
    for i, category in enumerate(found):
        mark = marked(column, category)
        work[f"there {i}"] = mark.astype("int64")
        for name in names:
            out = str(category) if single else f"{name}_{category}"
            if out in (*keys, *outputs):
                raise SchemaError(f"column {out!r} of the result is there already: rename a key, or give values=[...] for names of both")
            work[f"value {i} {name}"] = frame[name].where(mark)
            outputs[out], there[out] = (f"value {i} {name}", function), f"rows {i}"
    rows = {f"rows {i}": (f"there {i}", "sum") for i in range(len(found))}
    table = work.groupby(keys).agg(**outputs, **rows)
    for out, count in there.items():
        if not table.schema[out].nullable:  # pandas knows nothing of what does not occur: no sum is not 0
            table[out] = table[out].where(table[count] > 0)
        if fill_value is not None:
            table[out] = table[out].fillna(fill_value)
    return table[[*keys, *outputs]]


@arguments.takes_keywords
def crosstab(index: Any, columns: Any, *, categories: Any = None) -> Frame:
    """How often each value of one column occurs with each public category of another one of the same rows, as `pandas.crosstab`.

    The values of ``index`` are a column, and may be secret; there is a column for each category, whether it occurs or not. Rows where ``index`` is
    missing are left out.

    Examples
    --------
    >>> sf.crosstab(patients["region"], patients["smoker"])  # doctest: +SKIP
    """
    for value, what in ((index, "index"), (columns, "columns")):
        if not isinstance(value, Column):
            raise TypeMismatchError(f"`{what}` must be a secret column, got a {type(value).__name__}: frame['a']")
    if index.session is not columns.session:
        raise ForeignFrameError("the columns belong to two sessions: read both tables in one")
    found = categories_of(columns, categories, "categories=[...]")
    table = index.to_frame()
    names = {f"mark {i}": str(c) for i, c in enumerate(found)}
    if index.name in names.values():
        raise SchemaError(f"the column {index.name!r} is called like a category: rename it, .rename('key')")
    for name, category in zip(names, found, strict=True):
        table[name] = marked(columns, category).astype("int64")
    return table.groupby(index.name).agg(**{label: (name, "sum") for name, label in names.items()})
