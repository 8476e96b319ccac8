"""``frame.query("age > 50 and region == 'north'")`` and ``frame.eval("rate = cost / days")``: a part of Python's expressions, read and never run.

>>> columns_in("age > 50 & `body mass` < @limit"), columns_in("a == b.mean()")
(['age', 'body mass'], ['a', 'b'])
"""

from __future__ import annotations

import ast
import io
import operator
import sys
import tokenize
from collections import ChainMap
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from spuframe.errors import ColumnNotFoundError, PlanError, SpuframeError, TypeMismatchError
from spuframe.frame.column import Column
from spuframe.frame.columns import Columns
from spuframe.frame.dt import Times
from spuframe.frame.operators import Operators
from spuframe.frame.scalar import SecretScalar
from spuframe.frame.ufuncs import of_one

LONGEST = 10_000
"""Characters of an expression."""

_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = MappingProxyType(
    {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: operator.truediv,
        ast.FloorDiv: operator.floordiv,
        ast.Mod: operator.mod,
        ast.Pow: operator.pow,
        ast.BitXor: operator.xor,
        ast.LShift: operator.lshift,
        ast.RShift: operator.rshift,
    }
)
_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = MappingProxyType(
    {ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge}
)
_METHODS = frozenset(
    ("isna", "notna", "isnull", "notnull", "isin", "between", "abs", "round", "fillna", "clip", "astype", "where", "mask")
    + ("sum", "mean", "min", "max", "count", "var", "std", "any", "all", "nunique")
)
"""The methods of columns that an expression may call: those that only compute."""
_OF_TIMES = frozenset(("floor", "ceil", "round", "normalize", "total_seconds", "tz_convert", "tz_localize"))
"""And those of their ``.dt``, whose parts it may read, too."""


def evaluate(frame: Columns, text: object, variables: Mapping[str, object]) -> Any:
    """The value of an expression over a frame's columns, a secret column or number, or a constant."""
    source, names = _readable(text)
    return _Reader(frame, names, variables).value(_parsed(source, "eval").body)  # type: ignore[attr-defined]


def assignments(frame: Columns, text: object, variables: Mapping[str, object]) -> Any:
    """The frame with the columns that lines ``name = expression`` make, or the value where there is but one expression."""
    source, names = _readable(text)
    lines = _parsed(source, "exec").body  # type: ignore[attr-defined]
    if len(lines) == 1 and isinstance(lines[0], ast.Expr):
        return _Reader(frame, names, variables).value(lines[0].value)
    out = frame.copy()
    for line in lines:
        target = line.targets[0] if isinstance(line, ast.Assign) and len(line.targets) == 1 else None
        if not isinstance(line, ast.Assign) or not isinstance(target, ast.Name):
            raise PlanError(f"{_shown(line)} is no assignment to one column: eval takes an expression, or lines such as 'rate = cost / days'")
        out[names.get(target.id, target.id)] = _Reader(out, names, variables).value(line.value)
    return out


def variables(local_dict: object, global_dict: object) -> Mapping[str, object]:
    """What ``@name`` stands for: what is given, else the variables of the function that calls ours, as in pandas."""
    for given, what in ((local_dict, "local_dict"), (global_dict, "global_dict")):
        if given is not None and not isinstance(given, Mapping):
            raise TypeMismatchError(f"`{what}` must be a dict of variables, got a {type(given).__name__}")
    caller = sys._getframe()
    while caller.f_back is not None and str(caller.f_globals.get("__name__")).split(".")[0] == "spuframe":
        caller = caller.f_back
    first = caller.f_locals if local_dict is None else local_dict
    return ChainMap(dict(first), dict(caller.f_globals if global_dict is None else global_dict))  # type: ignore[call-overload]


def columns_in(text: str) -> list[str]:
    """The names that are no variables, in order."""
    source, names = _readable(text)
    found = [n.id for n in ast.walk(_parsed(source, "eval")) if isinstance(n, ast.Name) and not n.id.startswith(_VARIABLE)]
    return [names.get(n, n) for n in dict.fromkeys(found)]


