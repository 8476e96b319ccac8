"""FROM and JOIN: tables, sub-queries and their joins on equal keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from sqlglot import exp

from spuframe.frame.frame import SecretFrame
from spuframe.frame.sql.reading import Text, arg
from spuframe.frame.sql.scope import Scope
from spuframe.frame.sql.values import Reader, conjuncts
from spuframe.plan import build

Tables = Mapping[str, SecretFrame]
Select = Callable[[Text, Any, Tables], SecretFrame]


def source(text: Text, node: Any, tables: Tables, select: Select) -> tuple[Scope, SecretFrame, list[Any]]:
    """The rows that a SELECT reads, what its names mean, and the conditions of WHERE that are left: tables after a comma are joined by some of them."""
    start, where = arg(node, "from"), arg(node, "where")
    if start is None:
        raise text.refused(node, "a query of no table has no secret rows: write FROM and a table")
    text.only(start, "this")
    if where is not None:
        text.only(where, "this")
    left = [] if where is None else conjuncts(where.this)
    scope, joins = Scope(text), list(arg(node, "joins") or ())
    named = [_table(text, n, tables, select, i) for i, n in enumerate([start.this, *(j.this for j in joins)])]
    frame = scope.add(*named[0], start.this)
    waiting = list(zip(joins, named[1:], strict=True))
    used = list[Any]()
    while waiting:
        for i, (join, table) in enumerate(waiting):
            comma = not any(join.args.get(a) for a in ("side", "kind", "on"))
            text.only(join, "this", "side", "kind", "on")
            with text.at(join):
                if not comma and i == 0:
                    frame = _joined(text, join, table, scope, frame)
                    break
                found = [c for c in left if _connects(scope, c, *table)] if comma else []
                if found:
                    frame = _merged(scope, frame, scope.add(*table, join.this), found, "inner")[0]
                    left = [c for c in left if all(c is not f for f in found)]
                    used += found
                    break
        else:
            alone = waiting[0][0].this
            raise text.refused(alone, f"{text.shown(alone)} is joined to no other table: write WHERE a.key = b.key, or JOIN ... ON")
        del waiting[i]
    scope.tables = {alias: scope.tables[alias] for alias, _ in named}
    for column in (c for condition in used for c in condition.find_all(exp.Column)):
        scope.resolve(column)  # a name that a later table has, too
    return scope, frame, left


def _connects(scope: Scope, condition: Any, alias: str, frame: SecretFrame) -> bool:
    """Whether a condition is an equality of a column of the tables so far and one of another table."""
    if not (isinstance(condition, exp.EQ) and all(isinstance(e, exp.Column) for e in (condition.this, condition.expression))):
        return False
    both = Scope(scope.text)
    both.tables = dict(scope.tables)
    both.add(alias, frame, condition)
    found = [both.found(e) for e in (condition.this, condition.expression)]
    return all(len(f) == 1 for f in found) and sorted(both.last(f[0]) for f in found) == [False, True]


def _table(text: Text, node: Any, tables: Tables, select: Select, place: int) -> tuple[str, SecretFrame]:
    alias = node.args.get("alias")
    if alias is not None:
        text.only(alias, "this")
    if isinstance(node, exp.Subquery):
        text.only(node, "this", "alias")
        return (node.alias or f"(sub-query {place + 1})"), select(text, node.this, tables)
    if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
        raise text.refused(node, f"{text.shown(node)} is not read here: FROM takes tables and sub-queries")
    text.only(node, "this", "alias")
    if node.name.casefold() not in tables:
        known = ", ".join(map(repr, tables)) or "(none)"
        raise text.refused(node, f"the query knows the tables {known}, and not {node.name!r}: give it one, session.sql(query, {{{node.name!r}: frame}})")
    return node.alias or node.name, tables[node.name.casefold()]


def _joined(text: Text, join: Any, table: tuple[str, SecretFrame], scope: Scope, left: SecretFrame) -> SecretFrame:
    """A table joined with JOIN."""
    side, kind, on = (str(join.args.get(a) or "").upper() for a in ("side", "kind", "on"))
    how: Literal["inner", "left"]
    if on and (side, kind) in (("", ""), ("", "INNER")):
        how = "inner"
    elif on and side == "LEFT" and kind in ("", "OUTER"):
        how = "left"
    else:
        raise text.refused(join, f"{text.shown(join)} is not read here: [INNER] JOIN and LEFT JOIN with ON are; frame.merge has other kinds")
    right = scope.add(*table, join.this)
    parts = conjuncts(join.args["on"])
    out, rest = _merged(scope, left, right, parts, how)
    if len(rest) == len(parts) or (rest and how == "left"):
        raise text.refused(join, "a join is ON equalities of columns of both sides (an inner one may have more): filter a sub-query before a LEFT JOIN")
    for part in rest:
        out = out[Reader(text, scope, out).condition(part)]
    return out


def _merged(scope: Scope, left: SecretFrame, right: SecretFrame, parts: Sequence[Any], how: Literal["inner", "left"]) -> tuple[SecretFrame, list[Any]]:
    """Two tables joined on the equalities among some conditions, or the left one as it is where there is none; and the other conditions."""
    mine, theirs, rest = list[str](), list[str](), list[Any]()
    for part in parts:
        ends = [scope.resolve(e) for e in (part.this, part.expression) if isinstance(e, exp.Column)] if isinstance(part, exp.EQ) else []
        sides = [scope.last(n) for n in ends]
        if sorted(sides) == [False, True]:
            mine.append(ends[sides.index(False)])
            theirs.append(ends[sides.index(True)])
        else:
            rest.append(part)
    if not mine:
        return left, rest
    # SQL's null key equals nothing, a frame's equals a null: they go before the join, but for those of a left side whose rows all stay.
    right = right.dropna(theirs)
    left = left.dropna(mine) if how == "inner" else left
    unknown = left.rows == right.rows and not (build.known_unique(left.node, mine) or build.known_unique(right.node, theirs))
    return left.merge(right, how, left_on=mine, right_on=theirs, validate="many_to_one" if unknown else None), rest


def among(text: Text, part: Any, reader: Reader, tables: Tables, select: Select) -> SecretFrame | None:
    """The rows where ``x [NOT] IN (SELECT ...)`` holds; None where a condition is no such."""
    negated = isinstance(part, exp.Not)
    node = (part.this if negated else part).unnest()
    if not isinstance(node, exp.In) or not isinstance(node.args.get("query"), exp.Subquery):
        return None
    text.only(node, "this", "query")
    query = node.args["query"]
    text.only(query, "this")
    values = select(text, query.this, tables)
    if len(values.columns) != 1:
        raise text.refused(query, f"IN takes a sub-query of one column, and this one has {len(values.columns)}")
    values = values.rename(columns={values.columns[0]: "of"})
    rows = reader.frame.assign(**{"in": reader.series(node.this)})
    if negated and (rows["in"].field.nullable or values["of"].field.nullable):
        raise text.refused(part, "NOT IN with a null is true for no row: put values in the place of nulls on both sides, COALESCE(x, ...)")
    kept = rows.merge(values.dropna("of"), "anti" if negated else "semi", left_on="in", right_on="of")
    return kept.drop(columns="in")


def exists(text: Text, part: Any, reader: Reader, tables: Tables, select: Select) -> SecretFrame | None:
    """The rows where ``[NOT] EXISTS (SELECT ...)`` holds, tied to the outer query by equalities of columns; None where a condition is no such."""
    negated = isinstance(part, exp.Not)
    node = (part.this if negated else part).unnest()
    if not isinstance(node, exp.Exists) or not isinstance(node.this, exp.Select):
        return None
    text.only(node, "this")
    text.only(node.this, "expressions", "from", "joins", "where")
    for e in node.this.expressions:
        if not isinstance(e, exp.Star | exp.Literal | exp.Column):
            raise text.refused(e, "EXISTS is of SELECT * or SELECT 1 here: an aggregate has a row always")
    scope, inside, conditions = source(text, node.this, tables, select)
    mine, theirs = list[str](), list[str]()
    for condition in conditions:
        outer = [c for c in condition.find_all(exp.Column) if not scope.found(c)]
        if not outer:
            inside = inside[Reader(text, scope, inside).condition(condition)]
            continue
        ends = [condition.this, condition.expression] if isinstance(condition, exp.EQ) else []
        if len(outer) != 1 or not all(isinstance(e, exp.Column) for e in ends) or not ends:
            raise text.refused(condition, "a sub-query of EXISTS has to do with the outer query by equalities of two columns, beside AND")
        mine.append(reader.scope.resolve(outer[0]))
        theirs.append(scope.resolve(ends[0] if outer[0] is ends[1] else ends[1]))
    if not mine:
        raise text.refused(node, "EXISTS needs an equality of a column of its sub-query and one of the outer query, in WHERE")
    keys = {f"of {i}": inside[n] for i, n in enumerate(theirs)}
    right = inside.assign(**keys)[list(keys)].dropna()
    return reader.frame.merge(right, "anti" if negated else "semi", left_on=mine, right_on=list(keys))
