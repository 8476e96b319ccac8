"""Expressions over the columns of one table: what they mean is inferred when they are built.

`Col` and `Lit` are here; functions are in `spuframe.expr.functions`, one class each, built by the lower-case function of the same
name, which takes expressions or Python scalars and puts in the casts that pandas would do:

>>> from spuframe.dtypes import Field, Int, private
>>> from spuframe.expr import add, col, ge
>>> age = col(Field("age", Int(32), visibility=private("hospital"), range=(18, 97), owners=frozenset({"hospital"})))
>>> e = add(age, 1)
>>> str(e), str(e.dtype), e.range, str(e.visibility)
('age + 1', 'int64', (19, 98), 'private(hospital)')
>>> str(ge(age, 50))
'age >= 50'
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from spuframe.dtypes import PUBLIC, DType, Field, Range, Schema, Visibility, literal
from spuframe.errors import PlanError, SchemaError
from spuframe.expr.node import Node, rewrite_all, walk
from spuframe.expr.rings import Rings, as_they_are
from spuframe.expr.stated import Cases, Stated

Scalar = bool | int | float | str | None
"""A Python value; None is null."""


@dataclass(frozen=True)
class Info:
    """What is known of an expression's values."""

    dtype: DType
    nullable: bool
    range: Range | None
    visibility: Visibility
    owners: frozenset[str]


