"""Building logical plans as pandas would: defaults, conversions and choices, in front of the nodes of `spuframe.plan.nodes`.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.expr import col, mul
>>> t = scan("s1", "hospital", "t0", [Field("a", Int(32), range=(0, 9))], 10)
>>> with_columns(t, {"b": mul(col(t.schema["a"]), 2)}).schema.names
['a', 'b']
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from spuframe.dtypes import SECRET, DType, Field, Fixed, Schema, meet, private
from spuframe.errors import PlanError, RangeOverflowError, SchemaError
from spuframe.expr.expr import Expr, as_expr, col
from spuframe.expr.functions.common import bits_of, bound_of
from spuframe.expr.functions.conditional import not_null
from spuframe.expr.functions.conversion import convert
from spuframe.expr.functions.promotion import numeric
from spuframe.ir import aggregates as primitive
from spuframe.ir.joins import KINDS
from spuframe.plan.aggregates import Composite, composite
from spuframe.plan.logical import LogicalNode, Order
from spuframe.plan.names import free
from spuframe.plan.nodes.aggregate import Aggregate
from spuframe.plan.nodes.concat import Concat
from spuframe.plan.nodes.filter import Filter
from spuframe.plan.nodes.join import Join
from spuframe.plan.nodes.limit import Limit
from spuframe.plan.nodes.load import Load
from spuframe.plan.nodes.project import Project
from spuframe.plan.nodes.results import Reveal, Roots, Store
from spuframe.plan.nodes.scan import Scan
from spuframe.plan.nodes.sort import Sort
from spuframe.plan.nodes.tensor import Output, Tensor, TensorOutput
from spuframe.plan.plain import Plain
from spuframe.plan.rows import check_order
from spuframe.plan.units import as_it_is, counted, measured


def scan(session_id: str, owner: str, table: str, fields: Iterable[Field], rows: int, unique: Iterable[str] = ()) -> Scan:
    """An owner's table; its fields become private to the owner."""
    own = tuple(replace(f, visibility=private(owner), owners=frozenset({owner})) for f in fields)
    return Scan(session_id, owner, table, own, rows, frozenset(unique))


def load(name: str, fields: Iterable[Field], rows: int, masked: bool = True, session_id: str = "", ordered: bool = False) -> Load:
    """A table that the parties keep (see `store`); ``ordered``: its order means something and invalid rows stand at the end.

    A masked one that is not ordered was put into a random order when it was stored: whatever is revealed of its rows comes in that order.
    """
    return Load(name, tuple(replace(f, visibility=SECRET) for f in fields), rows, masked, session_id, ordered)


def project(table: LogicalNode, columns: Mapping[str, object] | Iterable[tuple[str, object]]) -> Project:
    """Exactly these columns: expressions or constants by name."""
    pairs = columns.items() if isinstance(columns, Mapping) else columns
    return Project(table, tuple((name, as_expr(e)) for name, e in pairs))


def projected(table: LogicalNode, columns: Mapping[str, object] | Iterable[tuple[str, object]]) -> LogicalNode:
    """`project`, or the table itself where it has exactly these columns already."""
    made = project(table, columns)
    return table if made.changes_nothing else made


def select(table: LogicalNode, names: Iterable[str]) -> Project:
    """Columns by name, in this order (``df[["a", "b"]]``)."""
    return Project(table, tuple((n, col(table.schema[n])) for n in names))


def drop(table: LogicalNode, names: Iterable[str]) -> Project:
    """All columns but these."""
    gone = {table.schema[n].name for n in names}
    return select(table, [n for n in table.schema.names if n not in gone])


def rename(table: LogicalNode, names: Mapping[str, str]) -> Project:
    """Columns under other names, old to new."""
    for old in names:
        table.schema[old]
    return Project(table, tuple((names.get(f.name, f.name), col(f)) for f in table.schema))


def with_columns(table: LogicalNode, columns: Mapping[str, object]) -> Project:
    """All columns, some replaced and new ones at the end (``df["x"] = e``)."""
    now: dict[str, Expr] = {f.name: col(f) for f in table.schema}
    return project(table, {**now, **columns})


def filter_(table: LogicalNode, predicate: object) -> Filter:
    """The rows for which the predicate is true (``df[predicate]``)."""
    return Filter(table, as_expr(predicate))


def _names(value: str | Sequence[str] | None) -> tuple[str, ...]:
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)


