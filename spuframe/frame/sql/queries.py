"""A query as a frame: FROM, WHERE, GROUP BY, HAVING, SELECT, DISTINCT, ORDER BY and LIMIT, in this order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from spuframe.errors import ForeignFrameError, PlanError, TypeMismatchError
from spuframe.frame import arguments
from spuframe.frame.frame import SecretFrame
from spuframe.frame.rows import Home
from spuframe.frame.sql.grouping import aggregates, grouped
from spuframe.frame.sql.joins import Tables, among, exists, source
from spuframe.frame.sql.reading import DIALECTS, Text, arg
from spuframe.frame.sql.scope import Scope
from spuframe.frame.sql.values import Reader
from spuframe.frame.stacking import concat

Outputs = list[tuple[str, Any]]
"""Names and expressions of SELECT, with * written out."""


def run(session: Home, query: object, tables: object, dialect: object) -> SecretFrame:
    """The frame that a query describes; nothing runs."""
    text = Text(arguments.text(query, "query"), arguments.choice(dialect, "dialect", DIALECTS))
    given = arguments.mapping({} if tables is None else tables, "tables")
    known = dict[str, SecretFrame]()
    for name, frame in given.items():
        folded = arguments.text(name, "a name in tables").casefold()
        if not isinstance(frame, SecretFrame):
            raise TypeMismatchError(f"table {name!r} must be a SecretFrame, got {type(frame).__name__}: read it with session.read_csv(..., owner=...)")
        if frame.session is not session:
            raise ForeignFrameError(f"table {name!r} belongs to another session: read all tables in one")
        if folded in known:
            raise PlanError(f"two tables are called {name!r}, but for the case of letters: call one otherwise")
        known[folded] = frame
    with text.at(text.root):
        return select(text, text.root, known)


def select(text: Text, node: Any, tables: Tables) -> SecretFrame:
    """The frame of a SELECT, or of a UNION of several."""
    if isinstance(node, exp.Union):
        return _union(text, node, tables)
    if not isinstance(node, exp.Select):
        raise text.refused(node, f"{type(node).__name__.upper()} is not read here: a query is a SELECT")
    text.only(node, "expressions", "from", "joins", "where", "group", "having", "order", "limit", "distinct", "with")
    known_tables = _named(text, arg(node, "with"), tables)
    scope, frame, conditions = source(text, node, known_tables, select)
    for condition in conditions:
        with text.at(condition):
            reader = Reader(text, scope, frame)
            found = (read(text, condition, reader, known_tables, select) for read in (among, exists))
            kept = next((f for f in found if f is not None), None)
            frame = frame[reader.condition(condition)] if kept is None else kept
    outputs = _outputs(text, scope, node)
    order = _order(text, scope, node, outputs)
    keys = _keys(text, scope, node, outputs)
    having = arg(node, "having")
    if having is not None:
        text.only(having, "this")
        having = _aliased(text, scope, having.this, outputs)
    wanted = aggregates([e for _, e in outputs] + [o for o, _ in order if not isinstance(o, int)] + ([] if having is None else [having]))
    known = None
    if keys or wanted or having is not None:
        frame, known = grouped(text, scope, frame, keys, wanted)
        if having is not None:
            frame = frame[Reader(text, scope, frame, known).condition(having)]
    return _shown(text, node, Reader(text, scope, frame, known), outputs, order)


def _union(text: Text, node: Any, tables: Tables) -> SecretFrame:
    """The rows of two queries; without ALL, each once."""
    text.only(node, "this", "expression", "distinct", "with")
    known = _named(text, arg(node, "with"), tables)
    first, second = (_side(text, n, known) for n in (node.this, node.expression))
    if len(first.columns) != len(second.columns):
        raise text.refused(node, f"a UNION is of equally many columns, got {len(first.columns)} and {len(second.columns)}")
    second.columns = first.columns
    both = concat([first, second])
    return both.drop_duplicates() if node.args.get("distinct") else both


def _side(text: Text, node: Any, tables: Tables) -> SecretFrame:
    if isinstance(node, exp.Subquery):
        text.only(node, "this")
        node = node.this
    return select(text, node, tables)


def _shown(text: Text, node: Any, reader: Reader, outputs: Outputs, order: list[tuple[Any, Any]]) -> SecretFrame:
    """The outputs, distinct, in order and limited as the query asks."""
    table, made = reader.frame, [f"out {i}" for i in range(len(outputs))]
    for name, (_, e) in zip(made, outputs, strict=True):
        with text.at(e):
            table = table.assign(**{name: reader.series(e)})
    distinct = arg(node, "distinct")
    by = [made[o] if isinstance(o, int) else f"by {i}" for i, (o, _) in enumerate(order)]
    for name, (e, _) in zip(by, order, strict=True):
        if not isinstance(e, int):
            if distinct is not None:
                raise text.refused(e, "SELECT DISTINCT is ordered by what it selects: name it with AS, and order by that name")
            table = table.assign(**{name: reader.series(e)})
    if distinct is not None:
        text.only(distinct)
        table = table[made].drop_duplicates()
    for name, (_, ordered) in zip(by, order, strict=True):
        if ordered.args.get("nulls_first") and table[name].field.nullable:
            raise text.refused(ordered, "nulls come last here, whatever the direction: write NULLS LAST, or order by x IS NULL first")
    if order:
        table = table[list(dict.fromkeys([*made, *by]))]
        first = {n: by.index(n) for n in by}  # a column that is named twice is in order already
        table = table.sort_values(list(first), [not order[i][1].args.get("desc") for i in first.values()])
    if (limit := arg(node, "limit")) is not None:
        text.only(limit, "expression")
        rows = limit.expression
        if not (isinstance(rows, exp.Literal) and not rows.is_string and rows.this.isdigit()):
            raise text.refused(limit, "LIMIT is a whole number here")
        with text.at(rows):
            table = table.head(int(rows.this))
    return table[made].rename(columns=dict(zip(made, (n for n, _ in outputs), strict=True)))  # type: ignore[no-any-return]


def _named(text: Text, node: Any, tables: Tables) -> Tables:
    """The tables with those that WITH names."""
    out = dict(tables)
    if node is not None:
        text.only(node, "expressions")
        for part in node.expressions:
            text.only(part, "this", "alias")
            text.only(part.args["alias"], "this")
            out[part.alias.casefold()] = select(text, part.this, out)
    return out


def _outputs(text: Text, scope: Scope, node: Any) -> Outputs:
    out: Outputs = []
    for e in node.expressions:
        star = e if isinstance(e, exp.Star) else e.this if isinstance(e, exp.Column) and isinstance(e.this, exp.Star) else None
        if star is not None:
            text.only(star)
            if star is not e:
                text.only(e, "this", "table")
            chosen = {a: c for a, c in scope.tables.items() if e is star or a.casefold() == e.table.casefold()}
            if not chosen:
                raise text.refused(e, f"there is no table {e.table!r}: the tables of the query are {', '.join(scope.tables)}")
            for alias, columns in chosen.items():
                out += [(n, exp.column(exp.to_identifier(n, quoted=True), table=exp.to_identifier(alias, quoted=True))) for n in columns]
        elif isinstance(e, exp.Alias):
            text.only(e, "this", "alias")
            out.append((e.alias, e.this))
        else:
            out.append((e.name if isinstance(e, exp.Column) else str(e.sql(dialect=text.dialect, comments=False, normalize_functions="lower")), e))
    names = [n.casefold() for n, _ in out]
    for name, (shown, e) in zip(names, out, strict=True):
        if names.count(name) > 1:
            raise text.refused(e if e.parent else node, f"two columns of the result are called {shown!r}: give one another name, with AS")
    return out


def _position(text: Text, node: Any, outputs: Outputs) -> int | None:
    """The output that a number stands for in GROUP BY and ORDER BY."""
    if not isinstance(node, exp.Literal):
        return None
    if node.is_string or not node.this.isdigit() or not 0 < int(node.this) <= len(outputs):
        raise text.refused(node, f"a constant here is the number of an output, 1 to {len(outputs)}")
    return int(node.this) - 1


def _aliased(text: Text, scope: Scope, node: Any, outputs: Outputs) -> Any:
    """An expression in which names of outputs, where no column is called so, are what they name."""
    known: Mapping[str, Any] = {n.casefold(): e for n, e in outputs}

    def over(n: Any) -> Any:
        if isinstance(n, exp.Column) and not n.table and n.name.casefold() in known and not scope.found(n):
            return exp.Paren(this=known[n.name.casefold()].copy())
        return n

    return node.copy().transform(over)


def _keys(text: Text, scope: Scope, node: Any, outputs: Outputs) -> list[Any]:
    group = arg(node, "group")
    if group is None:
        return []
    text.only(group, "expressions")
    places = [(e, _position(text, e, outputs)) for e in group.expressions]
    keys = [_aliased(text, scope, e, outputs) if at is None else outputs[at][1] for e, at in places]
    for key in keys:
        if list(key.find_all(exp.AggFunc)):
            raise text.refused(key, "groups are not by an aggregate: put it into a sub-query")
    return keys


def _order(text: Text, scope: Scope, node: Any, outputs: Outputs) -> list[tuple[Any, Any]]:
    """What rows are ordered by, an output's place or an expression, and how."""
    order = arg(node, "order")
    if order is None:
        return []
    text.only(order, "expressions")
    names = {n.casefold(): i for i, (n, _) in enumerate(outputs)}
    found: list[tuple[Any, Any]] = []
    for ordered in order.expressions:
        text.only(ordered, "this", "desc", "nulls_first")
        e = ordered.this
        at = _position(text, e, outputs)
        if at is None and isinstance(e, exp.Column) and not e.table:
            at = names.get(e.name.casefold())
        if at is None:
            for c in e.find_all(exp.Column):
                i = None if c.table else names.get(c.name.casefold())
                if i is not None and scope.found(c) and scope.canon(c) != scope.canon(outputs[i][1]):
                    raise text.refused(c, f"{c.name!r} is a column and another output's name: write which, with the table's alias before it")
            e = _aliased(text, scope, e, outputs)
        found.append((e if at is None else at, ordered))
    return found
