"""What estimators share: scikit-learn's parameters, and fitted values that stay secret.

An estimator only builds a tensor program (`spuframe.plan.tensor`); `fit` ships it once, and the parties keep what it leaves in their stores.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, frexp
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from spuframe.dtypes import DEFAULT_FRACTION_BITS, Field, Schema, parse_dtype
from spuframe.errors import ForeignFrameError, NotFittedError, RangeOverflowError, SchemaError, TypeMismatchError
from spuframe.frame.frame import SecretFrame, SecretSeries
from spuframe.frame.missing import Secret
from spuframe.frame.rows import Rows
from spuframe.frame.shown import to_pandas
from spuframe.ir.words import BEYOND, COARSE, LIMB, Words, distance
from spuframe.ml.parameters import Constraint
from spuframe.plan import build
from spuframe.plan.names import free
from spuframe.plan.nodes.tensor import TensorOutput
from spuframe.plan.tensor import Program, Ref

if TYPE_CHECKING:
    import pyarrow as pa

OFFSET = "offset"
DIVIDED = 30
"""Fraction bits of columns divided by powers of two, where their ranges are known."""
WIDEST = 2.0**40
"""The widest public range of a feature that is not standardised: beyond it are only ranges that say nothing."""


@dataclass(frozen=True, repr=False, eq=False, slots=True)
class SecretArray(Secret):
    """A fitted value: a matrix of shares kept by the parties.

    Parameters
    ----------
    frame : SecretFrame
        Its rows and columns; the transpose is what scikit-learn shows.
    shape : tuple of int
    finish : callable, optional
        Applied to what is revealed, a matrix with the rows and columns of ``frame``: puts in public units.
    """

    frame: SecretFrame
    shape: tuple[int, ...]
    finish: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None
    _what = "a fitted value"

    def reveal(self) -> NDArray[np.float64]:
        """The values, shown to the analyst."""
        return self._shown(self.frame.reveal("arrow"), None, "pandas")

    def _rows(self) -> Rows:
        """What `spuframe.reveal` reveals of it."""
        return self.frame._rows()

    def _shown(self, table: pa.Table, order: int | None, as_: str) -> NDArray[np.float64]:
        """The values, as they were revealed."""
        values = to_pandas(table).to_numpy(np.float64, na_value=np.nan)
        if self.finish is not None:
            values = self.finish(values)
        return np.ascontiguousarray(values.T).reshape(self.shape)

    def __array__(self, *_: object, **__: object) -> NoReturn:
        raise TypeMismatchError(f"{self!r} cannot become an array as it is: NumPy takes what .reveal() shows, if it may be seen")

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeMismatchError(
            f"{self!r} takes no operators: compute with what .reveal() shows, if it may be seen; what a model makes of rows, "
            "predict, decision_function and transform, stays secret"
        )

    __float__ = __int__ = __bool__ = __len__ = __iter__ = __getitem__ = __array__
    __hash__ = None  # type: ignore[assignment]
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __matmul__ = __rmatmul__ = _refuse
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __divmod__ = __rdivmod__ = __pow__ = __rpow__ = __round__ = _refuse
    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = __lshift__ = __rlshift__ = __rshift__ = __rrshift__ = _refuse
    __neg__ = __pos__ = __abs__ = __invert__ = __lt__ = __le__ = __gt__ = __ge__ = __setitem__ = __delitem__ = _refuse
    __eq__ = __ne__ = _refuse

    def __repr__(self) -> str:
        return f"<SecretArray: shape {self.shape}, secret; .reveal() shows it>"


class PublicArray(np.ndarray[Any, np.dtype[np.float64]]):
    """A fitted value that is public, such as an intercept that was not asked for: an array that can be revealed like the secret ones."""

    def __new__(cls, values: NDArray[np.float64]) -> PublicArray:
        return values.view(cls)

    def reveal(self) -> NDArray[np.float64]:
        """The values."""
        return np.array(self)


class SecretEstimator(BaseEstimator):  # get_params, set_params, clone and the repr are scikit-learn's own
    """Base of the estimators.

    Every parameter of ``__init__`` is stored under its own name and checked in `fit`, as scikit-learn does, by what the class declares.
    """

    parameters: ClassVar[Mapping[str, Constraint]]
    """What each parameter of ``__init__`` may be; see `spuframe.ml.parameters.check`."""

    def _check_is_fitted(self, attribute: str) -> Any:
        value = getattr(self, attribute, None)
        if value is None:
            raise NotFittedError(f"this {type(self).__name__} is not fitted yet: call fit(X, y) first")
        return value


def features(X: SecretFrame, name: str = "X", wide: float | None = None) -> SecretFrame:
    """Refuse what cannot be a feature matrix, before anything is sent; ``wide``: the widest public range that is taken."""
    if not isinstance(X, SecretFrame):
        raise TypeMismatchError(f"`{name}` must be a SecretFrame, got {type(X).__name__}: select columns with frame[[...]]")
    if not len(X.columns):
        raise SchemaError(f"`{name}` has no columns: select at least one feature")
    if not X.rows:
        raise SchemaError(f"`{name}` has no rows: at least one is needed")
    for field in X.schema:
        if not field.dtype.as_number.is_numeric:
            raise TypeMismatchError(f"column {field.name!r} of `{name}` is {field.dtype}: features must be numbers or booleans; drop or encode it")
        if wide is not None and _bound(field) > wide:
            raise RangeOverflowError(
                f"column {field.name!r} of `{name}` has the public range {field.range}, beside which its values could not be told from zero: "
                f"declare it when reading (ranges={{{field.name!r}: (low, high)}}), or bound it with .clip(low, high)"
            )
    return X


def same_features(X: SecretFrame, names: Sequence[str]) -> SecretFrame:
    """The columns of a fit in its order; anything but the same set is an error."""
    missing = [c for c in names if c not in features(X).columns]
    extra = [c for c in X.columns if c not in names]
    if missing or extra:
        raise SchemaError(
            f"`X` must have the columns it was fitted with, {list(names)}; it lacks {missing} and has {extra} besides: select them with frame[[...]]"
        )
    selected: SecretFrame = X[list(names)]
    return selected


def same_session(X: SecretFrame, model: SecretFrame) -> None:
    """Fitted values are kept by the parties of one session."""
    if X.session is not model.session:
        raise ForeignFrameError("`X` belongs to another session than the one of the fit: read it there, or fit again")


def with_target(X: SecretFrame, y: SecretSeries) -> tuple[SecretFrame, str]:
    """One frame of the features and the target, which must be rows of the same table; and the target's name in it."""
    features(X)
    if not isinstance(y, SecretSeries):
        raise TypeMismatchError(f"`y` must be a SecretSeries, got {type(y).__name__}: select it with frame['name']")
    if y.session is not X.session:
        raise ForeignFrameError("`X` and `y` belong to two sessions: read both tables in one")
    target = free("y", X.columns)
    return X.assign(**{target: y}), target


