"""Columns of public categories: bins of numbers, marks of categories, tables by them. Which categories there are must be public: it makes columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeVar

from spuframe import expr as ex
from spuframe.errors import PlanError, SchemaError, TypeMismatchError
from spuframe.frame import arguments
from spuframe.frame.column import Column
from spuframe.frame.columns import Columns

C = TypeVar("C", bound=Column)
MOST_IMPLIED = 100
"""Categories that a public range implies, and bins of equal frequency."""


@arguments.takes_keywords
def cut(x: C, bins: Sequence[float], right: bool = True, labels: Any = None, include_lowest: bool = False) -> C:
    """The bin of each value, by public edges, as `pandas.cut`: as text, "(0, 10]"; by ``labels``, a list of texts; or its number, ``labels=False``.

    Null where the value is, and outside of all bins.

    Examples
    --------
    >>> patients["group"] = sf.cut(patients["age"], [0, 18, 65, 120], labels=["child", "adult", "old"])  # doctest: +SKIP
    """
    column = _column(x, "cut")
    edges = _edges(bins)
    closed, lowest = arguments.flag(right, "right"), arguments.flag(include_lowest, "include_lowest")
    names = _labels(labels, len(edges) - 1, [f"({a}, {b}]" if closed else f"[{a}, {b})" for a, b in pairwise(edges)])
    above = [column > e if closed else column >= e for e in edges]
    if lowest and closed:
        above[0] = column >= edges[0]
    elif lowest:
        above[-1] = column > edges[-1]
    found: C = _binned(column, above[1:-1], names).where(above[0] & ~above[-1])
    return found


@arguments.takes_keywords
def qcut(x: C, q: Any, labels: Any = False) -> C:
    """The bin of each value by quantiles, as `pandas.qcut`: its number (``labels=False``), or by ``labels``, a list of texts.

    ``q`` is how many bins of equal frequency, or a list of quantiles from 0 to 1. The edges stay secret; if two are equal, the bin between is empty.
    """
    column = _column(x, "qcut")
    if isinstance(arguments.plain(q), int):
        count = arguments.whole(q, "q", 1)
        if count > MOST_IMPLIED:
            raise PlanError(f"`q` must be at most {MOST_IMPLIED} bins, got {count}")
        inner, bins = [round(i / count, 6) for i in range(1, count)], count
    else:
        listed = _edges(q, "q")
        if (listed[0], listed[-1]) != (0, 1):
            raise PlanError("`q` must be quantiles from 0 to 1: give [0, ..., 1], or how many bins")
        inner, bins = listed[1:-1], len(listed) - 1
    if labels is None or labels is True:
        raise PlanError("the edges of quantiles are secret, and no labels: give labels=False for numbers of bins, or a list of texts")
    names = _labels(labels, bins, [])
    found = column.quantile(inner) if inner else {}
    out: C = _binned(column, [column > found[str(float(share))] for share in inner], names)
    return out.where(column.notna()) if column.field.nullable else out


def _binned(column: C, above: Sequence[C], names: Sequence[str] | None) -> C:
    """The number, or the name, of the bin above the last edge that a value is above."""
    if names is None:
        out = column._with(ex.lit(0))
        for mark in above:
            out = out + mark.fillna(False).astype("int64") if mark.field.nullable else out + mark.astype("int64")
        return out
    out = column._with(ex.lit(names[0]))
    for mark, name in zip(above, names[1:], strict=True):
        out = out.mask(mark.fillna(False) if mark.field.nullable else mark, name)
    return out


def _column(x: C, what: str) -> C:
    if not isinstance(x, Column):
        raise TypeMismatchError(f"sf.{what} takes a secret column, got a {type(x).__name__}: for plaintext there is pandas.{what}")
    if not x.dtype.has_range:
        raise TypeMismatchError(f"sf.{what} is of numbers and dates, and {x.name!r} is {x.dtype}")
    return x


def _edges(bins: object, what: str = "bins") -> list[Any]:
    """Public edges, in order."""
    if (not isinstance(bins, Sequence) and getattr(bins, "ndim", 0) != 1) or isinstance(bins, str):
        raise PlanError(f"`{what}` must be a list of public edges, such as [0, 18, 65], since the values that edges could be made of are secret")
    edges = [arguments.plain(e) for e in bins]  # type: ignore[attr-defined]
    if len(edges) < 2 or any(arguments.is_missing(e) or isinstance(e, bool | str) for e in edges):
        raise PlanError(f"`{what}` must be two edges or more, numbers or dates")
    try:
        ordered = all(a < b for a, b in pairwise(edges))  # type: ignore[operator]
    except TypeError:
        ordered = False
    if not ordered:
        raise PlanError(f"`{what}` must increase, each edge above the one before")
    return edges


def _labels(labels: object, count: int, implied: list[str]) -> list[str] | None:
    """The names of bins; None: their numbers."""
    if labels is False:
        return None
    names = implied if labels is None else arguments.names(labels, "labels")
    if len(names) != count or len(set(names)) < count:
        raise PlanError(f"`labels` must be {count} different texts, one for each bin, got {len(names)}; or False for numbers")
    return names


# ---- marks of categories ------------------------------------------------------------------------------
def categories_of(column: Column, given: object, what: str) -> list[Any]:
    """The public categories of a column: those given, or the values of a boolean or a narrow whole number."""
    if given is None:
        low, high = column.field.range if column.field.range is not None else (0, 1)
        if column.field.dtype.label == "bool":
            return [False, True]
        if column.field.range is None or column.field.dtype.label[:3] not in ("int", "uin") or high - low >= MOST_IMPLIED:
            raise PlanError(f"the values of {column.name!r} are secret, and make no columns: name the public ones, {what}")
        return list(range(int(low), int(high) + 1))
    if isinstance(given, str | Mapping) or not (isinstance(given, Sequence) or getattr(given, "ndim", 0) == 1):
        raise TypeMismatchError(f"the categories of {column.name!r} must be a list of values, got a {type(given).__name__}")
    found = [arguments.plain(c) for c in given]  # type: ignore[attr-defined]
    if not found or len(set(map(str, found))) < len(found) or any(map(arguments.is_missing, found)):
        raise PlanError(f"the categories of {column.name!r} must be different values, one at least, none of them missing")
    return found


def marked(column: Any, category: object) -> Any:
    """Whether a value is a category; False where it is missing."""
    mark = column == category
    return mark.fillna(False) if mark.field.nullable else mark


@arguments.takes_keywords
def get_dummies(
    data: Any,
    prefix: Any = None,
    prefix_sep: str = "_",
    dummy_na: bool = False,
    columns: Any = None,
    drop_first: bool = False,
    dtype: Any = None,
    *,
    categories: Any = None,
) -> Any:
    """A boolean column for each public category, in place of columns of a frame or of one column, as `pandas.get_dummies`.

    Parameters
    ----------
    data : SecretFrame or SecretSeries
    prefix : str, list or dict, optional
        By default the column's name; of a column alone none.
    prefix_sep : str
    dummy_na : bool
        One column more, for missing values.
    columns : list of str, optional
        By default those that have ``categories``.
    drop_first : bool
    dtype : type, optional
    categories : list, or dict by column
        The values that make columns: which of them occur stays secret. Not needed of booleans and of whole numbers with a narrow public range.

    Examples
    --------
    >>> sf.get_dummies(patients, categories={"region": ["north", "south"]})  # doctest: +SKIP
    """
    alone = isinstance(data, Column)
    if not isinstance(data, Column | Columns):
        raise TypeMismatchError(f"get_dummies takes a SecretFrame or a column of one, got a {type(data).__name__}")
    frame: Any = data.to_frame() if isinstance(data, Column) else data
    given = {data.name: categories} if isinstance(data, Column) else arguments.mapping({} if categories is None else categories, "categories")
    names = list(given) if alone or columns is None else arguments.names(columns, "columns")
    if not names:
        raise PlanError("get_dummies needs the public categories of a column: categories={'region': ['north', 'south']}")
    sep, begins = arguments.text(prefix_sep, "prefix_sep"), _prefixes(prefix, names, alone)
    made: dict[str, Any] = {}
    for name in frame.columns:
        if name not in names:
            made[name] = frame[name]
    for name in names:
        column = frame[name]
        begin = f"{begins[name]}{sep}" if begins[name] is not None else ""
        marks = {f"{begin}{c}": marked(column, c) for c in categories_of(column, given.get(name), f"categories={{{name!r}: [...]}}")}
        if arguments.flag(dummy_na, "dummy_na"):
            marks[f"{begin}nan"] = column.isna()
        if arguments.flag(drop_first, "drop_first"):
            marks.pop(next(iter(marks)))
        for out, mark in marks.items():
            if out in made:
                raise SchemaError(f"column {out!r} is there already: give another prefix, prefix={{{name!r}: 'p'}}")
            made[out] = mark if dtype is None else mark.astype(dtype)
    return frame.assign(**made)[list(made)]


def _prefixes(prefix: object, names: Sequence[str], alone: bool) -> dict[str, str | None]:
    if prefix is None:
        return dict.fromkeys(names) if alone else {n: n for n in names}
    if isinstance(prefix, Mapping):
        return {n: arguments.text(prefix.get(n, n), "prefix") for n in names}
    found = [prefix] * len(names) if isinstance(prefix, str) else arguments.names(prefix, "prefix")
    if len(found) != len(names):
        raise PlanError(f"`prefix` must have one text for each of {len(names)} columns, got {len(found)}")
    return {n: arguments.text(p, "prefix") for n, p in zip(names, found, strict=True)}
