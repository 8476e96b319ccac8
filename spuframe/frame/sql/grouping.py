"""GROUP BY, aggregates and DISTINCT, with SQL's nulls: a null key is a group of its own, and a sum of nothing is null."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlglot import exp

from spuframe.dtypes import Bool, Date, Decimal, Fixed, Int, String
from spuframe.errors import TypeMismatchError
from spuframe.frame.frame import SecretFrame
from spuframe.frame.null import null
from spuframe.frame.sql.reading import Text
from spuframe.frame.sql.scope import Scope
from spuframe.frame.sql.values import READ, Reader
from spuframe.plan import build

_FUNCTIONS: Mapping[Any, str] = MappingProxyType({exp.Sum: "sum", exp.Avg: "mean", exp.Min: "min", exp.Max: "max", exp.Count: "count"})


def aggregates(nodes: Sequence[Any]) -> list[Any]:
    """The aggregates in expressions; not those in what is not read, which a `Reader` refuses: another aggregate, a window, a sub-query."""
    return [a for n in nodes for a in n.find_all(exp.AggFunc) if _readable(a, n)]


def _readable(node: Any, top: Any) -> bool:
    while node is not top:
        node = node.parent
        if type(node) not in READ and not isinstance(node, exp.If):
            return False
    return True


def grouped(text: Text, scope: Scope, frame: SecretFrame, keys: Sequence[Any], wanted: Sequence[Any]) -> tuple[SecretFrame, dict[str, str]]:
    """One row a group, and which of its columns holds which key and which aggregate."""
    known = dict[str, str]()
    reader, table = Reader(text, scope, frame), frame
    names = list[str]()
    for key in keys:
        if scope.canon(key) not in known:
            known[scope.canon(key)] = name = f"key {len(names)}"
            names.append(name)
            table = table.assign(**{name: reader.series(key)})
    plain: list[tuple[str, str, str | None]] = []
    sums = list[str]()
    for node in wanted:
        if scope.canon(node) in known:
            continue
        known[scope.canon(node)] = name = f"aggregate {len(known)}"
        function, argument = _read(text, node)
        if function == "size":
            plain.append((name, "size", None))
            continue
        with text.at(node):
            table = table.assign(**{f"of {name}": reader.series(argument)})
        plain.append((name, function, f"of {name}"))
        if function == "sum" and (not keys or table[f"of {name}"].field.nullable):
            sums.append(name)
            plain.append((f"count {name}", "count", f"of {name}"))
    out = collected(table, names, plain)
    for name in sums:
        out[name] = out[name].where(out[f"count {name}"] > 0, null)
    return out, known


def _read(text: Text, node: Any) -> tuple[str, Any]:
    """The frame's function of an aggregate, and what it is of."""
    function = _FUNCTIONS.get(type(node))
    if function is None:
        raise text.refused(node, f"SQL's {text.shown(node)} is not read here: COUNT, SUM, AVG, MIN and MAX are; frame.groupby has more")
    text.only(node, "this", "big_int")
    if function != "count":
        return function, node.this
    if isinstance(node.this, exp.Star):
        text.only(node.this)
        return "size", None
    if isinstance(node.this, exp.Distinct):
        text.only(node.this, "expressions")
        if len(node.this.expressions) != 1:
            raise text.refused(node, "COUNT(DISTINCT) is of one expression here")
        return "nunique", node.this.expressions[0]
    return "count", node.this


def collected(table: SecretFrame, keys: Sequence[str], plain: Sequence[tuple[str, str, str | None]]) -> SecretFrame:
    """The aggregates of groups, or of all rows; a null key is replaced, and a flag beside it keeps it apart from the value in its place."""
    flags = {k: f"null {k}" for k in keys if table[k].field.nullable}
    for key, flag in flags.items():
        table = table.assign(**{flag: table[key].isna(), key: table[key].fillna(_stand_in(table, key))})
    node = build.aggregate(table.node, [*keys, *flags.values()], plain or [("size", "size", None)])
    out = SecretFrame(table.session, node)
    for key, flag in flags.items():
        out[key] = out[key].mask(out[flag], null)
    return out[[*keys, *(name for name, _, _ in plain)]]  # type: ignore[no-any-return]


def _stand_in(table: SecretFrame, key: str) -> object:
    dtype = table[key].dtype
    for kind, value in ((Bool, False), (Int, 0), (Fixed, 0.0), (Decimal, 0), (String, ""), (Date, datetime.date(1970, 1, 1))):
        if isinstance(dtype, kind):
            return value
    raise TypeMismatchError(f"a key of type {dtype} that may be null cannot be grouped by here: put a value in its place, COALESCE(key, value)")
