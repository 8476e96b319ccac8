"""pandas' own arguments are taken or refused by name; odd ones are a typed error, never one from the inside."""

from __future__ import annotations

import datetime
import inspect
import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

import spuframe as sf
from spuframe import errors
from spuframe.frame.arguments import known_keyword

TABLE = pd.DataFrame(
    {"id": [1, 2, 3, 4], "g": [0, 1, 0, 1], "x": [1.5, -2.0, 0.25, 8.0], "name": ["ann", "bob", "cy", "di"], "b": [True, False, True, True]}
)
GROUPED = pd.core.groupby.DataFrameGroupBy
LIKE = {sf.SecretFrame: pd.DataFrame, sf.SecretSeries: pd.Series, sf.GroupBy: GROUPED}

# pandas' default that cannot be had: there is no index.
REFUSED_DEFAULTS = {("groupby", "as_index")}
OPEN = {("all", "kwargs"), ("any", "kwargs")}  # what pandas takes for NumPy's sake


@pytest.fixture(scope="module")
def frame(session: sf.Session) -> sf.SecretFrame:
    return session.from_pandas(TABLE, owner="hospital")


def methods() -> Iterator[tuple[type, str]]:
    for cls in (sf.SecretFrame, sf.SecretSeries, sf.GroupBy, sf.SecretScalar, sf.SecretSummary):
        for name in dir(cls):
            if not name.startswith("_") and inspect.isfunction(getattr(cls, name)):
                yield cls, name


def shared() -> Iterator[tuple[type, str, inspect.Parameter]]:
    """Parameters of pandas' methods that we have."""
    for cls, name in methods():
        theirs = getattr(LIKE.get(cls), name, None)
        if callable(theirs):
            for parameter in list(inspect.signature(theirs).parameters.values())[1:]:
                if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                    yield cls, name, parameter


@pytest.mark.parametrize(("cls", "name", "parameter"), [pytest.param(c, n, p, id=f"{c.__name__}.{n}({p.name})") for c, n, p in shared()])
def test_pandas_keywords_are_known(cls: type, name: str, parameter: inspect.Parameter) -> None:
    """Each is a parameter of ours or in the table; its default is taken."""
    own = inspect.signature(getattr(cls, name)).parameters
    known = known_keyword(name, parameter.name)
    if parameter.name not in own and parameter.kind is not parameter.POSITIONAL_ONLY:
        optional = parameter.default is not parameter.empty
        if optional:
            assert known is not None, f"{name} does not know pandas' {parameter.name}="
            no_default = type(parameter.default).__name__ == "_NoDefault"
            assert known.taken is None or no_default or parameter.default in known.taken, f"{name} refuses the default of {parameter.name}="
            assert len(known.remedy) > 5


# ---- odd arguments --------------------------------------------------------------------------------------------
def valid(frame: sf.SecretFrame) -> dict[str, dict[str, Any]]:
    """Arguments with which each method works; those of no argument are left out."""
    x, other = frame["x"], frame["id"]
    filled = {n: inspect.signature(getattr(sf.SecretSeries, n)).parameters for cls, n in methods() if cls is sf.SecretSeries}
    binary = {name: {"other": 2} for name, parameters in filled.items() if {"other", "fill_value"} <= set(parameters)}
    return {
        **binary,
        "assign": {"z": 1},
        "drop": {"columns": "x"},
        "rename": {},
        "fillna": {"value": 0},
        "merge": {"right": frame.groupby("id").agg(n=("x", "count")), "on": "id"},
        "groupby": {"by": "g"},
        "sort_values": {"by": "x"},
        "isin": {"values": [1]},
        "between": {"left": 0, "right": 2},
        "map": {"func": {1: 2}},
        "where": {"cond": x > 0},
        "mask": {"cond": x > 0},
        "astype": {"dtype": "float"},
        "dot": {"other": other},
        "agg": {"func": "sum"},
        "aggregate": {"func": "sum"},
        "shown": {"value": 1.0},
        "transform": {"func": "sum"},
        "pipe": {"func": lambda v, *args, **named: v},
        "filter": {"like": "x"},
        "query": {"expr": "x > 1"},
        "replace": {"to_replace": 1, "value": 2},
        "eval": {"expr": "x + 1"},
        "select_dtypes": {"include": "number"},
        "add_prefix": {"prefix": "a"},
        "add_suffix": {"suffix": "a"},
        "pop": {"item": "x"},
        "nlargest": {"n": 2, "columns": "x"},
        "nsmallest": {"n": 2, "columns": "x"},
        "rolling": {"window": 2},
        "idxmax": {"label": other},
        "idxmin": {"label": other},
        "cov": {"other": other},
        "pivot_table": {"values": "x", "index": "id", "columns": "g", "categories": [0, 1]},
    }


