"""Expressions from their plain form (see `spuframe.ir.physical`): what a node claims is inferred again, and can be compared.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.expr import add, col
>>> age = col(Field("age", Int(64), range=(18, 97)))
>>> nodes = add(age, 1).to_plain()
>>> from_plain(nodes, {"age": age.field})[-1] == add(age, 1)
True
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import Any

from spuframe.dtypes import DType, Field, Fixed, parse_dtype
from spuframe.errors import ColumnNotFoundError, PlanError
from spuframe.expr.expr import Col, Expr, Function, Lit


@cache
def functions() -> Mapping[str, type[Function]]:
    """The classes of functions by the name that plans know them by."""
    found: dict[str, type[Function]] = {}
    stack: list[type[Function]] = [Function]
    while stack:
        kind = stack.pop()
        stack += kind.__subclasses__()
        if "fn" in vars(kind):
            found[kind.fn] = kind
    return found


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
        if str(f.type).endswith("None") and not isinstance(dtype, Fixed):
            values.append(None)
            continue
        values.append(dtype if f.type in _TYPES else tuple(next(rest) for _ in range(each)) if f in lists else next(rest))
    return kind(*values)