_VALIDATE = {
    "one_to_one": "1:1", "one_to_many": "1:m", "many_to_one": "m:1", "many_to_many": "m:m",
    "1:1": "1:1", "1:m": "1:m", "m:1": "m:1", "m:m": "m:m",
}  # fmt: skip


def join(
    left: LogicalNode,
    right: LogicalNode,
    how: str = "inner",
    on: str | Sequence[str] | None = None,
    left_on: str | Sequence[str] | None = None,
    right_on: str | Sequence[str] | None = None,
    validate: str | None = None,
    suffixes: Sequence[str | None] = ("_x", "_y"),
) -> Join:
    """``left.merge(right, ...)``.

    ``validate`` says which side has unique keys: "one_to_many" the left, "many_to_one" the right. By default it is the side whose owner
    publishes that it has, else the side with fewer rows; an error if they have as many. The parties check it without seeing the keys;
    duplicates are an error. What only selects rows of the left ("semi", "anti") needs nothing to be unique.
    """
    if how not in KINDS:
        raise PlanError(f"how must be one of {', '.join(map(repr, KINDS))}, got {how!r}")
    if KINDS[how].selects and validate is not None:
        raise PlanError(f"a {how} join takes each left row once at most, whatever repeats on the right: leave validate out")
    keys_left, keys_right = join_keys(left, right, on, left_on, right_on)
    side = "right" if KINDS[how].selects else _unique_side(left, right, keys_left, keys_right, validate)
    left, right = alike(left, right, keys_left, keys_right)
    first, second = (s or "" for s in suffixes)
    return Join(left, right, how, keys_left, keys_right, side, (first, second))


