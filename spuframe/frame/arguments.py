"""pandas' arguments: taken where they change nothing or can be had, else refused with the way out; and what is read of an argument.

`KEYWORDS` is the one table of the keywords that pandas has and secret tables have no use for. `like_pandas` gives every method of a class the keywords
that the table knows, and a typed error for anything else.
"""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from spuframe.errors import PlanError, TypeMismatchError
from spuframe.expr.expr import scalar
from spuframe.frame.null import Null

C = TypeVar("C", bound=type)


class Keyword(NamedTuple):
    """The values that change nothing here (None: all of them), and what to do instead of any other."""

    taken: tuple[object, ...] | None
    remedy: str


_ASSIGN = Keyword((False,), "nothing is changed in place: assign the result, frame = frame.method(...)")
_NO_LABELS = "rows have no labels here, only columns have"
_ROWS = Keyword((0, "index", "rows", None), "columns are not combined with each other by a method: write it with operators, frame['a'] + frame['b']")
_SKIP = Keyword((True,), "missing values are skipped: test .isna().any(), or put a value there with .fillna(value)")
_NONE = (None,)

KEYWORDS: Mapping[str, Keyword] = MappingProxyType(
    {
        "axis": _ROWS,
        "inplace": _ASSIGN,
        "copy": Keyword(None, "plans share what is equal"),
        "deep": Keyword(None, "a frame is a plan, which nobody changes: its copies are independent"),
        "ignore_index": Keyword(None, _NO_LABELS),
        "level": Keyword(_NONE, f"{_NO_LABELS}: name a column"),
        "index": Keyword(_NONE, f"{_NO_LABELS}: filter rows by a condition, frame[frame['a'] > 1], and rename columns with columns={{...}}"),
        "kind": Keyword(("quicksort", "mergesort", "heapsort", "stable", None), "the sort is stable: leave kind out"),
        "key": Keyword(_NONE, "compute the key as a column and sort by it: frame.assign(key=...).sort_values('key').drop('key')"),
        "group_keys": Keyword(None, _NO_LABELS),
        "observed": Keyword(None, "only groups that occur are given"),
        "numeric_only": Keyword((False,), "select the number columns first: frame[['a', 'b']]"),
        "bool_only": Keyword((False,), "select the boolean columns first: frame[['a', 'b']]"),
        "skipna": _SKIP,
        "min_count": Keyword((0, -1), "take the count beside it, and compare: .where(count >= n, None)"),
        "engine": Keyword(_NONE, "the parties compute it: leave engine out"),
        "engine_kwargs": Keyword(_NONE, "the parties compute it: leave engine_kwargs out"),
        "errors": Keyword(("raise",), "what does not fit is refused: leave errors out"),
        "limit": Keyword(_NONE, "every missing value is filled: leave limit out"),
        "thresh": Keyword(_NONE, "count the values with operators: frame[frame['a'].notna().astype('int64') + frame['b'].notna() >= 1]"),
        "na_action": Keyword((None, "ignore"), "missing values stay missing: leave na_action out"),
        "left_index": Keyword((False,), f"{_NO_LABELS}: name key columns, on=, left_on=, right_on="),
        "right_index": Keyword((False,), f"{_NO_LABELS}: name key columns, on=, left_on=, right_on="),
        "join": Keyword(("outer", "inner"), "all frames need the same columns: select them, frame[['a', 'b']]"),
        "keys": Keyword(_NONE, f"{_NO_LABELS}: assign a column to each frame first"),
        "levels": Keyword(_NONE, _NO_LABELS),
        "names": Keyword(_NONE, _NO_LABELS),
        "verify_integrity": Keyword((False,), _NO_LABELS),
        "out": Keyword(_NONE, "nothing is written in place: assign the result"),
        "dtype": Keyword(_NONE, "convert first, .astype(dtype)"),
    }
)
"""By keyword, the same for every method; a method's own parameter of the name goes first."""

