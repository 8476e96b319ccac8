"""What pandas has and secret tables do not (yet), with what to use instead: one table for frames, columns, groups, numbers and the module.

>>> remedy("describe")
'of a frame, a column or groups, not of this: frame.describe(percentiles=[0.25, 0.5, 0.75])'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, NoReturn

from spuframe.errors import NotAvailableError, TypeMismatchError

_TABLE: Mapping[str, str] = MappingProxyType(
    {
        # what secrecy rules out
        "loc iloc at iat xs take swaplevel truncate reindex reindex_like asof filter get_group nth get": (
            "not possible on secret rows, which have no labels and no positions: filter by a condition, frame[frame['a'] > 1]; select columns with "
            "frame[['a', 'b']]"
        ),
        "index axes set_index reset_index sort_index set_axis rename_axis droplevel reorder_levels align first_valid_index "
        "last_valid_index level levels": "rows have no index: sort_values orders them, rename(columns={...}) names columns, .reveal().set_index(...) "
        "makes an index",
        "values to_numpy array item items iterrows itertuples to_list tolist list to_dict to_records nbytes memory_usage": (
            "not possible on secret values: .reveal() shows them, if they may be seen"
        ),
        "to_csv to_parquet to_excel to_json to_html to_sql to_feather to_hdf to_pickle to_clipboard to_latex to_markdown to_orc to_stata to_string "
        "to_xarray to_xml to_iceberg style": "not possible on secret values: .reveal() first, if they may be seen; .persist() keeps a table at "
        "the parties",
        "plot hist boxplot": "not possible on secret values: reveal aggregates and plot those",
        "apply agg aggregate transform map pipe eval query combine explode": (
            "not possible with Python code, which the parties do not run: write it with operators, np.where, np.exp and the like; aggregates by "
            "groupby(...).agg(...)"
        ),
        "empty size is_unique hasnans is_monotonic_decreasing is_monotonic_increasing": (
            "not known of secret rows: .rows is the public bound, .count().reveal() counts, .schema tells which columns may hold nulls"
        ),
        # what is not there yet
        "idxmax idxmin": "of a column or groups, by a column that names rows: frame['x'].idxmax(frame['id']), frame.groupby('g')['x'].idxmax('id')",
        "cov": "of a frame or a column, not of this: frame['x'].cov(frame['y'])",
        "describe quantile": "of a frame, a column or groups, not of this: frame.describe(percentiles=[0.25, 0.5, 0.75])",
        "info": "use frame.schema, or print the frame: types, nulls, owners and public ranges of its columns",
        "median mode nunique unique value_counts rank nlargest nsmallest skew kurt kurtosis sem prod product cumprod cummax cummin "
        "corr corrwith "
        "autocorr argmax argmin argsort searchsorted factorize ohlc ngroup ngroups cumcount pct_change diff shift": (
            "not yet, or not of this: there are sum, mean, min, max, count, nunique, var, std, sem, median, any and all of a column and of a frame, dot, "
            "cumsum, cummax, cummin, rank, shift, diff, mode, nlargest, nsmallest, unique and value_counts of a column; the aggregates, transform, "
            "cumsum, cummax, cummin, cumcount, ngroup, rank, shift, diff, head and tail of groups; and sort_values(...).head(n)"
        ),
        "sum mean min max count var std any all cumsum dot dtype first last groups indices": (
            "not of this kind of table: take it of a column, frame['a'].sum(), or of groups, frame.groupby('g').sum()"
        ),
        "drop dropna dtypes groupby head shape sort_values": "of a frame, not of this: frame.sort_values('a').head(n), or .to_frame() of a column first",
        "drop_duplicates duplicated": "of a frame or a column, not of this: frame.drop_duplicates('a')",
        "isna notna isnull notnull between isin clip mask where replace round astype case_when": (
            "of a column, not of this: frame['a'].isna(), .clip(low, high), .where(condition, other), .map({old: new}), .isin([...])"
        ),
        "join append": "use frame.merge(other, on=key), or sf.concat([frame, other]) for rows below each other",
        "add_prefix add_suffix pop": "of a frame's columns, not of this: rename('new') names a column",
        "insert update isetitem compare equals": "use frame['a'] = ..., frame.assign(...), frame.drop('a'), and == on columns",
        "tail": "of a frame or a column, not of this: frame.sort_values('a').tail(n)",
        "sample": "of a frame or a column, frame.sample(n)",
        "ffill bfill interpolate combine_first": "not yet: .fillna(value or column) fills missing values",
        "pivot stack unstack wide_to_long lreshape T transpose squeeze repeat": (
            "not yet: frame.pivot_table(..., categories=[...]) has a column for each public category, frame.melt(...) one below the other"
        ),
        "rolling expanding ewm resample": "not of this: .rolling(n) and .expanding() are of a frame, a column or groups; group by a computed key",
        "pivot_table melt": "of a frame, not of this: frame.pivot_table(values, index, columns, categories=[...])",
        "str": "not possible on secret strings yet: compare them, ==, <, .isin([...]); or cut and change them at the owner",
        "dt": "of a column of dates, points in time or durations: frame['when'].dt.year",
        "tz_convert tz_localize between_time at_time": "of a column, frame['when'].dt.tz_convert(zone), .dt.hour",
        "to_period to_timestamp asfreq": "not yet: .dt.year, .dt.quarter and .dt.month of a column, or at the owner",
        "strftime month_name day_name isocalendar is_quarter_start is_quarter_end "
        "nanosecond nanoseconds time timetz to_pydatetime to_pytimedelta components freq unit as_unit qyear end_time start_time": (
            "not yet: .dt has year, month, day, hour, minute, second, microsecond, weekday, dayofyear, quarter, date, floor, ceil, days, seconds and "
            "total_seconds(); names of them come by .map({...})"
        ),
        "cat sparse struct attrs flags set_flags convert_dtypes infer_objects": "columns have only bool, integer, float, date and string types: "
        "see .dtype and .astype(...)",
        "select_dtypes select": "of a frame: frame.select_dtypes('number')",
        "keys": "use frame.columns",
        "ndim": "a frame has two dimensions, a column one",
        "from_dict from_records from_arrow": "use session.from_pandas(table, owner=...) or session.from_arrow(table, owner=...)",
        # what the module of pandas has
        "read_csv read_parquet from_pandas": "tables belong to an owner of a session: session.read_csv(path, owner=...), "
        "session.from_pandas(table, owner=...)",
        "read_excel read_json read_sql read_feather read_table read_orc read_hdf read_html read_pickle read_clipboard read_fwf read_xml read_sas "
        "read_stata "
        "read_spss read_iceberg read_sql_query read_sql_table json_normalize": "not yet: read it with pandas at the owner, write Parquet, and "
        "session.read_parquet",
        "DataFrame Series Index MultiIndex": "use session.from_pandas(pandas.DataFrame(...), owner=...), or session.read_csv",
        "merge merge_ordered": "use frame.merge(other, on=key)",
        "from_dummies": "not yet: compare and cast, (frame['a'] >= 10).astype('int64'), or frame['a'].map({...})",
        "to_datetime to_numeric to_timedelta date_range": "use pandas at the owner; .astype(...) converts secret columns",
        "NamedAgg Timestamp NA": "use pandas' own",
    }
)

REMEDIES: Mapping[str, str] = MappingProxyType({name: told for group, told in _TABLE.items() for name in group.split()})
"""By attribute."""

_PICKLE = (
    "{what} is a plan and shares that its session's parties hold, and is never pickled (nor dumped by joblib, nor sent to another process): "
    "keep the program that makes it, .reveal() what may be seen and save that{more}"
)


def remedy(name: str) -> str | None:
    """What to use instead of an attribute of pandas; None: pandas has none of the name that is known here."""
    return REMEDIES.get(name)


def missing(what: str, name: str, known: Iterable[str]) -> NotAvailableError:
    """The error for an attribute that is not there."""
    told = remedy(name)
    if told is None:
        near = get_close_matches(name, known, n=3, cutoff=0.6)
        told = f"did you mean {', '.join(near)}?" if near else "see dir() of it for what there is"
    return NotAvailableError(f"{what} has no attribute {name!r}: {told}")


def public(cls: type) -> list[str]:
    """Names for tab completion."""
    return [n for n in dir(cls) if not n.startswith("_")]


class Secret:
    """Base of what stands for secrets: attributes that are not there say what is, and nothing is pickled or formatted by accident."""

    __slots__ = ()
    _what = "a secret"
    _more = ""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # Python's and others' protocols ask for these
            raise NotAvailableError(f"{type(self).__name__} has no attribute {name!r}")
        raise missing(self._what, name, public(type(self)))

    def __format__(self, spec: str) -> str:
        if spec:
            raise TypeMismatchError(f"{self._what} is secret and cannot be formatted with {spec!r}: .reveal() it first, f'{{x.reveal():{spec}}}'")
        return repr(self)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeMismatchError(_PICKLE.format(what=self._what, more=self._more))

    def __reduce__(self) -> NoReturn:
        self.__reduce_ex__(2)

    def __copy__(self) -> Any:
        """Another handle on the same: what it stands for is never changed."""
        out = object.__new__(type(self))
        for cls in type(self).__mro__:
            for slot in getattr(cls, "__slots__", ()):
                object.__setattr__(out, slot, getattr(self, slot))
        return out

    def __deepcopy__(self, memo: object) -> Any:
        """The same as a copy: plans are immutable, and the shares stay where they are."""
        return self.__copy__()