def _bound(field: Field) -> float:
    low, high = (0, 1) if field.range is None else field.range
    return max(abs(low), abs(high), 2.0**-30)


def shifts(fields: Sequence[Field]) -> list[int]:
    """Powers of two that bring every column into [-1, 1], from the public ranges."""
    out = []
    for field in fields:
        mantissa, exponent = frexp(_bound(field))
        out.append(exponent - 1 if mantissa == 0.5 else exponent)
    return out


def matrix(program: Program, frame: SecretFrame, columns: Sequence[str], by: Sequence[int]) -> tuple[Ref, Ref | None]:
    """Columns of table 0 divided by powers of two, zero where a row does not exist or has a null in any column of ``frame``; the rows' mask.

    The mask is None where every row exists and is complete.
    """
    partial = frame.masked or any(f.nullable for f in frame.schema)
    x = program.input(0, columns, frame.rows, by, complete=frame.columns if partial else None)
    return x, program.scale(program.mask(0, frame.columns, frame.rows), 2.0**program.f) if partial else None


def exact(program: Program, frame: SecretFrame, columns: Sequence[str], found: Words) -> tuple[Ref, Ref | None]:
    """Columns of table 0 as words, and the mask of the rows that exist and are complete; None where all are."""
    partial = frame.masked or any(f.nullable for f in frame.schema)
    x, _ = program.words(0, columns, frame.rows, found.fractions, found.centres)
    return x, program.mask(0, frame.columns, frame.rows) if partial else None


@dataclass(frozen=True)
class Scaling:
    """What is public of a scaling that the parties keep: where it stands in the model, and how other rows become words for it."""

    words: Words
    rows: int
    labels: tuple[tuple[str, ...], ...]

    @property
    def own(self) -> list[int]:
        """Fraction bits of the columns themselves."""
        return [f - up for f, up in zip(self.words.fractions, self.words.ups, strict=True)]

    def apply(self, p: Program, X: SecretFrame, names: Sequence[str]) -> tuple[Ref, Ref | None]:
        """The columns of table 0, scaled by the model in table 1; and the bits of the values that are held, None where all are."""
        w = self.words
        parts = [p.input(1, list(row), 1) for row in self.labels]
        taken = Taken.of(p, X, names, w.fractions, w.centres, w.sizes)
        out, inside = p.scale_rows(taken.words, max(taken.bits), p.vstack(parts), w.bits, self.rows)
        return out, p.both(inside, taken.inside)


