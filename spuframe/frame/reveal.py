"""Revealing several results in one plan: those of the same rows side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from spuframe.errors import ForeignFrameError, TypeMismatchError
from spuframe.frame import arguments
from spuframe.frame.rows import Rows
from spuframe.plan.names import free

if TYPE_CHECKING:
    import pyarrow as pa


@runtime_checkable
class Revealable(Protocol):
    """What can be revealed says which rows that takes, and what it makes of what is shown of them."""

    def _rows(self) -> Rows: ...

    def _shown(self, table: pa.Table, order: int | None, as_: str) -> Any: ...


def reveal(*results: Revealable, as_: str = "pandas") -> tuple[Any, ...]:
    """Compute several frames, columns, numbers and fitted values in one plan, and show them to the analyst.

    Results of the same rows (columns of one frame, predictions of it, comparisons of either) come in the same order, with the same index.

    Parameters
    ----------
    *results : SecretFrame, SecretSeries, SecretScalar, SecretSummary, SecretArray
        Of one session.
    as_ : {"pandas", "arrow"}
        What frames and columns are shown as.

    Returns
    -------
    tuple
        What ``reveal()`` of each would give, in their order.

    Examples
    --------
    >>> y, p = sf.reveal(cohort["ill"], model.predict_proba(X)["1"])  # doctest: +SKIP
    >>> sklearn.metrics.roc_auc_score(y, p)  # doctest: +SKIP
    """
    arguments.choice(as_, "as_", ("pandas", "arrow"))
    wanted = [_rows_of(r) for r in results]
    if not wanted:
        return ()
    session = wanted[0].session
    if any(rows.session is not session for rows in wanted):
        raise ForeignFrameError("the results belong to two sessions: reveal those of each on their own")
    groups: list[Rows] = []
    places: list[tuple[int, list[str]]] = []
    for rows in wanted:
        for i, group in enumerate(groups):
            found = _beside(group, rows)
            if found is not None:
                groups[i], names = found
                places.append((i, names))
                break
        else:
            groups.append(rows)
            places.append((len(groups) - 1, list(rows.columns)))
    shown = session.reveal_all([group.node for group in groups])
    out = []
    for result, rows, (i, names) in zip(results, wanted, places, strict=True):
        table = shown[i].table
        if names != table.column_names:
            table = table.select(names)
        out.append(result._shown(table.rename_columns(list(rows.columns)), shown[i].order, as_))
    return tuple(out)


def _beside(group: Rows, rows: Rows) -> tuple[Rows, list[str]] | None:
    """Columns beside those that are wanted of the same rows, and the names that they take there; None if their rows are others."""
    moved = rows.onto(group.base)
    if moved is None:
        return None
    columns, names = dict(group.columns), []
    for name, e in moved.columns.items():
        names.append(free(name, {n for n, known in columns.items() if known != e}))
        columns[names[-1]] = e
    return Rows(group.session, moved.base, columns), names


def _rows_of(result: object) -> Rows:
    if isinstance(result, Revealable):
        return result._rows()
    raise TypeMismatchError(f"reveal takes secret frames, columns, numbers and fitted values, got {type(result).__name__}: leave it out")
