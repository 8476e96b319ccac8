"""What `SecretFrame.merge` takes, checked, and where each row of the result comes from."""

from __future__ import annotations

from collections.abc import Mapping

from spuframe import expr as ex
from spuframe.errors import PlanError, SchemaError, TypeMismatchError
from spuframe.frame import arguments
from spuframe.ir.joins import KINDS
from spuframe.plan import build
from spuframe.plan.logical import LogicalNode
from spuframe.plan.many import join_many
from spuframe.plan.names import free
from spuframe.plan.nodes.cross import Cross

Keys = Mapping[str, object]


def merge(
    left: LogicalNode, right: LogicalNode, how: object, keys: Keys, suffixes: object, indicator: object, validate: object, limit: object
) -> LogicalNode:
    """The join of two tables, with a column that says which side each row is of, if asked for."""
    kind = arguments.text(how, "how")
    if not (isinstance(suffixes, tuple | list) and len(suffixes) == 2 and all(s is None or isinstance(s, str) for s in suffixes)):
        raise TypeMismatchError(f"`suffixes` must be two strings, such as ('_x', '_y'), got a {type(suffixes).__name__}")
    on = {n: None if v is None else arguments.names(v, n) for n, v in keys.items()}
    checked = None if validate is None else arguments.text(validate, "validate")
    most = None if limit is None else arguments.whole(limit, "limit", 0)
    out = "_merge" if indicator is True else None if indicator is False else arguments.text(indicator, "indicator")

    if kind not in KINDS and kind != "cross":
        raise PlanError(f"how must be one of {', '.join(map(repr, (*KINDS, 'cross')))}, got {kind!r}")
    if kind == "cross":
        if any(v is not None for v in (*on.values(), checked, most)) or out is not None:
            raise PlanError("a cross join pairs all rows: leave on, validate, limit and indicator out")
        return Cross(left, right, (suffixes[0] or "", suffixes[1] or ""))

    def joined(one: LogicalNode, two: LogicalNode) -> LogicalNode:
        mine, theirs = build.join_keys(one, two, **on)
        if most is None:
            return build.join(one, two, kind, left_on=mine, right_on=theirs, validate=checked, suffixes=suffixes)
        if checked not in (None, "m:m", "many_to_many"):
            raise PlanError(f"limit is for keys that repeat on both sides, and validate={checked!r} says that one side's do not: leave one of them out")
        if checked is None and (build.known_unique(one, mine) or build.known_unique(two, theirs)):  # cheaper, and no more than the other side's rows
            return build.join(one, two, kind, left_on=mine, right_on=theirs, suffixes=suffixes)
        first, second = (s or "" for s in suffixes)
        return join_many(*build.alike(one, two, mine, theirs), kind, mine, theirs, most, (first, second))

    if out is None:
        return joined(left, right)
    if KINDS[kind].selects:
        raise PlanError(f"a {kind} join has rows of the left side alone: leave indicator out")
    if all(v is None for v in on.values()):  # the marks are no keys
        on["left_on"], on["right_on"] = (list(n) for n in build.join_keys(left, right, **on))
    marks: list[str] = []
    for _ in range(2):
        marks.append(free("side", {out, *left.schema.names, *right.schema.names, *marks}))
    table = joined(*(build.with_columns(t, {mark: ex.lit(True)}) for t, mark in zip((left, right), marks, strict=True)))
    if out in table.schema:
        raise SchemaError(f"column {out!r} is there already: name the indicator, indicator='side'")
    mine, theirs = (ex.is_null(ex.col(table.schema[mark])) for mark in marks)
    side = ex.where(mine, "right_only", ex.where(theirs, "left_only", "both"))
    return build.project(table, {**{f.name: ex.col(f) for f in table.schema if f.name not in marks}, out: side})
