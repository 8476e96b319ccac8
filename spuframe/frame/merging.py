"""What `SecretFrame.merge` takes, checked, and where each row of the result comes from."""

from __future__ import annotations

from collections.abc import Mapping

from spuframe import expr as ex
from spuframe.errors import PlanError, SchemaError, TypeMismatchError
from spuframe.frame import arguments
from spuframe.ir.joins import KINDS
from spuframe.plan import build
from spuframe.plan.logical import LogicalNode
from spuframe.plan.names import free

Keys = Mapping[str, object]


def merge(left: LogicalNode, right: LogicalNode, how: object, keys: Keys, suffixes: object, indicator: object, validate: object) -> LogicalNode:
    """The join of two tables, with a column that says which side each row is of, if asked for."""
    kind = arguments.text(how, "how")
    if not (isinstance(suffixes, tuple | list) and len(suffixes) == 2 and all(s is None or isinstance(s, str) for s in suffixes)):
        raise TypeMismatchError(f"`suffixes` must be two strings, such as ('_x', '_y'), got a {type(suffixes).__name__}")
    on = {n: None if v is None else arguments.names(v, n) for n, v in keys.items()}
    checked = None if validate is None else arguments.text(validate, "validate")
    out = "_merge" if indicator is True else None if indicator is False else arguments.text(indicator, "indicator")
    if out is None or kind not in KINDS:
        return build.join(left, right, kind, **on, validate=checked, suffixes=suffixes)
    if KINDS[kind].selects:
        raise PlanError(f"a {kind} join has rows of the left side alone: leave indicator out")
    marks: list[str] = []
    for _ in range(2):
        marks.append(free("side", {out, *left.schema.names, *right.schema.names, *marks}))
    one, two = (build.with_columns(t, {mark: ex.lit(True)}) for t, mark in zip((left, right), marks, strict=True))
    if on["on"] is None and on["left_on"] is None and on["right_on"] is None:  # the marks are no keys
        on["on"] = [n for n in left.schema.names if n in right.schema] or None
    joined = build.join(one, two, kind, **on, validate=checked, suffixes=suffixes)
    if out in joined.schema:
        raise SchemaError(f"column {out!r} is there already: name the indicator, indicator='side'")
    mine, theirs = (ex.is_null(ex.col(joined.schema[mark])) for mark in marks)
    side = ex.where(mine, "right_only", ex.where(theirs, "left_only", "both"))
    return build.project(joined, {**{f.name: ex.col(f) for f in joined.schema if f.name not in marks}, out: side})