_VARIABLE, _QUOTED = "__variable_", "__column_"


def _readable(text: object) -> tuple[str, dict[str, str]]:
    """Python's text of pandas' expression: ``&`` and ``|`` bind as weakly as ``and`` and ``or``, ``@x`` is a variable, `` `a b` `` a column."""
    if not isinstance(text, str):
        raise TypeMismatchError(f"an expression is a str, such as \"age > 50 and region == 'north'\", got a {type(text).__name__}")
    if not text.strip() or len(text) > LONGEST:
        raise PlanError(f"an expression has 1 to {LONGEST} characters, got {len(text)}: build longer ones with operators, frame[frame['a'] > 1]")
    parts = text.split("`")
    if len(parts) % 2 == 0:
        raise PlanError(f"the expression {text!r} has a ` without another: names with spaces stand between two, `body mass`")
    names = {f"{_QUOTED}{i}": part for i, part in enumerate(parts) if i % 2}
    plain = "".join(f"{_QUOTED}{i}" if i % 2 else part for i, part in enumerate(parts))
    plain = "\n".join(line.strip() for line in plain.strip().splitlines())
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(plain).readline))
    except (tokenize.TokenError, SyntaxError) as error:
        raise PlanError(f"the expression {text!r} cannot be read: {_cause(error)}") from None
    found = list[tuple[int, str]]()
    for kind, word, *_ in tokens:
        if kind == tokenize.OP and word in ("&", "|"):
            found.append((tokenize.NAME, "and" if word == "&" else "or"))
        elif found and found[-1][1] == "@":
            found[-1] = (tokenize.NAME, f"{_VARIABLE}{word}")
        else:
            found.append((kind, word))
    return str(tokenize.untokenize(found)), names


def _parsed(source: str, mode: str) -> ast.AST:
    try:
        return ast.parse(source.strip(), mode=mode)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise PlanError(f"the expression {source.strip()!r} cannot be read: {_cause(error)}") from None


def _cause(error: BaseException) -> str:
    return error.msg if isinstance(error, SyntaxError) else str(error) or type(error).__name__


def _shown(node: ast.AST) -> str:
    try:
        text = ast.unparse(node).replace(_VARIABLE, "@")
    except RecursionError:
        text = type(node).__name__
    return repr(text if len(text) < 80 else f"{text[:76]} ...")