_BINARY = (
    "add sub mul div truediv floordiv mod pow radd rsub rmul rdiv rtruediv rfloordiv rmod rpow multiply subtract divide divmod rdivmod eq ne lt le gt ge"
)
SPECIAL: Mapping[tuple[str, str], Keyword] = MappingProxyType(
    {
        **{(name, "axis"): Keyword(None, "a frame combines with numbers and frames, column by column") for name in _BINARY.split()},
        ("replace", "regex"): Keyword((False,), "strings are compared as they are: leave regex out"),
        ("nunique", "dropna"): Keyword((True,), "a missing value is none: add .isna().any()"),
        ("value_counts", "dropna"): Keyword((True,), "rows with a missing value are left out: fill them first, .fillna(value)"),
        ("value_counts", "bins"): Keyword(_NONE, "compute the bin as a column first, (frame['a'] // 10).value_counts()"),
        ("query", "parser"): Keyword(("pandas",), "operators bind as pandas' parser has them: leave parser out"),
        ("query", "resolvers"): Keyword(_NONE, "name variables @name, with local_dict={...}"),
        ("query", "level"): Keyword(None, "variables are those of the caller"),
        ("filter", "axis"): Keyword((None, 1, "columns"), "rows go by a condition, frame[frame['a'] > 1]"),
        ("filter", "cond"): Keyword(_NONE, "rows go by a condition, frame[condition]"),
        ("filter", "na"): Keyword((False, "raise"), "a condition that is null drops its row, as False does"),
        **{("describe", name): Keyword(_NONE, "it has count, mean, std, min, max and percentiles= of number columns") for name in ("include", "exclude")},
        **{(name, "keep"): Keyword(("first",), "of rows with equal values the first ones are kept") for name in ("nlargest", "nsmallest")},
        ("rank", "na_option"): Keyword(("keep",), "missing values have no rank: fill them first, .fillna(value)"),
        **{(name, "freq"): Keyword(_NONE, f"{_NO_LABELS}: rows go by their places, periods=") for name in ("shift", "pct_change")},
        ("shift", "suffix"): Keyword(_NONE, "name the columns afterwards, .add_suffix(suffix)"),
        ("pct_change", "fill_method"): Keyword(_NONE, "fill missing values first, .fillna(value)"),
        **{("rolling", name): Keyword((None, False), "leave it out: the row ends its window") for name in ("center", "win_type", "on", "closed", "step")},
        **{(name, "method"): Keyword(("single",), "columns are taken by themselves: leave method out") for name in ("rolling", "expanding")},
        ("pivot_table", "margins"): Keyword((False,), "totals are frame.groupby(index).agg(...)"),
        ("pivot_table", "margins_name"): Keyword(None, "there are no margins"),
        ("pivot_table", "dropna"): Keyword(None, "every category has a column"),
        ("pivot_table", "sort"): Keyword((True,), "groups come in the order of their keys"),
        ("sample", "replace"): Keyword((False,), "a row is drawn once at most: leave replace out"),
        ("sample", "weights"): Keyword(_NONE, "rows are drawn alike: leave weights out"),
        ("sample", "random_state"): Keyword(_NONE, "nobody may know or repeat the draw: it is kept at the parties"),
        ("melt", "col_level"): Keyword(_NONE, "columns have one name each"),
        ("cut", "retbins"): Keyword((False,), "the edges are those that were given"),
        ("cut", "precision"): Keyword(None, "edges are named as they are given"),
        ("cut", "duplicates"): Keyword(("raise",), "edges must increase"),
        ("cut", "ordered"): Keyword(None, "categories are texts or numbers"),
        ("qcut", "retbins"): Keyword((False,), "the edges are secret: x.quantile(q) has them"),
        ("qcut", "precision"): Keyword(None, "bins have no texts"),
        ("qcut", "duplicates"): Keyword(("raise", "drop"), "a bin between equal edges is empty"),
        ("get_dummies", "sparse"): Keyword((False,), "columns are as long as the frame"),
        **{("crosstab", name): Keyword((None, False), "it counts: pivot_table has aggregates") for name in ("values", "aggfunc", "normalize", "margins")},
        **{("crosstab", name): Keyword(None, "the columns have names: .rename(...)") for name in ("rownames", "colnames", "margins_name", "dropna")},
        ("quantile", "method"): Keyword(("single",), "quantiles are of each column by itself: leave method out"),
        ("mode", "dropna"): Keyword((True,), "a missing value is none: fill it first, .fillna(value)"),
        ("ngroup", "ascending"): Keyword((True,), "groups are numbered upwards: subtract from the number of groups"),
        ("dropna", "how"): Keyword((None, "any", "all"), "a value is there or is not: leave how out"),
        ("merge", "sort"): Keyword((False,), "sort the result: frame.merge(...).sort_values(key)"),
        ("concat", "sort"): Keyword((False,), "columns keep the order of the first frame: select them, frame[['a', 'b']]"),
        ("fillna", "axis"): Keyword((None, 0, "index", "rows"), "fill each column by itself: frame.fillna({'a': 0})"),
        ("dropna", "axis"): Keyword((0, "index", "rows"), "which columns hold nulls is in frame.schema: drop them by name"),
        ("sort_values", "axis"): Keyword((0, "index", "rows"), f"{_NO_LABELS}: select columns in the order you want, frame[['b', 'a']]"),
        ("rename", "axis"): Keyword((0, 1, "index", "columns", None), "rename(columns={old: new})"),
        ("rename", "errors"): Keyword(("raise", "ignore"), "names that are not there are an error: leave errors out"),
    }
)
"""What a keyword means to one method, where that is something else."""


def like_pandas(cls: C) -> C:
    """Let every public method of a class take pandas' keywords, and refuse others with a typed error."""
    for name, method in list(vars(cls).items()):
        if not name.startswith("_") and inspect.isfunction(method):
            setattr(cls, name, takes_keywords(method))
    return cls


F = TypeVar("F", bound=Callable[..., Any])


