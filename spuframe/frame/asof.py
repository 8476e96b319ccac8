"""`sf.merge_asof`: rows joined to the nearest before or after them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spuframe.errors import ForeignFrameError, PlanError, TypeMismatchError
from spuframe.frame import arguments
from spuframe.frame.frame import SecretFrame
from spuframe.plan.asof import Nearest, join_asof


@arguments.takes_keywords
def merge_asof(
    left: SecretFrame,
    right: SecretFrame,
    on: str | None = None,
    left_on: str | None = None,
    right_on: str | None = None,
    by: str | Sequence[str] | None = None,
    left_by: str | Sequence[str] | None = None,
    right_by: str | Sequence[str] | None = None,
    suffixes: tuple[str | None, str | None] = ("_x", "_y"),
    tolerance: Any = None,
    allow_exact_matches: bool = True,
    direction: str = "backward",
) -> SecretFrame:
    """Each row of ``left`` with the last row of ``right`` whose key is not after its own, as `pandas.merge_asof`; the tables need not be sorted.

    Parameters
    ----------
    left, right : SecretFrame
    on, left_on, right_on : str
        The key: a number, a date, a point in time. Rows without one match nothing.
    by, left_by, right_by : str or list of str
        Other keys, which must be equal.
    suffixes : pair of str
    tolerance : number or timedelta, optional
        How far away the key may be.
    allow_exact_matches : bool
        Whether an equal key matches.
    direction : {"backward", "forward"}
        Forward: the first row whose key is not before.

    Returns
    -------
    SecretFrame
        The rows of ``left``, in their order (of rows that a filter left, `reveal` gives none); null where nothing is found.

    Examples
    --------
    >>> sf.merge_asof(visits, tests, on="day", by="patient_id", tolerance=30)  # doctest: +SKIP
    """
    for frame, what in ((left, "left"), (right, "right")):
        if not isinstance(frame, SecretFrame):
            raise TypeMismatchError(f"`{what}` must be a SecretFrame, got a {type(frame).__name__}: read it with session.read_csv(..., owner=...)")
    if left.session is not right.session:
        raise ForeignFrameError("the frames belong to two sessions: read both tables in one")
    mine, theirs = _pair(on, left_on, right_on, "on")
    first, second = _pair(by, left_by, right_by, "by")
    if len(mine) != 1 or len(theirs) != 1 or len(first) != len(second):
        raise PlanError("merge_asof needs one key, on= or left_on= and right_on=, and as many left_by as right_by")
    for frame, names in ((left, [*mine, *first]), (right, [*theirs, *second])):
        for name in names:
            frame._expr(name)
        if not frame[names[0]].dtype.has_range:
            raise TypeMismatchError(f"merge_asof is by numbers, dates and times, and {names[0]!r} is {frame[names[0]].dtype}")
    if not (isinstance(suffixes, tuple | list) and len(suffixes) == 2 and all(s is None or isinstance(s, str) for s in suffixes)):
        raise TypeMismatchError(f"`suffixes` must be two strings, such as ('_x', '_y'), got a {type(suffixes).__name__}")
    backward = arguments.choice(direction, "direction", ("backward", "forward")) == "backward"
    within = None if arguments.is_missing(tolerance) else left[mine[0]]._constant(tolerance)
    exact, pairs = arguments.flag(allow_exact_matches, "allow_exact_matches"), list(zip(first, second, strict=True))
    how = Nearest((mine[0], theirs[0]), pairs, backward, exact, within)
    return left._made(join_asof(left.node, right.node, how, (suffixes[0] or "", suffixes[1] or "")))


def _pair(both: object, left: object, right: object, what: str) -> tuple[list[str], list[str]]:
    """Keys of both sides."""
    if both is not None and (left is not None or right is not None):
        raise PlanError(f"give either {what}, or left_{what} and right_{what}, not both")
    names = [[] if v is None else arguments.names(v, what) for v in ((both, both) if both is not None else (left, right))]
    return names[0], names[1]