@dataclass(frozen=True, eq=False, repr=False)
class Expr(Node):
    """Base of expressions; ``dtype``, ``nullable``, ``range``, ``visibility`` and ``owners`` are inferred."""

    info: Info = field(init=False, repr=False)

    def infer(self) -> None:
        self.set("info", self.inferred())

    def inferred(self) -> Info:
        """Infer what is known of the values, or raise."""
        raise NotImplementedError

    @property
    def dtype(self) -> DType:
        return self.info.dtype

    @property
    def nullable(self) -> bool:
        return self.info.nullable

    @property
    def range(self) -> Range | None:
        return self.info.range

    @property
    def visibility(self) -> Visibility:
        return self.info.visibility

    @property
    def owners(self) -> frozenset[str]:
        return self.info.owners

    @property
    def reads(self) -> frozenset[Col]:
        """The columns that it reads."""
        found: frozenset[Col] | None = self.__dict__.get("_reads")
        if found is None:
            found = _reads(self)
            self.set("_reads", found)
        return found

    @property
    def columns(self) -> frozenset[str]:
        """Names of the columns that it reads."""
        return frozenset(c.field.name for c in self.reads)

    def given(self, branch: Expr, holds: bool) -> Range:
        """The range of ``branch`` in the rows where this condition holds, or does not: so clip, minimum and maximum narrow a range."""
        return bounds_of(branch)

    def as_field(self, name: str) -> Field:
        """The field of a column that holds this expression.

        >>> lit(3).as_field("n").range
        (3, 3)
        """
        i = self.info
        return Field(name, i.dtype, i.nullable, i.visibility, i.range, i.owners)

    def to_plain(self) -> list[dict[str, Any]]:
        """The list of nodes of `spuframe.ir.physical`; this one is the last."""
        return plain_nodes([self])[0]

    def head(self, args: list[int]) -> dict[str, Any]:
        """What `to_plain` says of this kind of node."""
        raise NotImplementedError

    def text(self, args: Sequence[str]) -> str:
        """The expression in Python's syntax, given its arguments' texts."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"

    def __str__(self) -> str:
        texts: dict[Node, str] = {}
        for node in self.walk():
            assert isinstance(node, Expr)
            nested = isinstance(node, Function) and node.infix
            args = [_bracketed(c, texts[c]) if nested else texts[c] for c in node.children]
            text = node.text(args)
            texts[node] = text if len(text) <= 120 else f"{text[:57]} ... {text[-57:]}"
        return texts[self]


def _bracketed(child: Node, text: str) -> str:
    return f"({text})" if isinstance(child, Function) and child.infix else text


@dataclass(frozen=True, eq=False, repr=False)
class Col(Expr):
    """A column of the table that the expression is evaluated on.

    Parameters
    ----------
    field : Field
    """

    field: Field

    def inferred(self) -> Info:
        f = self.field
        return Info(f.dtype, f.nullable, f.range, f.visibility, f.owners)

    def head(self, args: list[int]) -> dict[str, Any]:
        return {"col": self.field.name}

    def text(self, args: Sequence[str]) -> str:
        return self.field.name


@dataclass(frozen=True, eq=False, repr=False)
class Lit(Expr):
    """A public constant.

    Parameters
    ----------
    value : bool, int, float, str or None
        In the form of its type: int for Int, float for Fixed (int where a float does not hold it), units for others: days since 1970-01-01 for Date.
    type : DType
    """

    value: Scalar
    type: DType

    def inferred(self) -> Info:
        return Info(self.type, self.value is None, self.type.around(self.value), PUBLIC, frozenset())

    def head(self, args: list[int]) -> dict[str, Any]:
        return {"lit": self.value}

    def text(self, args: Sequence[str]) -> str:
        return "null" if self.value is None else self.type.shown(self.value)


@dataclass(frozen=True, eq=False, repr=False)
class Function(Expr):
    """Base of the functions.

    A subclass declares its arguments as fields of type Expr, the name ``fn`` that the SPU knows it by, `inferred`, and
    `value`, which computes one row in Python: constant folding and the tests read it.

    ``last_place`` says how a fixed-point result comes by its last place: "exact", whatever the arguments' were; "kept", nothing is cut off of them; or
    "cut", by a truncation, whose coin a party may know (`spuframe.ir.last_place`). Who does not say is taken to cut.

    ``states`` says how far results may be from the exact ones, by case; there is no default. ``beyond`` says what comes of
    arguments that have no result. ``constants`` says whether a public number among the arguments is "exact", the number that it is, or "stored", rounded
    to the values of its type. ``rings`` says in how wide a ring it wants the columns that it reads (`spuframe.expr.rings`).
    """

    fn: ClassVar[str]
    states: ClassVar[Cases]
    beyond: ClassVar[str] = ""
    infix: ClassVar[str] = ""
    last_place: ClassVar[Literal["exact", "kept", "cut"]] = "cut"
    constants: ClassVar[Literal["exact", "stored"]] = "stored"
    rings: ClassVar[Rings] = as_they_are

    def __init_subclass__(cls) -> None:
        if "fn" in vars(cls) and not hasattr(cls, "states"):
            raise TypeError(f"the function {cls.fn!r} does not say how far results may be from the exact ones: give it `states`")

    @property
    def args(self) -> tuple[Expr, ...]:
        return self.children  # type: ignore[return-value]  # what an expression is made of is one

    @property
    def case(self) -> str:
        """Which of the cases of ``states`` this is; asked of the function where there are several."""
        (only,) = self.states
        return only

    @property
    def stated(self) -> Stated:
        """How far its results may be from the exact ones."""
        return self.states[self.case]

    @property
    def clips(self) -> bool:
        """Whether parties may cut a result to the limit of its type, where an owner that computes in plaintext has none."""
        return False

    def simpler(self) -> Expr | None:
        """An expression with the same values that costs less; None if there is none. Its arguments are as simple as can be, and not all constants."""
        return None

    def value(self, *args: Any) -> Scalar:
        """One row. Called without nulls, unless the class overrides `row`."""
        raise NotImplementedError

    def row(self, *args: Scalar) -> Scalar:
        """One row, nulls included: null if any argument is."""
        return None if any(a is None for a in args) else self.value(*args)

    def head(self, args: list[int]) -> dict[str, Any]:
        return {"fn": self.fn, "args": args}

    def text(self, args: Sequence[str]) -> str:
        if self.infix:
            return f"{args[0]} {self.infix} {args[1]}"
        return f"{self.fn}({', '.join(args)})"

    def info_of(self, dtype: DType, bounds: Range | None, nullable: bool | None = None) -> Info:
        """An `Info` whose visibility, owners and (unless given) nullability come from the arguments; the bounds are those of what is stored."""
        visibility, owners, missing = PUBLIC, frozenset[str](), False
        for a in self.args:
            visibility, owners, missing = visibility.join(a.visibility), owners | a.owners, missing or a.nullable
        bounds = None if bounds is None else dtype.outward(bounds)
        return Info(dtype, missing if nullable is None else nullable, bounds, visibility, owners)


def col(field: Field) -> Col:
    """The column of a schema: ``col(frame.schema["age"])``."""
    return Col(field)


def lit(value: object, dtype: DType | None = None) -> Lit:
    """A constant; of ``dtype`` if given, else of the type that its value has.

    >>> from spuframe.dtypes import Int
    >>> lit(3).dtype, lit(0.5).dtype, lit("north").dtype
    (Int(bits=64, signed=True), Fixed(f=31), String(width=5))
    >>> lit(None, Int(64)).nullable
    True
    """
    if value is None:
        if dtype is None:
            raise PlanError("null has no type of its own: use is_null(x), fill_null(x, value), or lit(None, dtype)")
        return Lit(None, dtype)
    value = scalar(value)
    if dtype is not None and dtype.has_range and not dtype.is_numeric:
        return Lit(dtype.constant(value), dtype)
    of, form = literal(value)
    found = Lit(form, of)
    if dtype is None or dtype == found.type:
        return found
    adopted = dtype.adopted(found.value, found.type)
    if adopted is None:
        raise PlanError(f"the constant {value!s} is no {dtype}: give a value of that type")
    return Lit(adopted[1], adopted[0])


def scalar(value: object) -> object:
    """NumPy's scalars as Python's; times to the microsecond.

    >>> import numpy
    >>> scalar(numpy.int8(3)), scalar(numpy.timedelta64(5, "s"))
    (3, datetime.timedelta(seconds=5))
    """
    if type(value).__module__ != "numpy" or not hasattr(value, "item"):
        return value
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind in ("m", "M") and isinstance(value.item(), int):  # NumPy's nanoseconds
        fine = value.astype(f"{kind}8[us]")  # type: ignore[attr-defined]
        if fine != value:
            raise PlanError(f"times are whole microseconds here, got {value!s}: round it")
        value = fine
    return value.item()


def as_expr(value: object) -> Expr:
    """An expression as it is, anything else as a constant."""
    return value if isinstance(value, Expr) else lit(value)


def bounds_of(e: Expr) -> Range:
    """The range, or what the type allows where none is known; numbers, booleans and dates only."""
    return e.dtype.limits if e.range is None else e.range


def rebind(e: Expr, schema: Schema, names: Mapping[str, str] | None = None) -> Expr:
    """The same expression over the columns of ``schema``, renamed by ``names`` (old to new)."""
    return rebind_all([e], schema, names)[0]


def rebind_all(exprs: Sequence[Expr], schema: Schema, names: Mapping[str, str] | None = None) -> list[Expr]:
    """`rebind` for several expressions: what they have in common is rebuilt once."""
    names = names or {}
    return replace_columns(exprs, lambda c: Col(schema[names.get(c.field.name, c.field.name)]))


def substitute(e: Expr, columns: Mapping[str, Expr]) -> Expr:
    """The same expression with each column replaced by an expression."""
    return substitute_all([e], columns)[0]


def substitute_all(exprs: Sequence[Expr], columns: Mapping[str, Expr]) -> list[Expr]:
    """`substitute` for several expressions: what they have in common is rebuilt once."""
    return replace_columns(exprs, lambda c: columns.get(c.field.name, c)) if columns else list(exprs)


def replace_columns(exprs: Sequence[Expr], change: Callable[[Col], Expr]) -> list[Expr]:
    """The same expressions with each column replaced by what ``change`` gives for it; as they are, where it gives the columns that they read."""
    new = {c: change(c) for c in frozenset[Col]().union(*(e.reads for e in exprs))}
    changed = {c: e for c, e in new.items() if c != e}
    return rewrite_all(exprs, changed.get) if changed else list(exprs)


def check_columns(e: Expr, schema: Schema) -> None:
    """Raise unless every column that ``e`` reads is one of ``schema``, as it is there."""
    for column in e.reads:
        if schema[column.field.name] != column.field:
            raise SchemaError(
                f"column {column.field.name!r} of {str(e)!r} is not the one of this frame (it is another frame's, or was "
                "changed since): take the column from the frame it is used with"
            )


def _reads(e: Expr) -> frozenset[Col]:
    """What is known already of a part is not looked for again."""
    found: set[Col] = set()
    done: set[Node] = set()
    stack: list[Node] = [e]
    while stack:
        node = stack.pop()
        if node in done:
            continue
        done.add(node)
        known = node.__dict__.get("_reads")
        if known is not None:
            found |= known
        elif isinstance(node, Col):
            found.add(node)
        else:
            stack.extend(node.children)
    return frozenset(found)


def plain_nodes(exprs: Sequence[Expr]) -> tuple[list[dict[str, Any]], list[int]]:
    """Expressions as one list of plain nodes, each once and after its arguments, which it names by their places; and the expressions' own places.

    >>> nodes, places = plain_nodes([lit(1), lit(2), lit(1)])
    >>> [n["lit"] for n in nodes], places
    ([1, 2], [0, 1, 0])
    """
    nodes: list[dict[str, Any]] = []
    places: dict[int, int] = {}
    types: dict[DType, str] = {}
    for node in walk(exprs):
        assert isinstance(node, Expr)
        info = node.info
        name = types.get(info.dtype) or types.setdefault(info.dtype, str(info.dtype))
        about = {"dtype": name, "nullable": info.nullable, "range": None if info.range is None else list(info.range)}
        places[id(node.same)] = len(nodes)
        nodes.append({**node.head([places[id(c)] for c in node.children]), **about})
    return nodes, [places[id(e.same)] for e in exprs]


def folded(e: Function) -> Lit | None:
    """A function of constants as the constant that it is; None where an argument is none."""
    if not all(isinstance(a, Lit) for a in e.args):
        return None
    return Lit(e.dtype.form(e.row(*(a.value for a in e.args if isinstance(a, Lit)))), e.dtype)


def evaluate(e: Expr, row: Mapping[str, Scalar]) -> Scalar:
    """One row in Python, exactly (no fixed point): for tests and constant folding.

    >>> from spuframe.expr import add
    >>> evaluate(add(lit(1), 2), {})
    3
    """
    values: dict[Node, Scalar] = {}
    for node in e.walk():
        if isinstance(node, Col):
            values[node] = row[node.field.name]
        elif isinstance(node, Lit):
            values[node] = node.value
        elif isinstance(node, Function):
            values[node] = node.row(*(values[c] for c in node.children))
    return values[e]