def takes_keywords(method: F) -> F:
    """The same for one function."""
    takes = inspect.signature(method)
    named = {n for n, p in takes.parameters.items() if p.kind is not p.VAR_KEYWORD}
    anything = len(named) < len(takes.parameters)
    name = method.__name__

    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not anything:
            for extra in kwargs.keys() - named:
                _check_keyword(name, extra, kwargs.pop(extra), named)
        try:
            takes.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeMismatchError(f"{name}({_shown(takes)}) was called otherwise: {error}. Name the arguments") from None
        return method(*args, **kwargs)

    return call  # type: ignore[return-value]


def _shown(takes: inspect.Signature) -> str:
    return ", ".join(n for n in takes.parameters if n != "self")


def known_keyword(method: str, keyword: str) -> Keyword | None:
    """What the tables say of a keyword of a method."""
    return SPECIAL.get((method, keyword)) or KEYWORDS.get(keyword)


def _check_keyword(method: str, keyword: str, value: object, named: Iterable[str]) -> None:
    known = known_keyword(method, keyword)
    if known is None:
        own = ", ".join(sorted(set(named) - {"self"})) or "no argument"
        raise TypeMismatchError(f"{method} has no argument {keyword!r}: it takes {own}")
    if known.taken is None or type(value).__name__ == "_NoDefault":  # pandas' sign of an argument that was not given
        return
    value = plain(value)
    if not any(value is v or (isinstance(value, bool | int | str) and type(value) is type(v) and value == v) for v in known.taken):
        raise PlanError(f"{method} does not take {keyword}={_brief(value)}: {known.remedy}")


def _brief(value: object) -> str:
    return repr(value) if isinstance(value, bool | int | float | str) else f"a {type(value).__name__}"


# ---- what is read of an argument ------------------------------------------------------------------------------
def plain(value: object) -> object:
    """NumPy's scalars as Python's, `spuframe.null` and pandas' NA and NaT as None; anything else as it is."""
    if isinstance(value, Null) or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        return scalar(value)
    return value


def is_missing(value: object) -> bool:
    """Whether it is one of Python's, pandas' and our signs of a missing value."""
    value = plain(value)
    return value is None or (isinstance(value, float) and value != value)


def flag(value: object, what: str) -> bool:
    """A bool, also written 0 or 1 or as NumPy's."""
    value = plain(value)
    if isinstance(value, bool) or (isinstance(value, int) and value in (0, 1)):
        return bool(value)
    raise TypeMismatchError(f"`{what}` must be True or False, got {_brief(value)}")


def flags(value: object, what: str) -> bool | list[bool]:
    """One flag, or one for each of several."""
    if isinstance(value, Sequence | tuple) and not isinstance(value, str):
        return [flag(v, what) for v in value]
    if type(value).__name__ in ("ndarray", "Series", "Index") and getattr(value, "ndim", 0) == 1:
        return [flag(v, what) for v in value.tolist()]  # type: ignore[attr-defined]
    return flag(value, what)


def whole(value: object, what: str, least: int | None = None) -> int:
    """An integer, also NumPy's; at least ``least``."""
    if not isinstance(value, bool) and type(value).__name__ not in ("bool_", "bool") and not isinstance(value, str):
        try:
            found = operator.index(value)  # type: ignore[arg-type]
        except TypeError:
            pass  # also what a secret says of itself
        else:
            if least is None or found >= least:
                return found
    more = "" if least is None else f", {least} or more"
    raise TypeMismatchError(f"`{what}` must be an integer{more}, got {_brief(value)}")


def text(value: object, what: str) -> str:
    """A string."""
    if isinstance(value, str):
        return str(value)
    raise TypeMismatchError(f"`{what}` must be a str, got {_brief(value)}")


def choice(value: object, what: str, options: Sequence[str]) -> str:
    """One of some strings."""
    if isinstance(value, str) and value in options:
        return str(value)
    raise PlanError(f"`{what}` must be one of {', '.join(map(repr, options))}, got {_brief(value)}")


def names(value: object, what: str) -> list[str]:
    """One name, or several in any kind of list."""
    if isinstance(value, str):
        return [str(value)]
    listed = isinstance(value, Sequence | set | frozenset | dict) or type(value).__name__ in ("ndarray", "Index", "Series", "dict_keys")
    if not listed or isinstance(value, bytes | bytearray) or getattr(value, "ndim", 1) != 1:
        raise TypeMismatchError(f"`{what}` must be a column's name or a list of names, got {_brief(value)}")
    found = [plain(v) for v in value]  # type: ignore[attr-defined]
    if found and all(isinstance(v, bool) for v in found):
        raise TypeMismatchError(
            f"`{what}` must be names of columns, got a list of booleans: rows are chosen by a secret condition, frame[frame['a'] > 1]; public "
            f"marks of the "
            "rows come in as a column of their owner"
        )
    for v in found:
        if not isinstance(v, str):
            raise TypeMismatchError(f"`{what}` must be names of columns, which are strings, got a {type(v).__name__} among them")
    return [str(v) for v in found]


def mapping(value: object, what: str) -> dict[str, Any]:
    """A dict by column names."""
    if isinstance(value, Mapping):
        for key in value:
            text(key, what)
        return dict(value)
    raise TypeMismatchError(f"`{what}` must be a dict by column names, got {_brief(value)}")
