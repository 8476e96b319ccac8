"""FROM and JOIN: tables, sub-queries and their joins on equal keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from sqlglot import exp

from spuframe.frame.frame import SecretFrame
from spuframe.frame.sql.reading import Text, arg
from spuframe.frame.sql.scope import Scope
from spuframe.frame.sql.values import Reader, conjuncts
from spuframe.plan import build

Tables = Mapping[str, SecretFrame]
Select = Callable[[Text, Any, Tables], SecretFrame]


def source(text: Text, node: Any, tables: Tables, select: Select) -> tuple[Scope, SecretFrame]:
    """The rows that a SELECT reads, and what its names mean."""
    start = arg(node, "from")
    if start is None:
        raise text.refused(node, "a query of no table has no secret rows: write FROM and a table")
    text.only(start, "this")
    scope = Scope(text)
    frame = scope.add(*_table(text, start.this, tables, select, scope), start.this)
    for join in arg(node, "joins") or ():
        with text.at(join):
            frame = _joined(text, join, tables, select, scope, frame)
    return scope, frame


def _table(text: Text, node: Any, tables: Tables, select: Select, scope: Scope) -> tuple[str, SecretFrame]:
    alias = node.args.get("alias")
    if alias is not None:
        text.only(alias, "this")
    if isinstance(node, exp.Subquery):
        text.only(node, "this", "alias")
        return (node.alias or f"(sub-query {len(scope.tables) + 1})"), select(text, node.this, tables)
    if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
        raise text.refused(node, f"{text.shown(node)} is not read here: FROM takes tables and sub-queries")
    text.only(node, "this", "alias")
    if node.name.casefold() not in tables:
        known = ", ".join(map(repr, tables)) or "(none)"
        raise text.refused(node, f"the query knows the tables {known}, and not {node.name!r}: give it one, session.sql(query, {{{node.name!r}: frame}})")
    return node.alias or node.name, tables[node.name.casefold()]


def _joined(text: Text, join: Any, tables: Tables, select: Select, scope: Scope, left: SecretFrame) -> SecretFrame:
    text.only(join, "this", "side", "kind", "on")
    side, kind, on = (str(join.args.get(a) or "").upper() for a in ("side", "kind", "on"))
    how: Literal["inner", "left"]
    if on and (side, kind) in (("", ""), ("", "INNER")):
        how = "inner"
    elif on and side == "LEFT" and kind in ("", "OUTER"):
        how = "left"
    else:
        raise text.refused(join, f"{text.shown(join)} is not read here: [INNER] JOIN and LEFT JOIN with ON are; frame.merge has other kinds")
    before = len(scope.tables)
    right = scope.add(*_table(text, join.this, tables, select, scope), join.this)
    mine, theirs, rest = list[str](), list[str](), list[Any]()
    for part in conjuncts(join.args["on"]):
        ends = [scope.resolve(e) for e in (part.this, part.expression) if isinstance(e, exp.Column)] if isinstance(part, exp.EQ) else []
        sides = [int(n.partition(".")[0]) == before for n in ends]
        if sorted(sides) == [False, True]:
            mine.append(ends[sides.index(False)])
            theirs.append(ends[sides.index(True)])
        else:
            rest.append(part)
    if not mine or (rest and how == "left"):
        raise text.refused(join, "a join is ON equalities of columns of both sides (an inner one may have more): filter a sub-query before a LEFT JOIN")
    # SQL's null key equals nothing, a frame's equals a null: they go before the join, but for those of a left side whose rows all stay.
    right = right.dropna(theirs)
    left = left.dropna(mine) if how == "inner" else left
    unknown = left.rows == right.rows and not (build.known_unique(left.node, mine) or build.known_unique(right.node, theirs))
    out = left.merge(right, how, left_on=mine, right_on=theirs, validate="many_to_one" if unknown else None)
    for part in rest:
        out = out[Reader(text, scope, out).condition(part)]
    return out