def odd(frame: sf.SecretFrame) -> list[Any]:
    x = frame["x"]
    dates = [datetime.date(2020, 2, 29), datetime.timedelta(days=1), datetime.datetime(2020, 1, 1, 5, tzinfo=datetime.UTC), datetime.time(4)]
    return [
        *(None, 0, 1, -1, True, 1.5, float("nan"), float("inf"), 10**30, 1j, Decimal("1.5"), "", "x", "nope", "2020-01-01", b"x"),
        *([], ["x"], ["x", "x"], [1], [None], ["nope"], [[]], [True, False], (), ("x",), {}, {"x": 1}, {"x": "id"}, {1: 2}, {"x": ["sum"]}, {"x"}),
        *(
            np.int64(2),
            np.float32(0.5),
            np.bool_(True),
            np.datetime64("2020-01-01"),
            np.timedelta64(1, "D"),
            np.array([1, 2]),
            np.array(["x"]),
            np.array(3),
        ),
        *(pd.NA, pd.NaT, pd.Timestamp("2020-01-01"), pd.Timedelta(hours=5), pd.Series([1, 2]), pd.Index(["x"]), pd.DataFrame({"x": [1]}), pd.Int64Dtype()),
        *(int, float, np.float64, object(), len, lambda v: v, slice(0, 2), range(3), iter([1]), Ellipsis, np.sum, pd.NamedAgg("x", "sum")),
        *(frame, frame[["x"]], x, frame["name"], frame["b"], frame["b"].astype("int64"), x.sum(), frame.groupby("g"), *dates),
    ]


def fault(call: Callable[[], Any]) -> str | None:
    """What is wrong with how a call ends: neither a result nor a typed error of some words."""
    try:
        call()
    except errors.SpuframeError as error:
        return None if len(error.message) > 20 and " at 0x" not in error.message else f"says only {error.message!r}"
    except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, OSError, AssertionError, RuntimeError, NotImplementedError) as error:
        return f"{type(error).__name__}: {error}"
    return None