@dataclass(frozen=True)
class Taken:
    """Columns as words for a model that was fitted on others.

    Parameters
    ----------
    words : Ref
        (rows, columns).
    bits : tuple of int
        Column j is less than ``2**bits[j]`` away from its mean in the fit.
    inside : Ref or None
        Bits of the values that a word can hold, a column below the other; None where the public ranges say that all are. The others may be anything.
    narrow : tuple of int
        The columns of which that is asked.
    """

    words: Ref
    bits: tuple[int, ...]
    inside: Ref | None
    narrow: tuple[int, ...]

    @classmethod
    def of(cls, p: Program, X: SecretFrame, names: Sequence[str], fractions: Sequence[int], centres: Sequence[int], bits: Sequence[int]) -> Taken:
        """The columns of table 0, whose means in the fit are within ``2**(bits[j] - 1)`` of the centres."""
        found = [distance(X.schema[name], *of) for name, *of in zip(names, fractions, centres, bits, strict=True)]
        x, inside = p.words(0, names, X.rows, fractions, centres, [edges for _, edges in found])
        return cls(x, tuple(b for b, _ in found), inside, tuple(j for j, (_, edges) in enumerate(found) if edges is not None))

    def rows(self, p: Program) -> Ref | None:
        """Bits of the rows of which every value is held; None where all are."""
        return None if self.inside is None else p.every(self.inside, self.words.rows, self.narrow)


