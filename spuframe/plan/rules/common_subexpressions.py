"""Common subexpressions: what a projection needs twice is computed once, by a projection below it."""

from __future__ import annotations

from collections import Counter

from spuframe.expr.expr import Col, Expr, Function
from spuframe.plan.logical import LogicalNode, Project
from spuframe.plan.rules.uses import Uses


def common_subexpressions(node: LogicalNode, uses: Uses) -> LogicalNode | None:
    """Give the largest functions that occur more than once a column of their own."""
    if not isinstance(node, Project):
        return None
    users: Counter[Expr] = Counter(e for _, e in node.columns)  # a column, or a function of which it is an argument
    for n in dict.fromkeys(n for _, e in node.columns for n in e.walk()):
        users.update(a for a in n.children if isinstance(a, Expr))
    repeated = [e for e, count in users.items() if count > 1 and isinstance(e, Function)]
    inside = {n for e in repeated for n in e.walk() if n is not e and n != e}
    largest = [e for e in dict.fromkeys(repeated) if e not in inside]
    if not largest:
        return None
    taken = set(node.input.schema.names)
    named: dict[Expr, str] = {}
    for e in largest:
        name = next(n for n in (f"_{i}" for i in range(len(taken) + len(largest) + 1)) if n not in taken)
        taken.add(name)
        named[e] = name
    outer = tuple((n, _replaced(e, named)) for n, e in node.columns)
    needed = frozenset[str]().union(*(e.columns for _, e in outer))
    passed = tuple((f.name, Col(f)) for f in node.input.schema if f.name in needed)
    new = Project(Project(node.input, (*passed, *((name, e) for e, name in named.items()))), outer)
    return new if new.schema == node.schema else None


def _replaced(e: Expr, named: dict[Expr, str]) -> Expr:
    """Top-down: the largest are replaced before anything inside them."""
    columns = {f: Col(f.as_field(name)) for f, name in named.items()}
    done: dict[Expr, Expr] = dict(columns)
    stack = [e]
    while stack:
        top = stack[-1]
        if top in done:
            stack.pop()
            continue
        missing = [c for c in top.children if isinstance(c, Expr) and c not in done]
        if missing:
            stack.extend(missing)
            continue
        done[top] = top.with_children([done[c] for c in top.children if isinstance(c, Expr)])
        stack.pop()
    return done[e]