class Faults:
    """Collects them."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def look(self, call: Callable[[], Any], what: str) -> None:
        wrong = fault(call)
        if wrong is not None:
            self.found.append(f"{what} -> {wrong}")

    def none(self) -> None:
        assert not self.found, "\n".join(self.found)


RUN = {"reveal", "persist", "explain", "item"}


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_odd_arguments_are_typed_errors_or_work(frame: sf.SecretFrame) -> None:
    """Every parameter of every method takes every odd value in turn, and as a first argument, a keyword that is no parameter, and one too many."""
    faults = Faults()
    mine = {
        sf.SecretFrame: frame[["id", "g", "x"]],
        sf.SecretSeries: frame["x"],
        sf.GroupBy: frame.groupby("g")[["x", "id"]],
        sf.SecretScalar: frame["x"].sum(),
        sf.SecretSummary: frame[["id", "x"]].sum(),
    }
    base, values = valid(frame), odd(frame)
    for cls, name in methods():
        of = mine[cls].copy() if name == "pop" else mine[cls]  # which changes it
        of = of["x"] if cls is sf.GroupBy and name.startswith("idx") else of
        method, good = getattr(of, name), {} if (cls, name) == (sf.SecretFrame, "cov") else base.get(name, {})
        if cls is sf.GroupBy and name.startswith("idx"):
            good = {"label": "id"}
        if name in ("nlargest", "nsmallest", "sort_values") and cls is sf.SecretSeries:
            good = {}
        if cls is sf.SecretFrame and name == "rename":
            good = {"columns": {"x": "y"}}
        if name == "rename" and cls is sf.SecretSeries:
            good = {"name": "y"}
        if name not in RUN:
            method(**good)
        for parameter in inspect.signature(method).parameters.values():
            if name in RUN and parameter.name == "self":
                continue
            for value in values:
                if name in ("assign", "rename", "pipe") and callable(value):  # what it raises is its own
                    continue
                named = {parameter.name: value} if parameter.kind is not parameter.VAR_KEYWORD else {"x": value}
                faults.look(lambda m=method, g=good, n=named: m(**{**g, **n}), f"{name}({named})")
        for value in values if name not in (*RUN, "rename", "pipe") else ():
            faults.look(lambda m=method, v=value: m(v), f"{name}({value!r})")
        with pytest.raises(errors.SpuframeError):
            method(*([1] * 12))
        if name not in ("assign", "agg", "aggregate", "pipe"):
            with pytest.raises(errors.TypeMismatchError, match="has no argument 'nonsense'"):
                method(**good, nonsense=1)
    faults.none()


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_odd_arguments_of_functions_of_categories(frame: sf.SecretFrame) -> None:
    faults, x, g = Faults(), frame["x"], frame["g"]
    uses: dict[str, Callable[[Any], Any]] = {
        "cut(v, ...)": lambda v: sf.cut(v, [0, 1]), "cut(x, v)": lambda v: sf.cut(x, v), "cut(labels=v)": lambda v: sf.cut(x, [0, 1, 2], labels=v),
        "qcut(x, v)": lambda v: sf.qcut(x, v), "qcut(labels=v)": lambda v: sf.qcut(x, 2, labels=v), "dummies(v)": sf.get_dummies,
        "categories=v": lambda v: sf.get_dummies(frame, categories=v), "dummies of a column": lambda v: sf.get_dummies(g, categories=v),
        "prefix=v": lambda v: sf.get_dummies(g, prefix=v), "columns=v": lambda v: sf.get_dummies(frame, columns=v),
        "crosstab(v)": lambda v: sf.crosstab(v, g), "crosstab(g, v)": lambda v: sf.crosstab(g, v), "by v": lambda v: sf.crosstab(g, g, categories=v),
        "agg(v)": lambda v: x.rolling(2).agg(v), "asof(v)": lambda v: sf.merge_asof(v, frame, on="id"),
        "on=v": lambda v: sf.merge_asof(frame, frame, on=v), "by=v": lambda v: sf.merge_asof(frame, frame, on="id", by=v),
        "tolerance=v": lambda v: sf.merge_asof(frame, frame, on="id", tolerance=v),
    }  # fmt: skip
    for name, use in uses.items():
        for value in odd(frame):
            faults.look(lambda u=use, v=value: u(v), f"{name}: {value!r}")
    faults.none()


@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_odd_operands_and_subscripts(frame: sf.SecretFrame) -> None:
    faults = Faults()
    words = "add rsub mul truediv floordiv mod pow eq lt and lshift getitem"
    ops = [f"__{word}__" for word in words.split()]
    for owner in (frame, frame[["x"]], frame["x"], frame["id"], frame["name"], frame["b"], frame["x"].sum(), frame[["x", "id"]].sum(), frame.groupby("g")):
        for op in ops:
            if hasattr(type(owner), op):
                for value in odd(frame):
                    faults.look(lambda o=owner, f=op, v=value: getattr(o, f)(v), f"{type(owner).__name__} {op} {value!r}")
    for value in odd(frame):
        faults.look(lambda v=value: frame.copy().__setitem__("new", v), f"frame['new'] = {value!r}")
        faults.look(lambda v=value: frame.copy().__setitem__(v, 1), f"frame[{value!r}] = 1")
        faults.look(lambda v=value: frame.copy().__delitem__(v), f"del frame[{value!r}]")
        faults.look(lambda v=value: v in frame, f"{value!r} in frame")
        faults.look(lambda v=value: sf.concat(v), f"concat({value!r})")
        faults.look(lambda v=value: sf.concat([frame, v]), f"concat([frame, {value!r}])")
    faults.none()


@pytest.mark.filterwarnings("ignore::spuframe.errors.PrecisionWarning")
@pytest.mark.parametrize("protocol", ["plaintext"], scope="session")
def test_odd_arguments_of_a_session(session: sf.Session, frame: sf.SecretFrame, tmp_path: Any) -> None:
    faults = Faults()
    path = tmp_path / "t.csv"
    TABLE.to_csv(path, index=False)
    for value in odd(frame):
        if not isinstance(value, str) or not value:  # any other string is an owner's name
            faults.look(lambda v=value: session.from_pandas(TABLE, owner=v), f"owner={value!r}")
        faults.look(lambda v=value: session.from_arrow(v, owner="hospital"), f"from_arrow({value!r})")
        if not isinstance(value, pd.DataFrame):
            faults.look(lambda v=value: session.from_pandas(v, owner="hospital"), f"from_pandas({value!r})")
        faults.look(lambda v=value: session.read_csv(v, owner="hospital"), f"read_csv({value!r})")
        for option in (
            "ranges",
            "usecols",
            "sep",
            "encoding",
            "thousands",
            "decimal",
            "parse_dates",
            "date_format",
            "na_values",
            "fraction_bits",
            "nan_as_null",
        ):
            faults.look(lambda o=option, v=value: session.read_csv(path, owner="hospital", **{o: v}), f"{option}={value!r}")
        for option in ("parties", "protocol", "deadline", "memory_limit", "owners", "policy", "base_port"):
            faults.look(lambda o=option, v=value: sf.local(**{o: v}), f"local({option}={value!r})")
    faults.none()


# ---- those that work as in pandas -------------------------------------------------------------------------------
def test_several_aggregates_at_once(frame: sf.SecretFrame) -> None:
    groups, expected = frame.groupby("g"), TABLE.groupby("g", as_index=False)
    one = groups["x"].agg(["sum", "max"]).reveal()
    pd.testing.assert_frame_equal(one, expected["x"].agg(["sum", "max"]), check_exact=False)
    several = groups[["x", "id"]].agg(["min", np.max]).reveal()
    assert list(several.columns) == ["g", "x_min", "x_max", "id_min", "id_max"] and several["id_max"].tolist() == [3, 4]
    named = groups.agg(total=pd.NamedAgg("x", "sum"), rows=pd.NamedAgg(column="id", aggfunc=len)).reveal()
    assert named["total"].tolist() == [1.75, 6.0] and named["rows"].tolist() == [2, 2]
    assert groups["x"].agg(total="sum", most=max).reveal()["most"].tolist() == [1.5, 8.0]
    assert groups.x.sum().reveal()["x"].tolist() == [1.75, 6.0]


def test_keys_that_are_columns(frame: sf.SecretFrame) -> None:
    assert frame.groupby(frame["g"])["x"].sum().reveal()["x"].tolist() == [1.75, 6.0]
    computed = frame.groupby([(frame["id"] > 2).rename("late"), "g"])["x"].sum().reveal()
    assert list(computed.columns) == ["late", "g", "x"] and computed["x"].tolist() == [1.5, -2.0, 0.25, 8.0]
    with pytest.raises(errors.SchemaError, match="rename"):
        frame.groupby(frame["id"] % 2)


def test_ordinary_arguments(frame: sf.SecretFrame) -> None:
    ordered = frame.sort_values("id", ascending=0, inplace=False, ignore_index=True, na_position="last", kind="stable")
    assert ordered.head(np.int64(2)).reveal()["id"].tolist() == [4, 3]
    assert frame.sort_values(["g", "id"], ascending=np.array([True, False])).reveal()["id"].tolist() == [3, 1, 4, 2]
    assert frame.drop(labels=["x"], axis=1).columns == ["id", "g", "name", "b"] == frame.drop(columns=["x", "no"], errors="ignore").columns
    assert frame.rename(str.upper).columns == ["ID", "G", "X", "NAME", "B"]
    for dtype, name in (("Int64", "int64"), (np.float64, "float64"), (pd.Int32Dtype(), "Int32"), (bool, "boolean")):
        assert frame["id"].astype(dtype).dtype == name
    assert frame["x"].sum(axis=0, skipna=True).reveal() == 7.75
    for refused, said in (
        (lambda: frame.sort_values("id", inplace=True), "assign the result"),
        (lambda: frame.sort_values("id", na_position="middle"), "`na_position` must be one of"),
        (lambda: frame["x"].sum(skipna=False), "isna"),
        (lambda: frame.groupby("g").sum(numeric_only=True), "select the number columns"),
        (lambda: frame.merge(frame, on="id", indicator=3), "`indicator` must be a str"),
        (lambda: frame[[True, False, True, True]], "condition"),
        (lambda: frame.drop("x", axis=0), "rows go by a condition"),
        (lambda: frame[["x", "x"]], "twice"),
        (lambda: frame.head(2.5), "integer"),
        (lambda: sf.local("plaintext"), r"sf\.local\(protocol='plaintext'\)"),
        (lambda: sf.local(policy="exact"), r"Policy\(ranges='exact'\)"),
        (lambda: frame.session.from_pandas(TABLE, owner=3), "`owner` must be a str"),
    ):
        with pytest.raises(errors.SpuframeError, match=said):
            pytest.fail(f"not refused, {said}: {refused()!r}")
    assert sf.local(owners="hospital").runtimes._launcher._known.keys() == {"hospital"}  # type: ignore[attr-defined]


def test_dropna_how(session: sf.Session) -> None:
    table = pd.DataFrame({"a": [1.0, np.nan, np.nan], "b": [2.0, 3.0, np.nan]})
    gaps = session.from_pandas(table, owner="hospital")
    assert sorted(gaps.dropna(how="all").reveal()["b"].tolist()) == [2.0, 3.0] and len(gaps.dropna(how="any").reveal()) == 1


def test_frames_compare_and_compute_column_by_column(frame: sf.SecretFrame) -> None:
    numbers, plain = frame[["id", "x"]], TABLE[["id", "x"]]
    pd.testing.assert_frame_equal((numbers == 2).reveal(), plain == 2)
    pd.testing.assert_frame_equal((2 * numbers - numbers[["x", "id"]]).reveal(), plain)
    pd.testing.assert_frame_equal(numbers.add(1).le(numbers).reveal(), plain.add(1).le(plain))
    pd.testing.assert_frame_equal(np.square(numbers).reveal(), np.square(plain), atol=1e-4)
    with pytest.raises(errors.SchemaError, match="same columns"):
        _ = numbers == frame
    with pytest.raises(errors.TypeMismatchError, match="each column"):
        _ = numbers + frame["x"]


@pytest.mark.parametrize(
    ("column", "names"),
    [
        ("id", ["int64", "Int64", int, np.int64]),
        ("x", ["float", "float64", float, "Float64"]),
        ("name", ["str", "string"]),
        ("b", ["bool", "boolean", bool]),
    ],
)
def test_types_compare_with_names(frame: sf.SecretFrame, column: str, names: list[Any]) -> None:
    assert all(frame[column].dtype == n for n in names)
    others = {"int64", "float64", "str", "bool"} - {n for n in names if isinstance(n, str)}
    assert not any(frame[column].dtype == n for n in others)


def test_infinity_and_missing_values_as_operands(frame: sf.SecretFrame) -> None:
    """What changes nothing is taken; what no column can hold is refused with the way out."""
    x = frame["x"]
    pandas = TABLE["x"]
    for made in (np.minimum(x, np.inf), np.maximum(-np.inf, x), x.clip(upper=np.inf), np.minimum(x, 2**70)):
        assert made.reveal().tolist() == pandas.tolist()
    assert x.lt(np.inf, fill_value=0).all().reveal() and not x.gt(2**70, fill_value=0).any().reveal()
    assert x.eq(np.nan, fill_value=1).any().reveal() is False
    for use in (lambda: np.maximum(x, np.inf), lambda: x.clip(upper=-np.inf), lambda: x + np.inf, lambda: x.mean() * np.inf):
        with pytest.raises(errors.PlanError, match=r"must be finite, got -?inf: compare with infinity"):
            use()
    for nothing in (None, sf.null, pd.NA, np.nan, pd.NaT):
        with pytest.raises(errors.PlanError, match="missing in every row: isna"):
            x + nothing
        with pytest.raises(errors.PlanError, match="a missing value give is missing"):
            x.sum() - nothing
        assert (frame["b"] | nothing).reveal().isna().tolist() == (~TABLE["b"]).tolist()
    with pytest.raises(errors.TypeMismatchError, match=r"\(column == value\).any"):
        1.0 in x  # noqa: B015
    for use in (float, int, math.floor, range, complex):
        with pytest.raises(errors.TypeMismatchError, match="is no number by itself"):
            use(x)
    assert (2 ** frame["id"].min()).reveal() == 2 ** TABLE["id"].min()
    assert [v.reveal() for v in divmod(frame["id"].sum(), 4)] == [TABLE["id"].sum() // 4, TABLE["id"].sum() % 4]


def test_types_of_a_frame_compare_with_names(frame: sf.SecretFrame) -> None:
    types = frame.dtypes
    assert types["x"] == "float64" and types["id"] == "int64" and types["b"] == "bool" and types.index.tolist() == frame.columns
    assert types.index[types == "float64"].tolist() == ["x"] and str(types["id"]) == "int64" and types["x"] == frame["x"].dtype