class _Reader:
    """The value of a parsed expression; nothing but what is named here is read, and nothing is called but functions of columns."""

    def __init__(self, frame: Columns, names: Mapping[str, str], variables: Mapping[str, object]) -> None:
        self.frame, self.names, self.variables = frame, dict(names), variables

    def value(self, node: ast.AST) -> Any:
        read = getattr(self, f"_{type(node).__name__.lower()}", None)
        if read is None:
            raise self.refused(node)
        try:
            return read(node)
        except SpuframeError:
            raise
        except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError) as error:  # of public values alone
            raise PlanError(f"{_shown(node)} has no value: {error}") from None
        except RecursionError:
            raise PlanError("the expression is nested too deeply: build it with operators, frame[frame['a'] > 1]") from None

    def refused(self, node: ast.AST) -> PlanError:
        known = ", ".join(of_one())
        return PlanError(
            f"{_shown(node)} cannot stand in an expression: it takes columns, @variables, constants, arithmetic, comparisons, in, and, or, "
            f"not, {known}, and methods and parts of columns such as .isna(), .mean() and .dt.year"
        )

    # ---- leaves --------------------------------------------------------------------------------------
    def _constant(self, node: ast.Constant) -> Any:
        if isinstance(node.value, str):
            value = node.value
            for name, quoted in reversed(self.names.items()):  # a text that has ` in it
                value = value.replace(name, f"`{quoted}`")
            return value
        if isinstance(node.value, bool | int | float):
            return node.value
        raise self.refused(node)

    def _name(self, node: ast.Name) -> Any:
        if node.id.startswith(_VARIABLE):
            name = node.id.removeprefix(_VARIABLE)
            if name not in self.variables:
                raise PlanError(f"the variable @{name} of the expression is not defined where it is used")
            return self.variables[name]
        name = self.names.get(node.id, node.id)
        if name not in self.frame:
            raise ColumnNotFoundError.of(name, self.frame.columns)
        return self.frame[name]

    def _list(self, node: ast.List | ast.Tuple) -> list[Any]:
        return [self.value(e) for e in node.elts]

    _tuple = _list

    def _attribute(self, node: ast.Attribute) -> Any:
        if isinstance(getattr(Times, node.attr, None), property):
            return getattr(self._times(node), node.attr)
        raise self.refused(node)

    def _times(self, node: ast.Attribute) -> Times[Column]:
        """What ``when.dt`` is, of ``when.dt.year``."""
        of = self.value(node.value.value) if isinstance(node.value, ast.Attribute) and node.value.attr == "dt" else None
        if not isinstance(of, Column):
            raise self.refused(node)
        return of.dt

    # ---- operators -------------------------------------------------------------------------------------
    def _binop(self, node: ast.BinOp) -> Any:
        if type(node.op) not in _BINARY:
            raise self.refused(node)
        left, right = self.value(node.left), self.value(node.right)
        if not isinstance(left, Operators | SecretScalar) and not isinstance(right, Operators | SecretScalar):
            _small(node, left, right)
        return _BINARY[type(node.op)](left, right)

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        x = self.value(node.operand)
        if isinstance(node.op, ast.Not | ast.Invert):
            return ~x if isinstance(x, Operators) else not x
        return -x if isinstance(node.op, ast.USub) else +x

    def _boolop(self, node: ast.BoolOp) -> Any:
        both = operator.and_ if isinstance(node.op, ast.And) else operator.or_
        found = self.value(node.values[0])
        for other in node.values[1:]:
            found = both(found, self.value(other))
        return found

    def _compare(self, node: ast.Compare) -> Any:
        left, found = self.value(node.left), None
        for op, other in zip(node.ops, node.comparators, strict=True):
            right = self.value(other)
            made = self._compared(node, op, left, right)
            found = made if found is None else found & made
            left = right
        return found

    def _compared(self, node: ast.Compare, op: ast.cmpop, left: Any, right: Any) -> Any:
        listed = isinstance(right, list | tuple | set | frozenset) or type(right).__name__ in ("ndarray", "Index", "Series")
        if isinstance(op, ast.In | ast.NotIn) or (isinstance(op, ast.Eq | ast.NotEq) and listed):  # pandas: a == [1, 2] is membership
            if not isinstance(left, Column):
                raise self.refused(node)
            found = left.isin(right)
            return ~found if isinstance(op, ast.NotIn | ast.NotEq) else found
        if type(op) not in _COMPARE:
            raise self.refused(node)
        return _COMPARE[type(op)](left, right)

    # ---- calls -------------------------------------------------------------------------------------------
    def _call(self, node: ast.Call) -> Any:
        arguments = [self.value(a) for a in node.args]
        named = {k.arg: self.value(k.value) for k in node.keywords if k.arg is not None}
        if len(named) < len(node.keywords):
            raise self.refused(node)
        if isinstance(node.func, ast.Name) and node.func.id in of_one() and len(arguments) == 1 and not named:
            return of_one()[node.func.id](arguments[0])
        if isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
            of = self.value(node.func.value)
            if isinstance(of, Column | SecretScalar):
                return getattr(of, node.func.attr)(*arguments, **named)
        if isinstance(node.func, ast.Attribute) and node.func.attr in _OF_TIMES:
            return getattr(self._times(node.func), node.func.attr)(*arguments, **named)
        raise self.refused(node)


def _small(node: ast.BinOp, left: Any, right: Any) -> None:
    """Constants are computed here: no tower of powers."""
    for x in (left, right):
        if not isinstance(x, bool | int | float):
            raise PlanError(f"constants of an expression compute with each other if they are numbers, got a {type(x).__name__}")
    if isinstance(node.op, ast.Pow | ast.LShift) and (abs(left) > 1 << 64 or abs(right) > 64):
        raise PlanError("a constant of an expression is too large: write it out")
