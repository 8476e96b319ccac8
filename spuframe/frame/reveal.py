"""Revealing several results in one plan: those of the same rows side by side."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from spuframe import expr as ex
from spuframe.errors import ForeignFrameError, TypeMismatchError
from spuframe.frame import arguments
from spuframe.frame.frame import SecretFrame
from spuframe.frame.scalar import SecretScalar
from spuframe.frame.series import SecretSeries
from spuframe.frame.shown import to_pandas
from spuframe.plan.logical import LogicalNode

if TYPE_CHECKING:
    import pyarrow as pa


@runtime_checkable
class Secret(Protocol):
    """What else can be revealed: it says which frame that takes, and what it makes of what is shown."""

    def secret(self) -> SecretFrame: ...

    def shown(self, table: pa.Table, order: int | None, as_: str) -> Any: ...


@dataclass
class _Rows:
    """The columns that are wanted of the same rows."""

    base: LogicalNode
    columns: dict[str, ex.Expr] = field(default_factory=dict)

    def add(self, frame: SecretFrame) -> list[str] | None:
        """The names that the frame's columns take here; None if its rows are others."""
        found = frame._onto(self.base)
        if found is None:
            return None
        self.base, exprs = found
        names = []
        for name, e in exprs.items():
            while name in self.columns and self.columns[name] != e:
                name = f"{name}'"
            self.columns[name] = e
            names.append(name)
        return names


def reveal(*results: SecretFrame | SecretSeries | SecretScalar | Secret, as_: str = "pandas") -> tuple[Any, ...]:
    """Compute several frames, columns, numbers and fitted values in one plan, and show them to the analyst.

    Results of the same rows (columns of one frame, predictions of it, comparisons of either) come in the same order, with the same index.

    Parameters
    ----------
    *results : SecretFrame, SecretSeries, SecretScalar, SecretArray
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
    frames = [_frame(r) for r in results]
    if not frames:
        return ()
    session = frames[0].session
    if any(f.session is not session for f in frames):
        raise ForeignFrameError("the results belong to two sessions: reveal those of each on their own")
    groups: list[_Rows] = []
    places: list[tuple[int, list[str]]] = []
    for frame in frames:
        for i, group in enumerate(groups):
            names = group.add(frame)
            if names is not None:
                places.append((i, names))
                break
        else:
            groups.append(_Rows(frame._base))
            places.append((len(groups) - 1, groups[-1].add(frame) or []))
    shown = session.reveal_all([SecretFrame(session, g.base, g.columns).node for g in groups])
    out = []
    for result, frame, (i, names) in zip(results, frames, places, strict=True):
        table = shown[i].table
        if names != table.column_names:
            table = table.select(names)
        out.append(_shown(result, table.rename_columns(frame.columns), shown[i].order, as_))
    return tuple(out)


def _frame(result: object) -> SecretFrame:
    if isinstance(result, SecretFrame):
        return result
    if isinstance(result, SecretSeries):
        return result.to_frame()
    if isinstance(result, SecretScalar):
        return SecretFrame(result.session, result.node)
    if isinstance(result, Secret):
        return result.secret()
    raise TypeMismatchError(f"reveal takes secret frames, columns, numbers and fitted values, got {type(result).__name__}: leave it out")


def _shown(result: object, table: pa.Table, order: int | None, as_: str) -> Any:
    if isinstance(result, SecretScalar):
        return result.shown(table.column(0)[0].as_py())
    if isinstance(result, SecretFrame):
        return table if as_ == "arrow" else to_pandas(table, order)
    if isinstance(result, SecretSeries):
        return table.column(0).combine_chunks() if as_ == "arrow" else to_pandas(table, order)[result.name]
    assert isinstance(result, Secret)
    return result.shown(table, order, as_)
