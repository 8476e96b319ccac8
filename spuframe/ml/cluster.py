"""Clusters of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import frexp
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spuframe.dtypes import DEFAULT_FRACTION_BITS, Field
from spuframe.errors import RangeOverflowError, SchemaError
from spuframe.frame.frame import SecretFrame, SecretSeries
from spuframe.ir.instructions.clusters import CHANCES
from spuframe.ir.words import bounds
from spuframe.ml.base import WIDEST, SecretArray, SecretEstimator, features, nullable, run_program, same_features, same_session
from spuframe.ml.chances import Chances
from spuframe.ml.kinds import Clusterer, Transformer
from spuframe.ml.parameters import Constraint, Matrix, Nothing, Whole, Word, check
from spuframe.plan.tensor import Program, Ref

INERTIA = "inertia"
BETTER = 12
"""A later start must have an inertia less by ``2**-BETTER`` of it."""
SUMMED = 40
"""Bits of a sum of weights."""


@dataclass(frozen=True)
class Grid:
    """How features become words: less their middles, divided by one power of two, so that distances stay what they are.

    Parameters
    ----------
    f : int
        Fraction bits: squared distances have twice as many.
    shift : int
    middles : tuple of int
        In words.
    """

    f: int
    shift: int
    middles: tuple[int, ...]

    @classmethod
    def of(cls, fields: Sequence[Field]) -> Grid:
        """From the public ranges, whose rows then are within one of the origin."""
        sides = [_bounds(field) for field in fields]
        shift = _exponent(max((high - low) / 2 for low, high in sides))
        f = (60 - (4 * len(fields)).bit_length()) // 2
        return cls(f, shift, tuple(round((low + high) / 2 * 2.0 ** (f - shift)) for low, high in sides))

    @property
    def unit(self) -> float:
        """What one is worth."""
        return 2.0 ** (self.shift - self.f)

    def wider(self, fields: Sequence[Field]) -> int:
        """By which power of two rows of other ranges must be divided besides."""
        far = max(max(abs(b - m * self.unit) for b in _bounds(field)) for field, m in zip(fields, self.middles, strict=True))
        return max(0, _exponent(far) - self.shift)

    def read(self, p: Program, X: SecretFrame, more: int, mask: Ref | None = None) -> Ref:
        """The rows of table 0, zero where the ``mask`` is."""
        complete = list(X.columns) if mask is not None else None
        x = p.input(0, list(X.columns), X.rows, [self.shift + more] * len(X.columns), complete)
        return p.moved(x, [m >> more for m in self.middles], mask)


class KMeans(Transformer, Clusterer, SecretEstimator):
    """Clusters around means (Lloyd's algorithm), of secret rows, without anybody seeing which row belongs to which.

    All ``max_iter`` iterations are made, whatever the data: when nothing changes any more would tell of it. Features are taken in their own units, as
    scikit-learn takes them, with a resolution of about 2^-26 of the widest public range: scale them first where units differ. A cluster that loses
    all its rows keeps its centre. Rows that a filter or a join dropped, and rows with a null in any column, take no part in the fit.

    Parameters
    ----------
    n_clusters : int, default 8
    init : {"k-means++", "random"} or array (n_clusters, n_features), default "k-means++"
        How the first centres are chosen: rows by chance, secretly, those far from others more likely (one candidate for each, no greedy choice among
        several), or all alike; or public numbers.
    n_init : int or "auto", default "auto"
        How many times, of which the one with the least inertia is kept, secretly. "auto": 10 for "random", else 1.
    max_iter : int, default 20
    random_state : int or None, default None
        The chances are public: with the same number the same rows are chosen.

    Attributes
    ----------
    cluster_centers_ : SecretArray (n_clusters, n_features)
    labels_ : SecretSeries
        The cluster of every row of the fit; lazy.
    inertia_ : SecretArray ()
        The sum of the squared distances to the nearest centre.
    n_iter_ : int
        The iterations made: ``max_iter``.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Examples
    --------
    >>> KMeans(3, random_state=0)
    KMeans(n_clusters=3, random_state=0)
    """

    parameters: ClassVar[Mapping[str, Constraint]] = {
        "n_clusters": Whole(least=1),
        "init": Word("k-means++") | Word("random") | Matrix(),
        "n_init": Whole(least=1) | Word("auto"),
        "max_iter": Whole(least=1),
        "random_state": Whole(least=0) | Nothing(),
    }

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: Literal["k-means++", "random"] | ArrayLike = "k-means++",
        n_init: int | Literal["auto"] = "auto",
        max_iter: int = 20,
        random_state: int | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.random_state = random_state

    # ---- fit ---------------------------------------------------------------------------------------
    def fit(self, X: SecretFrame, y: object = None) -> KMeans:
        """Find the centres; runs the plan at once."""
        outputs, grid, drop = self._plan(X)
        fitted, d, k = outputs["model"].persist(), len(X.columns), self.n_clusters
        self._model, self._grid = fitted, grid
        middles = np.array(grid.middles, float) * grid.unit
        word = 2.0**DEFAULT_FRACTION_BITS

        def centres(v: NDArray[np.float64]) -> NDArray[np.float64]:
            return (v.reshape(d, k).T * (word * grid.unit) + middles).reshape(1, k * d)

        names = [name for row in _labels(d, k) for name in row]
        self.cluster_centers_ = SecretArray(fitted[names], (k, d), centres)
        self.inertia_ = SecretArray(fitted[[INERTIA]], (), lambda v: v * (word * 2.0**drop * grid.unit**2))
        self.n_iter_ = self.max_iter
        self.n_features_in_ = d
        self.feature_names_in_ = np.array(list(X.columns), dtype=object)
        self.labels_ = self.predict(X)
        return self

    def fit_plan(self, X: SecretFrame, y: object = None) -> dict[str, SecretFrame]:
        """The lazy result of `fit`, for ``explain()`` before anything runs: ``{"model": one row}``."""
        return self._plan(X)[0]

    def _plan(self, X: SecretFrame) -> tuple[dict[str, SecretFrame], Grid, int]:
        check(self, self.parameters)
        features(X)
        d, n, k = len(X.columns), X.rows, self.n_clusters
        given = None if isinstance(self.init, str) else np.asarray(self.init, np.float64)
        if n < k:
            raise SchemaError(f"`X` has {n} rows, and there must be at least as many as clusters, {k}: lower `n_clusters`")
        if given is not None and given.shape != (k, d):
            raise SchemaError(f"`init` has the shape {given.shape}, and there are {k} clusters of {d} features: give a row for each cluster")
        grid = Grid.of(list(X.schema))
        p = Program(f=grid.f)
        partial = X.masked or bool(nullable(X))
        mask = p.mask(0, list(X.columns), n) if partial else None
        x, rows = grid.read(p, X, 0, mask), mask or p.full(n, 1, 2.0**-p.f)
        chances = Chances(self.random_state)
        usual = 10 if isinstance(self.init, str) and self.init == "random" else 1
        times = 1 if given is not None else usual if self.n_init == "auto" else int(self.n_init)
        drop = n.bit_length()
        runs = [self._run(p, x, rows, given, grid, chances, drop) for _ in range(times)]
        centres, inertia = runs[0]
        if len(runs) > 1:
            worse = [p.add(lost, p.rounded(p.full(1, 1, i * 2.0**-p.f), lost, BETTER)) if i else lost for i, (_, lost) in enumerate(runs)]
            best, _, _ = p.argmin(p.hstack(worse))  # a later one only if it is better by more than rounding may make it
            centres, inertia = (p.selected(best, list(parts)) for parts in zip(*runs, strict=True))
        names = [name for row in _labels(d, k) for name in row]
        parts = [*(p.rows(centres, j, j + 1) for j in range(d)), inertia]
        p.output("model", p.hstack(parts), [*names, INERTIA], fractions=[DEFAULT_FRACTION_BITS] * (d * k + 1))
        return run_program(p, [X]), grid, drop

    def _run(
        self, p: Program, x: Ref, rows: Ref, given: NDArray[np.float64] | None, grid: Grid, chances: Chances, drop: int
    ) -> tuple[Ref, Ref]:
        """The centres (d, k) after all iterations, and the inertia with ``2 f - drop`` fraction bits."""
        if given is None:
            start = self._seeds(p, x, rows, chances)
        else:
            words = np.rint(given / grid.unit) - np.array(grid.middles, float)
            start = p.constant((words.clip(-(2.0**p.f), 2.0**p.f) * 2.0**-p.f).T.tolist())
        centres = p.scale(start, 1.0)
        with p.loop(self.max_iter):
            hot, _, _ = p.argmin(p.distances(x, centres))
            found = p.means(p.choose(hot, x), p.choose(hot, rows), p.transpose(centres), x.rows)
            p.assign(centres, p.transpose(found))
        _, least, _ = p.argmin(p.distances(x, centres, whole=True))
        return centres, p.total(rows, least, drop)

    def _seeds(self, p: Program, x: Ref, rows: Ref, chances: Chances) -> Ref:
        """The first centres: rows by chance."""
        drawn = [chances.draw(CHANCES) for _ in range(self.n_clusters)]
        hot = p.draw(rows, drawn[0])
        seeds, left = [p.transpose(p.choose(hot, x))], rows
        size = 2 * p.f + (4 * x.columns).bit_length() + x.rows.bit_length()
        for chance in drawn[1:]:
            if isinstance(self.init, str) and self.init == "random":
                left = p.sub(left, hot)
                weights = left
            else:
                _, least, _ = p.argmin(p.distances(x, p.hstack(seeds), whole=True))
                weights = p.rounded(rows, least, max(0, size - SUMMED))
            hot = p.draw(weights, chance)
            seeds.append(p.transpose(p.choose(hot, x)))
        return p.hstack(seeds)

    # ---- other rows --------------------------------------------------------------------------------
    def predict(self, X: SecretFrame) -> SecretSeries:
        """The nearest centre of every row, secret and lazy; null where any feature is."""
        p, X, apart, _ = self._apart(X)
        _, _, place = p.argmin(apart)
        p.output("label", place, ["label"], like=0, range=(0, max(1, self.n_clusters - 1)), complete=nullable(X), fractions=[0])
        label: SecretSeries = run_program(p, [X, self._model])["label"]["label"]
        return label.astype("int64")

    def transform(self, X: SecretFrame) -> SecretFrame:
        """The distances from all centres, secret and lazy; null where any feature is."""
        p, X, apart, more = self._apart(X, whole=True)
        fraction = p.f - self._grid.shift - more
        roots = p.scale(p.roots(apart), 2.0 ** max(0, -fraction))
        names = [f"kmeans{i}" for i in range(apart.columns)]
        p.output("apart", roots, names, like=0, complete=nullable(X), fractions=[max(0, fraction)] * len(names))
        return run_program(p, [X, self._model])["apart"]

    def score(self, X: SecretFrame, y: object = None) -> float:
        """The inertia of other rows, negative; **reveals** that one number to the analyst."""
        p, X, apart, more = self._apart(X, whole=True)
        mask = p.mask(0, list(X.columns), X.rows)
        _, least, _ = p.argmin(apart)
        drop = X.rows.bit_length()
        p.output("score", p.total(mask, least, drop), ["score"], fractions=[DEFAULT_FRACTION_BITS])
        found = run_program(p, [X, self._model])["score"]["score"].reveal()
        return -float(found.iloc[0]) * 2.0 ** (DEFAULT_FRACTION_BITS + drop + 2 * more) * self._grid.unit**2

    def _apart(self, X: SecretFrame, whole: bool = False) -> tuple[Program, SecretFrame, Ref, int]:
        """A program of the squared distances of rows from the centres, and by which power of two more both are divided."""
        model: SecretFrame = self._check_is_fitted("_model")
        names: list[str] = list(self.feature_names_in_)
        X = same_features(X, names)
        same_session(X, model)
        more = self._grid.wider(list(X.schema))
        p = Program(f=self._grid.f)
        shift = p.f - DEFAULT_FRACTION_BITS + more  # the model's words have p.f fraction bits, whatever their type says
        parts = [p.input(1, row, 1, [shift] * len(row)) for row in _labels(len(names), self.n_clusters)]
        return p, X, p.distances(self._grid.read(p, X, more), p.vstack(parts), whole), more


def _labels(d: int, k: int) -> list[list[str]]:
    """The model's columns: of each feature those of all clusters."""
    return [[f"centre {i} {j}" for i in range(k)] for j in range(d)]


def _bounds(field: Field) -> tuple[float, float]:
    low, high, f = bounds(field)
    if max(-low, high) > WIDEST * 2.0**f:
        raise RangeOverflowError(
            f"column {field.name!r} of `X` has the public range {field.range or (low * 2.0**-f, high * 2.0**-f)}, beside which distances could not "
            f"be told from zero: declare it when reading (ranges={{{field.name!r}: (low, high)}}), or bound it with .clip(low, high)"
        )
    return low * 2.0**-f, high * 2.0**-f


def _exponent(x: float) -> int:
    """The least power of two that is not below x."""
    mantissa, exponent = frexp(max(x, 2.0**-30))
    return exponent - 1 if mantissa == 0.5 else exponent


