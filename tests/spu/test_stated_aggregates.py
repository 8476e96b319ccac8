"""The errors that aggregates state, of groups and of whole tables, against exact fractions: every aggregate that there is."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest

from spuframe.dtypes import Field, Fixed, Int
from spuframe.errors import RangeOverflowError
from spuframe.expr.stated import Stated
from spuframe.ir.aggregates import aggregation
from spuframe.plan import build
from spuframe.plan.aggregates import composite, known
from tests.spu.magnitudes import run

ROWS = 41
Rows = Sequence[Fraction]


def _variance(v: Rows) -> Fraction | None:
    mean = sum(v) / len(v)
    return sum((x - mean) ** 2 for x in v) / (len(v) - 1) if len(v) > 1 else None


def _root(v: Fraction | None) -> Fraction | None:
    """To 60 bits and more."""
    return None if v is None else Fraction(math.isqrt(v.numerator * v.denominator << 400), v.denominator << 200)


def _median(v: Rows) -> Fraction:
    return (sorted(v)[(len(v) - 1) // 2] + sorted(v)[len(v) // 2]) / 2


REFERENCE: dict[str, Callable[[Rows], Fraction | int | bool | None]] = {
    "count": len, "size": len, "sum": sum, "mean": lambda v: sum(v) / len(v), "min": min, "max": max, "first": lambda v: v[0], "last": lambda v: v[-1],
    "nunique": lambda v: len(set(v)), "any": any, "all": all, "median": _median, "var": _variance, "std": lambda v: _root(_variance(v)),
    "lower": lambda v: sorted(v)[(len(v) - 1) // 2], "higher": lambda v: sorted(v)[len(v) // 2], "between": lambda v: (len(v) - 1) % 2,
    "quantile": _median, "midpoint": _median, "sem": lambda v: _root(None if len(v) < 2 else _variance(v) / len(v)),
}  # fmt: skip
FIELDS = [
    Field("small", Fixed(40), range=(-1.0, 1.0)), Field("thirds", Fixed(18), range=(-8.0, 8.0)), Field("far", Fixed(18), range=(1e6 - 64, 1e6 + 64)),
    Field("wide", Fixed(18), range=(-(2.0**42), 2.0**42)), Field("same", Fixed(18), range=(0.0, 1.0)), Field("i", Int(64), range=(-1000, 1000)),
    Field("long", Int(64), range=(-(2**55), 2**55)),
]  # fmt: skip


def values(field: Field, rng: np.random.Generator) -> list[float] | list[int]:
    low, high = field.range
    if field.name == "same":
        return [field.dtype.nearest(0.1)] * ROWS
    if isinstance(field.dtype, Int):
        return [int(v) for v in rng.integers(low, high, ROWS)]
    return [field.dtype.nearest(float(v)) for v in rng.uniform(low, high, ROWS)]


REFUSED = {("var", "wide"), ("var", "long")}
"""Whose squares no type holds."""


def stated_of(function: str, field: Field) -> Stated:
    whole = composite(function)
    return aggregation(function).stated(field, ROWS) if whole is None else whole.states[""]


@pytest.mark.parametrize("grouped", [True, False], ids=["groups", "whole"])
def test_aggregates_are_as_exact_as_they_state(grouped: bool, protocol: str) -> None:
    rng = np.random.default_rng(3)
    columns = {f.name: values(f, rng) for f in FIELDS}
    groups = [0 if k == 0 else 1 + k % 3 if k < 20 else 3 for k in range(ROWS)] if grouped else [0] * ROWS
    table = pa.table({**columns, "g": groups})
    base = build.scan("s", "alice", "t", [*FIELDS, Field("g", Int(8), range=(0, 3))], ROWS)
    wanted = [(f"{h} {f.name}", h, f.name) for f in FIELDS for h in known() if (h, f.name) not in REFUSED]
    made = build.aggregate(base, ["g"] if grouped else [], wanted)
    (found,) = run([made], table, protocol, False)
    rows = {g: [k for k in range(ROWS) if groups[k] == g] for g in sorted(set(groups))}
    for name, how, source in wanted:
        field, f = next(c for c in FIELDS if c.name == source), made.schema[name].dtype.frac
        stated = stated_of(how, field)
        for got, places in zip(found[name].to_pylist(), rows.values(), strict=True):
            want = REFERENCE[how]([Fraction(columns[source][k]) for k in places])
            if want is None:
                assert got is None, (name, len(places))
                continue
            assert got is not None, (name, len(places))
            error, exact = abs(Fraction(got) - Fraction(want)), Fraction(want)
            allowed = stated.allowed(exact, f) + abs(exact) / 2**53
            assert error <= allowed, (name, str(stated), got, float(want), float(error * 2**f), float(error / allowed))


@pytest.mark.parametrize("dtype", [Int(64), Fixed()], ids=str)
def test_standard_errors_keep_their_digits_beside_a_wide_range(dtype: Int | Fixed) -> None:
    """As an owner publishes that publishes no ranges: 49 for 49.48 otherwise."""
    field, values = Field("v", dtype, range=(-(2.0**40), 2.0**40) if dtype == Fixed() else (-(2**40), 2**40)), [k * 37 % 700 for k in range(ROWS)]
    base = build.scan("s", "alice", "t", [field, Field("g", Int(8), range=(0, 1))], ROWS)
    groups = [k % 2 for k in range(ROWS)]
    (found,) = run([build.aggregate(base, ["g"], [("sem", "sem", "v")])], pa.table({"v": values, "g": groups}), "plaintext", False)
    for g, got in enumerate(found["sem"].to_pylist()):
        want = REFERENCE["sem"]([Fraction(v) for v, of in zip(values, groups, strict=True) if of == g])
        assert want is not None and got == pytest.approx(float(want), rel=1e-5)


@pytest.mark.parametrize(("how", "name"), sorted(REFUSED))
def test_squares_that_no_type_holds_are_refused(how: str, name: str) -> None:
    with pytest.raises(RangeOverflowError, match=f"the {re.escape(how)} of '{name}'.*take the std"):
        build.aggregate(build.scan("s", "alice", "t", FIELDS, ROWS), [], [("v", how, name)])


def test_there_is_a_reference_for_every_aggregate() -> None:
    assert set(REFERENCE) == set(known())
