"""Expressions from their plain form (see `spuframe.ir.physical`): what a node claims is inferred again, and can be compared.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.expr import add, col
>>> age = col(Field("age", Int(64), range=(18, 97)))
>>> nodes = add(age, 1).to_plain()
>>> from_plain(nodes, {"age": age.field})[-1] == add(age, 1)
True
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cache, reduce
from operator import or_
from typing import Any

from spuframe.dtypes import DType, Field, parse_dtype
from spuframe.errors import ColumnNotFoundError, PlanError
from spuframe.expr.expr import Col, Expr, Function, Lit
from spuframe.expr.functions import classes


def functions() -> Mapping[str, type[Function]]:
    """The classes of functions by the name that plans know them by."""
    return classes()


@cache
def arity(fn: str) -> int | None:
    """How many arguments a function takes; None: any number but none."""
    kinds = [f.type for f in fields(functions()[fn]) if f.init and f.type not in _TYPES]
    return None if any(str(kind).startswith("tuple") for kind in kinds) else len(kinds)


_TYPES = ("DType", "Fixed", "Fixed | None")
"""Fields of functions that are the result's type (None where it is no fixed point), and no argument."""


def from_plain(nodes: Sequence[Mapping[str, Any]], columns: Mapping[str, Field]) -> list[Expr]:
    """The expression of every node of a list that was checked when it was read (`spuframe.ir.physical`).

    Parameters
    ----------
    nodes : sequence of mapping
        Each after those that it is made of.
    columns : mapping
        What is known of the columns, whatever the nodes say of them.

    Raises
    ------
    ColumnNotFoundError, PlanError, TypeMismatchError, RangeOverflowError
        A node is of no known kind, or its function does not take such arguments.
    """
    made: list[Expr] = []
    for node in nodes:
        if "col" in node:
            if node["col"] not in columns:
                raise ColumnNotFoundError.of(node["col"], list(columns))
            made.append(Col(columns[node["col"]]))
        elif "lit" in node:
            made.append(Lit(node["lit"], parse_dtype(node["dtype"])))
        elif node.get("fn") in functions():
            made.append(_function(functions()[node["fn"]], [made[a] for a in node["args"]], parse_dtype(node["dtype"])))
        else:
            raise PlanError(f"a plan has a function {str(node.get('fn'))[:40]!r} that is not known: install the same spuframe everywhere")
    return made


def _function(kind: type[Function], args: Sequence[Expr], dtype: DType) -> Expr:
    """A function of its class's declared fields: arguments in order, lists of them of equal lengths, and the result's type."""
    declared = [f for f in fields(kind) if f.init]
    lists = [f for f in declared if str(f.type).startswith("tuple")]
    single = sum(f.type not in _TYPES for f in declared) - len(lists)
    each = (len(args) - single) // len(lists) if lists else 0
    if each < 0 or single + each * len(lists) != len(args):
        raise PlanError(f"{kind.fn} does not take {len(args)} arguments: lower the plan again")
    values: list[object] = []
    rest = iter(args)
    for f in declared:
        if str(f.type).endswith("None") and dtype.exact:
            values.append(None)
            continue
        values.append(dtype if f.type in _TYPES else tuple(next(rest) for _ in range(each)) if f in lists else next(rest))
    return kind(*values)


def columns_of(nodes: Sequence[Mapping[str, Any]], places: Iterable[int]) -> list[frozenset[str]]:
    """The columns that some expressions of a step read, each given by its place in the list of nodes."""
    names = list(dict.fromkeys(str(n["col"]) for n in nodes if "col" in n))
    bits = {name: 1 << i for i, name in enumerate(names)}
    masks: list[int] = []  # a bit for each column: sets would cost their size at every node
    for node in nodes:
        masks.append(bits[str(node["col"])] if "col" in node else reduce(or_, (masks[a] for a in node.get("args", ())), 0))
    found: dict[int, frozenset[str]] = {}
    for mask in {masks[place] for place in places}:
        found[mask] = frozenset(name for i, name in enumerate(names) if mask >> i & 1)
    return [found[masks[place]] for place in places]


# ---- what comes from another process ----------------------------------------------------------------
def check_expressions(where: str, expected: Sequence[str], params: Mapping[str, Any]) -> None:
    """Refuse places that are not in the list of nodes, and nodes that are not made of earlier ones: what reads a plan relies on it."""
    if not expected:
        return
    nodes = params["expressions"]
    for place, node in enumerate(nodes):
        if reason := _unfit(place, node):
            raise PlanError(f"{where}: node {place} of its expressions {reason}: lower the plan again")
    given = [params[name] for name in expected if name != "columns" and params.get(name) is not None]
    if "columns" in expected:
        given += [place for _, place in params["columns"]]
    if not all(_is_place(place, len(nodes)) for place in given):
        raise PlanError(f"{where} names an expression that is not in its list of {len(nodes)} nodes: lower the plan again")


def _unfit(place: int, node: object) -> str | None:
    """What is wrong with a node of a list of expressions."""
    if not isinstance(node, dict) or sum(kind in node for kind in ("col", "lit", "fn")) != 1:
        return "is not a column, a constant or a function"
    bounds = node.get("range")
    if not isinstance(node.get("dtype"), str) or not isinstance(node.get("nullable"), bool):
        return "has no type or nullability"
    if bounds is not None and not (isinstance(bounds, list | tuple) and len(bounds) == 2 and all(_is_number(b) for b in bounds)):
        return "has a range that is no pair of numbers"
    if "col" in node:
        return None if isinstance(node["col"], str) else "names no column"
    if "lit" in node:
        return None if node["lit"] is None or isinstance(node["lit"], bool | int | float | str) else "is a constant of no known type"
    if not isinstance(node["fn"], str) or node["fn"] not in functions():
        return f"is a function {str(node['fn'])[:40]!r}, which is not known: install the same spuframe everywhere, or"
    args, wanted = node.get("args"), arity(node["fn"])
    if not isinstance(args, list | tuple) or not all(_is_place(a, place) for a in args):
        return "is not made of nodes before it"
    if len(args) != wanted if wanted is not None else not args:
        return f"is {node['fn']} of {len(args)} arguments"
    return None


def _is_place(value: object, end: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < end


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