def join_keys(
    left: LogicalNode, right: LogicalNode, on: str | Sequence[str] | None, left_on: str | Sequence[str] | None, right_on: str | Sequence[str] | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The keys of two tables that are joined; by default the columns that both have."""
    if on is not None and (left_on is not None or right_on is not None):
        raise PlanError("give either on, or left_on and right_on, not both")
    keys_left, keys_right = (_names(on), _names(on)) if on is not None else (_names(left_on), _names(right_on))
    if on is None and left_on is None and right_on is None:
        keys_left = keys_right = tuple(n for n in left.schema.names if n in right.schema)
        if not keys_left:
            raise PlanError("the frames have no column in common to join on: give on, or left_on and right_on")
    if len(keys_left) != len(keys_right):
        raise PlanError(f"left_on and right_on must name as many columns, got {len(keys_left)} and {len(keys_right)}")
    for table, names in ((left, keys_left), (right, keys_right)):
        for name in names:
            table.schema[name]  # a missing one is told before anything else
    return keys_left, keys_right


def known_unique(table: LogicalNode, keys: Sequence[str]) -> bool:
    """Whether an owner publishes that a key is unique, or it follows."""
    return bool(table.shape.unique & set(keys))


def alike(left: LogicalNode, right: LogicalNode, left_on: Sequence[str], right_on: Sequence[str]) -> tuple[LogicalNode, LogicalNode]:
    """The tables with each pair of keys in one type, where one holds both exactly."""
    for a, b in [(left.schema[a], right.schema[b]) for a, b in zip(left_on, right_on, strict=True)]:
        left, right = _same_keys(left, right, a, b)
    return left, right


def _same_keys(left: LogicalNode, right: LogicalNode, a: Field, b: Field) -> tuple[LogicalNode, LogicalNode]:
    """The tables with a pair of keys in one type, if one holds both exactly (what is unique stays so); else as they are, for the join to judge."""
    common = None if a.dtype.like(b.dtype) else meet(a.dtype, b.dtype)
    for whole, real in ((a, b), (b, a)):
        if whole.dtype.is_numeric and real.dtype.is_numeric and whole.dtype.exact and not real.dtype.exact and bound_of(col(whole)) < real.dtype.ceiling:
            common = real.dtype
    return (left, right) if common is None else (_converted(left, {a.name: common}), _converted(right, {b.name: common}))


def _converted(table: LogicalNode, dtypes: Mapping[str, DType]) -> LogicalNode:
    if all(table.schema[n].dtype == t for n, t in dtypes.items()):
        return table
    return with_columns(table, {n: convert(col(table.schema[n]), t) for n, t in dtypes.items()})


def _unique_side(left: LogicalNode, right: LogicalNode, left_on: Sequence[str], right_on: Sequence[str], validate: str | None) -> str:
    known_left, known_right = known_unique(left, left_on), known_unique(right, right_on)
    larger = "left" if left.rows > right.rows else "right"
    if validate is None:
        if known_left != known_right:
            return "left" if known_left else "right"
        if known_left:
            return larger  # the result has the rows of the other side
        if left.rows == right.rows:
            raise PlanError(
                f"nothing is known of which side's keys are unique, {list(left_on)} of the left or {list(right_on)} of the right: say "
                "validate='one_to_many' if those of the left are, 'many_to_one' if those of the right are"
            )
        return "left" if left.rows < right.rows else "right"
    kind = _VALIDATE.get(validate)
    if kind is None:
        raise PlanError(f"validate must be one of {', '.join(map(repr, _VALIDATE))} or None, got {validate!r}")
    if kind == "m:m":
        raise PlanError("keys that repeat on both sides need a public bound on the rows, limit=...; else one side is unique, validate='1:m' or 'm:1'")
    if kind == "1:1":
        # One side is checked by the join; the other must be known, or duplicates there would pass unseen.
        if not (known_left or known_right):
            raise PlanError(
                "validate='one_to_one' needs one side that its owner publishes to be unique, since only the other one is checked: "
                "use 'one_to_many' (checks the left keys) or 'many_to_one' (checks the right keys)"
            )
        return larger if known_left and known_right else "right" if known_left else "left"
    return "left" if kind == "1:m" else "right"


def aggregate(table: LogicalNode, keys: str | Sequence[str], aggregates: Iterable[tuple[str, str, str | None]]) -> LogicalNode:
    """``df.groupby(keys).agg(name=(column, function))``, given as (name, function, column); sums and means of booleans count them.

    >>> from spuframe.dtypes import Bool, Field
    >>> t = scan("s1", "hospital", "t0", [Field("smoker", Bool())], 10)
    >>> aggregate(t, [], [("n", "size", None), ("smokers", "sum", "smoker")]).schema["smokers"].range
    (0, 10)
    """
    by, wanted = _names(keys), list(aggregates)
    for name, how, _ in wanted:
        if composite(how) is None and primitive.aggregation(how).in_order:
            check_order(table, f"the aggregate {name!r} ({how})")
    if all(_direct(table, how, column) for _, how, column in wanted):
        return Aggregate(table, by, tuple(wanted))
    columns: dict[str, Expr] = {k: col(table.schema[k]) for k in by}
    made: list[tuple[str, str, str | None]] = []
    results: list[tuple[str, Composite | None, list[str], Callable[[Expr], Expr], str]] = []
    finished: dict[str, Callable[[Expr], Expr]] = {}
    for i, (name, how, column) in enumerate(wanted):
        whole: Composite | None = composite(how)
        last: Callable[[Expr], Expr] = as_it_is
        if whole is None:
            parts: Sequence[tuple[Expr | None, str]] = [(None if column is None else col(table.schema[column]), how)]
        elif column is None:
            raise PlanError(f"{how} needs a column: give (column, {how!r})")
        else:
            x: Expr = col(table.schema[column])
            if whole.moves is not None and not x.dtype.of_numbers:
                x, last = counted(x, whole.moves)
            parts = whole.parts(x if x.dtype.of_units else numeric(f"take the {how} of", x))
        places = [f"{i}.{j}" for j in range(len(parts))]
        for place, (e, part) in zip(places, parts, strict=True):
            if e is not None:
                columns[place], finished[place] = measured(e, part)
            made.append((place, part, None if e is None else place))
        results.append((name, whole, places, last, f"the {how} of {column!r}"))
    node = Aggregate(Project(table, tuple(columns.items())), by, tuple(made))
    out: dict[str, Expr] = {k: col(node.schema[k]) for k in by}
    for name, whole, places, last, what in results:
        found = [finished[p](col(node.schema[p])) if p in finished else col(node.schema[p]) for p in places]
        try:
            out[name] = last(found[0] if whole is None else whole.finish(*found))
        except RangeOverflowError:  # of a column between, which nobody knows
            raise RangeOverflowError(
                f"{what} may be so large, by the public range of the column, that no float holds it beside small ones: clip the column to the values that "
                "it has, .clip(low, high); or declare a narrower range when reading, if its owner's policy takes ranges; or take the std of it"
            ) from None
    return Project(node, tuple(out.items()))


def _direct(table: LogicalNode, how: str, column: str | None) -> bool:
    """Whether the parties aggregate the column itself, and give the result."""
    if composite(how) is not None or column is None:
        return composite(how) is None
    e = col(table.schema[column])
    return measured(e, how)[0] is e


def sort(table: LogicalNode, by: str | Sequence[str], ascending: bool | Sequence[bool] = True) -> Sort:
    """``df.sort_values(by, ascending=...)``: stable, nulls last."""
    names = _names(by)
    if not names:
        raise PlanError("sort needs at least one column")
    return Sort(table, names, (ascending,) * len(names) if isinstance(ascending, bool) else tuple(ascending))


def sort_nulls_first(table: LogicalNode, by: Sequence[str], ascending: bool | Sequence[bool] = True) -> LogicalNode:
    """``df.sort_values(by, na_position="first")``: whether a key is there is sorted by before it."""
    up = sort(table, by, ascending).ascending
    made, names, directions = dict[str, Expr](), list[str](), list[bool]()
    for name, direction in zip(by, up, strict=True):
        if table.schema[name].nullable:
            names.append(free(f"{name} is there", {*table.schema.names, *made}))
            directions.append(True)
            made[names[-1]] = not_null(col(table.schema[name]))
        names.append(name)
        directions.append(direction)
    return select(sort(with_columns(table, made), names, directions), table.schema.names) if made else sort(table, by, up)


def limit(table: LogicalNode, rows: int) -> Limit:
    """``df.head(rows)``; refused where the order of the rows means nothing."""
    check_order(table, "head")
    return Limit(table, rows)


def concat(tables: Sequence[LogicalNode]) -> LogicalNode:
    """``pd.concat(tables)``: equal names, in any order; numbers become the wider type, strings the longer one."""
    if not tables:
        raise PlanError("concat needs at least one frame")
    first, *rest = tables
    names = first.schema.names
    for t in rest:
        missing, extra = set(names) - set(t.schema.names), set(t.schema.names) - set(names)
        if missing or extra:
            raise SchemaError(
                f"frames to concatenate must have the same columns; missing: {sorted(missing) or 'none'}, too many: "
                f"{sorted(extra) or 'none'}: select the same columns of each"
            )
    common = {n: _common(n, [t.schema for t in tables]) for n in names}
    aligned = tuple(_converted(t if t.schema.names == names else select(t, names), common) for t in tables)
    return aligned[0] if len(aligned) == 1 else Concat(aligned)


def _common(name: str, schemas: Sequence[Schema]) -> DType:
    types = [s[name].dtype for s in schemas]
    common: DType | None = types[0]
    for t in types[1:]:
        common = None if common is None else meet(common, t)
    if common is not None:
        return common
    if all(t.is_numeric for t in types):
        return Fixed.common(*((bound_of(c), bits_of(c)) for c in (col(s[name]) for s in schemas)))
    raise SchemaError(f"column {name!r} has the types {', '.join(map(str, types))}: make them the same first, with astype")


def tensor(tables: Sequence[LogicalNode], program: object, outputs: Sequence[TensorOutput]) -> Tensor:
    """A program over matrices, as plain data; read its results with `output`."""
    return Tensor(tuple(tables), Plain.of(program), tuple(outputs))


def output(node: Tensor, name: str) -> Output:
    """One result of a tensor program."""
    return Output(node, name)


def store(table: LogicalNode, name: str) -> Store:
    """Keep the shares at the parties; `load` reads them in later plans. In order after a sort or an aggregate, else shuffled if rows are masked."""
    return Store(table, name, is_ordered(table))


def is_ordered(node: LogicalNode) -> bool:
    """Whether the order of the rows was asked for; lowering puts invalid rows at the end before it is shown or kept."""
    return node.shape.places.order is Order.ASKED


def reveal(table: LogicalNode, ordered: bool | None = None) -> Reveal:
    """Hand the rows to the analyst; by default in order after a sort, an aggregate or a limit, else shuffled if rows are masked."""
    return Reveal(table, is_ordered(table) if ordered is None else ordered)


def roots(plans: Sequence[LogicalNode]) -> LogicalNode:
    """Several plans as one."""
    return plans[0] if len(plans) == 1 else Roots(tuple(plans))
