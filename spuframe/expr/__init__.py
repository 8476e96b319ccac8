"""Expressions: immutable nodes over the columns of one table, inferred when built."""

from spuframe.expr.expr import Col, Expr, Function, Lit, Scalar, as_expr, col, evaluate, lit, rebind, substitute
from spuframe.expr.functions.arithmetic import add, div, mul, neg, reciprocal, sub
from spuframe.expr.functions.astype import cast
from spuframe.expr.functions.bitwise import bit_and, bit_not, bit_or, bit_xor, shift_left, shift_right
from spuframe.expr.functions.bounds import abs_, between, clip, idle, maximum, minimum
from spuframe.expr.functions.comparison import COMPARISONS, eq, ge, gt, le, lt, ne
from spuframe.expr.functions.conditional import fill_null, is_null, not_null, where
from spuframe.expr.functions.logic import and_, not_, or_, xor
from spuframe.expr.functions.lookup import map_
from spuframe.expr.functions.maths import cos, erf, exp, exp2, log, log2, log10, rsqrt, sigmoid, sin, sqrt, tanh
from spuframe.expr.functions.membership import isin
from spuframe.expr.functions.promotion import beside
from spuframe.expr.functions.sign import sign
from spuframe.expr.functions.whole import ceil, floor, floordiv, mod, pow_, round_
from spuframe.expr.node import Node

__all__ = [
    "COMPARISONS",
    "Col",
    "Expr",
    "Function",
    "Lit",
    "Node",
    "Scalar",
    "abs_",
    "add",
    "and_",
    "as_expr",
    "beside",
    "between",
    "bit_and",
    "bit_not",
    "bit_or",
    "bit_xor",
    "cast",
    "ceil",
    "clip",
    "col",
    "cos",
    "div",
    "eq",
    "erf",
    "evaluate",
    "exp",
    "exp2",
    "fill_null",
    "floor",
    "floordiv",
    "ge",
    "gt",
    "idle",
    "is_null",
    "isin",
    "le",
    "lit",
    "log",
    "log2",
    "log10",
    "lt",
    "map_",
    "maximum",
    "minimum",
    "mod",
    "mul",
    "ne",
    "neg",
    "not_",
    "not_null",
    "or_",
    "pow_",
    "rebind",
    "reciprocal",
    "round_",
    "rsqrt",
    "shift_left",
    "shift_right",
    "sigmoid",
    "sign",
    "sin",
    "sqrt",
    "sub",
    "substitute",
    "tanh",
    "where",
    "xor",
]  # fmt: skip
