"""Expressions: immutable nodes over the columns of one table, inferred when built."""

from spuframe.expr.expr import Col, Expr, Function, Lit, Scalar, as_expr, col, evaluate, lit, rebind, substitute
from spuframe.expr.functions.arithmetic import add, div, mul, neg, sub
from spuframe.expr.functions.comparison import eq, ge, gt, le, lt, ne
from spuframe.expr.functions.conditional import abs_, between, clip, fill_null, is_null, isin, maximum, minimum, not_null, where
from spuframe.expr.functions.conversion import cast
from spuframe.expr.functions.logic import and_, not_, or_, xor
from spuframe.expr.node import Node

__all__ = [
    "Col", "Expr", "Function", "Lit", "Node", "Scalar",
    "as_expr", "cast", "col", "evaluate", "lit", "rebind", "substitute",
    "add", "div", "mul", "neg", "sub",
    "eq", "ge", "gt", "le", "lt", "ne",
    "and_", "not_", "or_", "xor",
    "abs_", "between", "clip", "fill_null", "is_null", "isin", "maximum", "minimum", "not_null", "where",
]  # fmt: skip
