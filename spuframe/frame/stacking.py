"""`sf.concat`: frames below each other, and beside each other."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.errors import ForeignFrameError, PlanError, SchemaError, TypeMismatchError
from spuframe.frame import arguments
from spuframe.frame.frame import SecretFrame, SecretSeries
from spuframe.plan import build


@arguments.takes_keywords
def concat(objs: Sequence[SecretFrame], *, axis: int | str = 0) -> SecretFrame:
    """The rows of several frames below each other, as `pandas.concat` with ``ignore_index=True``; all need the same columns and types.

    With ``axis=1`` the columns of frames (and columns) of the same rows side by side.
    """
    if isinstance(objs, SecretFrame | SecretSeries | str) or getattr(objs, "ndim", 1) != 1 or not hasattr(objs, "__iter__"):
        raise TypeMismatchError(f"concat takes a list of SecretFrames, got {type(objs).__name__}: concat([first, second])")
    aside = arguments.plain(axis)
    if isinstance(aside, bool) or not isinstance(aside, int | str) or aside not in (0, 1, "index", "rows", "columns"):
        raise PlanError("`axis` is 0, rows below each other, or 1, columns of the same rows side by side")
    frames = [f.to_frame() if isinstance(f, SecretSeries) and aside in (1, "columns") else f for f in objs]
    if not frames:
        raise PlanError("concat needs at least one frame")
    for frame in frames:
        if not isinstance(frame, SecretFrame):
            raise TypeMismatchError(f"concat takes SecretFrames, got {type(frame).__name__}")
        if frame.session is not frames[0].session:
            raise ForeignFrameError("the frames belong to two sessions: read all tables in one")
    if aside in (0, "index", "rows"):
        return frames[0]._made(build.concat([f.node for f in frames]))
    out = frames[0].copy()
    for frame in frames[1:]:
        for name in frame.columns:
            if name in out:
                raise SchemaError(f"two of the columns are called {name!r}: rename one first, .rename(columns={{{name!r}: 'other'}})")
            out[name] = frame[name]
    return out
