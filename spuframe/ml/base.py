"""What estimators share: scikit-learn's parameters, and fitted values that stay secret.

An estimator only builds a tensor program (`spuframe.plan.tensor`); `fit` ships it once, and the parties keep what it leaves in their stores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, frexp
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from spuframe.dtypes import Bool, Field, Fixed, Int, Schema, parse_dtype
from spuframe.errors import ForeignFrameError, NotFittedError, SchemaError, TypeMismatchError
from spuframe.frame.frame import SecretFrame
from spuframe.frame.series import SecretSeries
from spuframe.plan import build
from spuframe.plan.logical import TensorOutput
from spuframe.plan.tensor import Program, Ref


@dataclass(frozen=True, repr=False)
class SecretArray:
    """A fitted value: a matrix of shares kept by the parties.

    Parameters
    ----------
    frame : SecretFrame
        Its rows and columns; the transpose is what scikit-learn shows.
    shape : tuple of int
    """

    frame: SecretFrame
    shape: tuple[int, ...]

    def reveal(self) -> NDArray[np.float64]:
        """The values, shown to the analyst."""
        return np.ascontiguousarray(self.frame.reveal().to_numpy(np.float64).T).reshape(self.shape)

    def __repr__(self) -> str:
        return f"<SecretArray: shape {self.shape}, secret; .reveal() shows it>"


class SecretEstimator(BaseEstimator):  # get_params, set_params, clone and the repr are scikit-learn's own
    """Base of the estimators.

    Every parameter of ``__init__`` is stored under its own name and checked in `fit`, as scikit-learn does.
    """

    def _check_is_fitted(self, attribute: str) -> Any:
        value = getattr(self, attribute, None)
        if value is None:
            raise NotFittedError(f"this {type(self).__name__} is not fitted yet: call fit(X, y) first")
        return value


def features(X: SecretFrame, name: str = "X") -> SecretFrame:
    """Refuse what cannot be a feature matrix, before anything is sent."""
    if not isinstance(X, SecretFrame):
        raise TypeMismatchError(f"`{name}` must be a SecretFrame, got {type(X).__name__}: select columns with frame[[...]]")
    if not len(X.columns):
        raise SchemaError(f"`{name}` has no columns: select at least one feature")
    if not X.rows:
        raise SchemaError(f"`{name}` has no rows: at least one is needed")
    for field in X.schema:
        if not isinstance(field.dtype, Bool | Int | Fixed):
            raise TypeMismatchError(f"column {field.name!r} of `{name}` is {field.dtype}: features must be numbers or booleans; drop or encode it")
    return X


def with_target(X: SecretFrame, y: SecretSeries) -> tuple[SecretFrame, str]:
    """One frame of the features and the target, which must be rows of the same table; and the target's name in it."""
    if not isinstance(y, SecretSeries):
        raise TypeMismatchError(f"`y` must be a SecretSeries, got {type(y).__name__}: select it with frame['name']")
    if y.session is not X.session:
        raise ForeignFrameError("`X` and `y` belong to two sessions: read both tables in one")
    target = "y"
    while target in X.columns:
        target += "_"
    return X.assign(**{target: y}), target


def shifts(fields: Sequence[Field]) -> list[int]:
    """Powers of two that bring every column into [-1, 1], from the public ranges."""
    out = []
    for field in fields:
        low, high = (0, 1) if field.range is None else field.range
        bound = max(abs(low), abs(high), 2.0**-30)
        mantissa, exponent = frexp(bound)
        out.append(exponent - 1 if mantissa == 0.5 else exponent)
    return out


def matrix(program: Program, frame: SecretFrame, columns: Sequence[str], table: int = 0) -> tuple[Ref, Ref | None]:
    """The columns scaled into [-1, 1] by public powers of two, zero where a row does not exist or has a null; and the mask of the rows.

    The mask is None where every row exists and is complete.
    """
    fields = [frame.schema[c] for c in columns]
    partial = frame.masked or any(f.nullable for f in fields)
    x = program.input(table, columns, frame.rows, shifts(fields), masked=partial)
    return x, program.mask(table, columns, frame.rows) if partial else None


def run_program(program: Program, inputs: Sequence[SecretFrame]) -> dict[str, SecretFrame]:
    """Lazy frames for the outputs of a program over ``inputs``, whose sessions must be one."""
    session = inputs[0].session
    for other in inputs[1:]:
        if other.session is not session:
            raise ForeignFrameError("the frames belong to two sessions: fit and predict in the session that read the tables")
    owners = frozenset[str]().union(*(f.owners for frame in inputs for f in frame.schema))
    outputs = []
    for name, out in program.outputs.items():
        bounds = None if out["range"] is None else (float(out["range"][0]), float(out["range"][1]))
        fields = [Field(c, parse_dtype(out["dtype"]), range=bounds, owners=owners) for c in out["columns"]]
        masked = out["like"] is not None and inputs[out["like"]].masked
        outputs.append(TensorOutput(name, Schema.of(fields), out["rows"], masked))
    tensor = build.tensor([frame.node for frame in inputs], program.to_plain(), outputs)
    return {name: SecretFrame(session, build.output(tensor, name)) for name in program.outputs}


def steps(rows: int, batch: int, epochs: int) -> int:
    """Minibatches in ``epochs`` passes over ``rows``."""
    return epochs * ceil(rows / batch)