@dataclass(frozen=True)
class Slopes:
    """What is public of weighted sums of columns whose slopes the parties keep as limbs (`Program.score`), and how other rows become words for them.

    Parameters
    ----------
    fractions, centres : tuple of int
        Of the words.
    bits : tuple of int
        Their means are within ``2**(bits[j] - 1)`` of the centres; 0: they are the centres.
    fraction : int
        Fraction bits of the slopes.
    limb, count : int
        Bits and number of their limbs.
    largest : int
        Slopes are below ``2**largest``, per unit of the words.
    width : int
        How many columns.
    """

    fractions: tuple[int, ...]
    centres: tuple[int, ...]
    bits: tuple[int, ...]
    fraction: int
    limb: int
    count: int
    largest: int
    width: int

    @classmethod
    def scaled(cls, found: Words, rows: int, weight: int = 7) -> Slopes:
        """Of columns brought to deviation 1, in so many rows: weights stop at ``2**weight``, deviations are not below ``rows ** -0.5``."""
        width, largest = len(found.fractions), weight + (rows.bit_length() + 1) // 2
        limb = limb_bits(width)
        fraction = found.bits + BEYOND
        return cls(found.fractions, found.centres, found.sizes, fraction, limb, -(-(fraction + largest + 1) // limb), largest, width)

    @classmethod
    def shifted(cls, fields: Sequence[Field], by: Sequence[int], f: int) -> Slopes:
        """Of columns divided by ``2**by[j]`` and weights of f fraction bits."""
        limb = limb_bits(len(by))
        free = [field.dtype.frac for field in fields if field.range is None and not field.dtype.exact]
        more = min([DIVIDED, *(max(own, DEFAULT_FRACTION_BITS) for own in free)])  # a word holds all that a column of unknown range can be
        fractions = tuple(more - s for s in by)
        return cls(fractions, (0,) * len(by), (0,) * len(by), f + more, limb, -(-62 // limb), 61 - f - more, len(by))

    def labels(self) -> list[list[str]]:
        """The model's columns, of each row of limbs and of the centres."""
        return [[f"slope {i} {j}" for j in range(self.width)] for i in range(self.count)] + [[f"centre {j}" for j in range(self.width)]]

    def digits(self) -> list[str]:
        """The model's columns of limbs."""
        return [name for names in self.labels()[:-1] for name in names]

    def row(self, p: Program, slopes: Ref, offset: Ref, centre: Ref) -> tuple[list[Ref], list[str]]:
        """What the model keeps."""
        parts = [*(p.rows(slopes, i, i + 1) for i in range(self.count)), centre, offset]
        return parts, [name for names in self.labels() for name in names] + [OFFSET]

    def coefficients(self, limbs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Slopes per unit of the columns, of a revealed row of their limbs, or of several."""
        words = np.ldexp(limbs, DEFAULT_FRACTION_BITS).astype(np.int64).astype(object).reshape(-1, self.count, self.width)
        whole = sum(words[:, i] << self.limb * i for i in range(self.count))  # exact: the upper limbs of a small negative number cancel
        slopes: NDArray[np.float64] = np.ldexp(np.array(whole, float), np.array(self.fractions) - self.fraction)
        return slopes

    def means(self, p: Program, found: Words, limbs: Ref, centre: Ref, summed: bool = False) -> tuple[Ref, Ref | None, int]:
        """Slopes times means, or their sum, in the ring: right if they fit it. And the same with as many fraction bits as surely do; None if all do."""
        most = self.largest + max(found.reach) + 1 + (self.width.bit_length() if summed else 0)
        unit = min(p.f, COARSE - most)
        drops = [self.fraction - f for f in sorted({p.f, unit}, reverse=True)]
        fine, *coarse = p.origin(limbs, centre, self.centres, max(self.bits), self.limb, drops, summed)
        return fine, coarse[0] if coarse else None, unit

    def apply(self, p: Program, X: SecretFrame, names: Sequence[str]) -> tuple[Ref, Ref | None, Ref | None]:
        """The sums over the columns of table 0 by the model in table 1; the bits of the rows where they do not stop at a bound, and where they are right.

        None where all are.
        """
        taken = Taken.of(p, X, names, self.fractions, self.centres, self.bits)
        *limbs, centre = (p.input(1, row, 1) for row in self.labels())
        bits = max(taken.bits)
        most = bits + self.largest + self.width.bit_length() + 1
        out, inside = p.score(p.sub(taken.words, centre), p.vstack(limbs), p.input(1, [OFFSET], 1), bits, self.limb, self.fraction, most)
        there = taken.rows(p)
        return out, p.both(inside, there), there


def limb_bits(width: int) -> int:
    """Products of limbs, over so many columns and some pairs of each, sum below 2^61."""
    return min(LIMB, (60 - (8 * width).bit_length()) // 2)


def scaling(p: Program, matrix: Ref, found: Words, rows: int) -> tuple[Scaling, Ref, list[str]]:
    """The rows of a scaling below the model's columns: what is public of it, one row, and the names of its columns."""
    labels = tuple(tuple(f"scaling {i} {j}" for j in range(matrix.columns)) for i in range(matrix.rows))
    row = p.hstack([p.rows(matrix, i, i + 1) for i in range(matrix.rows)])
    return Scaling(found, rows, labels), row, [name for names in labels for name in names]


def nullable(frame: SecretFrame) -> list[str]:
    """Columns that may hold nulls."""
    return [f.name for f in frame.schema if f.nullable]


def run_program(program: Program, inputs: Sequence[SecretFrame]) -> dict[str, SecretFrame]:
    """Lazy frames for the outputs of a program over ``inputs``, whose sessions must be one; an output like an input keeps its rows."""
    session = inputs[0].session
    for other in inputs[1:]:
        if other.session is not session:
            raise ForeignFrameError("the frames belong to two sessions: fit and predict in the session that read the tables")
    owners = frozenset[str]().union(*(f.owners for frame in inputs for f in frame.schema))
    outputs = []
    for name, out in program.outputs.items():
        bounds = None if out["range"] is None else (float(out["range"][0]), float(out["range"][1]))
        null = bool(out["complete"]) or out["inside"] is not None
        kinds = zip(out["columns"], map(parse_dtype, out["dtypes"]), strict=True)
        fields = [Field(c, dtype, null, range=bounds, owners=owners) for c, dtype in kinds]
        outputs.append(TensorOutput(name, Schema.of(fields), out["rows"], out["like"]))
    tensor = build.tensor([frame.node for frame in inputs], program.to_plain(), outputs)
    found = {name: build.output(tensor, name) for name in program.outputs}
    like = {name: out["like"] for name, out in program.outputs.items()}
    return {name: SecretFrame(session, node) if like[name] is None else inputs[like[name]]._beside(node) for name, node in found.items()}


def split(rows: int, batch: int | None) -> tuple[int, int]:
    """How many minibatches of nearly ``batch`` rows, all of one size, and that size.

    >>> split(1100, 1024), split(569, None)
    ((2, 550), (1, 569))
    """
    count = 1 if batch is None else ceil(rows / min(batch, rows))
    return count, ceil(rows / count)
