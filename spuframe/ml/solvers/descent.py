"""Minibatch gradient descent with momentum, over a public number of steps."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from sklearn.exceptions import ConvergenceWarning

from spuframe.errors import PlanError
from spuframe.ml.base import split
from spuframe.plan.tensor import Program, Ref


@dataclass(frozen=True)
class LogisticDescent:
    """Descent of the mean logistic loss of ``sigmoid(X w)``, and whether it arrived.

    Parameters
    ----------
    epochs : int
        Passes over the rows.
    batch : int or None
        About so many rows per step; None: all.
    rate : float or "auto"
    momentum : float
    tol : float or None
        Give the bit: whether the gradient is at most so much. None or 0: do not.
    penalised : int
        How many of the coefficients, from the first, are.
    C : float or None
        The penalty is ``w / (C rows)``; None: there is none.
    scaled : bool
        The columns have mean square 1, not the public bound 1.
    ones : bool
        The last column is 1 in the rows that take part.
    """

    epochs: int
    batch: int | None
    rate: float | Literal["auto"]
    momentum: float
    tol: float | None
    penalised: int
    C: float | None
    scaled: bool
    ones: bool

    def run(self, p: Program, x: Ref, label: Ref, mask: Ref | None) -> tuple[Ref, Ref | None]:
        """The coefficients, and 1 where they have converged, else 0, if that is asked for; ``mask``: rows that take part."""
        n, width = x.rows, x.columns
        batches, size = split(n, self.batch)
        w, v = p.zeros(width, 1), p.zeros(width, 1)
        penalty = 0.0 if self.C is None else 1 / (self.C * n)
        rate = self._rate(width, penalty)
        penalties = [penalty] * self.penalised + [0.0] * (width - self.penalised)
        settle = self.epochs // 4
        self._loop(p, x, label, w, v, (self.epochs - settle) * batches, size, rate, self.momentum, penalties)
        if settle:
            self._loop(p, x, label, w, v, settle * batches, size, rate if batches == 1 else rate / 4, self.momentum / 2, penalties)
        return w, self._converged(p, x, label, w, penalties, self.tol, mask) if self.tol else None

    def _converged(self, p: Program, x: Ref, label: Ref, w: Ref, penalties: list[float], tol: float, mask: Ref | None) -> Ref:
        """1 if no component of the gradient is above the tolerance, else 0: a pass over all rows.

        Sums over the rows that take part are divided by the number of all rows: so is the tolerance.
        """
        error = p.sub(p.logistic(x, w), label)
        gradient = p.matmul_mean(x, error, 1.0, add=[(w, penalties)] if any(penalties) else [], bound=4 * self._steepest(1) / (1 - self.momentum))
        edge = p.full(w.rows, 1, tol)
        if mask is not None:
            edge = p.mul(edge, p.matmul_mean(mask, p.full(x.rows, 1, 1.0), bound=1.0))
        inside = p.number(p.positive(p.vstack([p.sub(edge, gradient), p.add(edge, gradient)])))
        missing = p.sub(p.full(1, 1, 2.0 * w.rows - 0.5), p.matmul(p.full(1, inside.rows, 1.0), inside))
        return p.number(p.positive(p.scale(missing, -1.0)))

    def _loop(self, p: Program, x: Ref, label: Ref, w: Ref, v: Ref, trips: int, size: int, rate: float, momentum: float, penalties: list[float]) -> None:
        bound = 4 * rate * self._steepest(x.rows / size) / (1 - self.momentum)  # momentum m adds up 1 / (1 - m) steps
        with p.loop(trips) as i:
            rows, truth = p.batch(x, size, i), p.batch(label, size, i)
            error = p.sub(p.logistic(rows, w), truth)
            adds = [(v, [momentum] * x.columns), (w, [-rate * c for c in penalties])]
            step = p.matmul_mean(rows, error, -rate, add=adds if any(penalties) else adds[:1], bound=bound)
            p.assign(v, step)
            p.assign(w, p.add(w, step))

    def _steepest(self, batches: float) -> float:
        """The mean of |x e| over a batch is at most that of |x|, and the penalty pulls no harder than the data did."""
        return max(1.0, sqrt(batches)) if self.scaled else 1.0

    def _rate(self, width: int, penalty: float) -> float:
        curvature = width / 4 + penalty
        if self.rate == "auto":
            return min(0.5, (1 + self.momentum) / curvature)
        rate = float(self.rate)
        if rate * penalty > 1:
            raise PlanError(
                f"`learning_rate` {rate:g} with C = {self.C:g} would let the penalty throw the coefficients about: it must be at most "
                f"{1 / penalty:.3g} here; lower it, raise `C` or use learning_rate='auto'"
            )
        # Some direction has a curvature of a quarter at least (of the intercept, of a column of mean square 1): beyond this, every fit diverges.
        most = 2 * (1 + self.momentum) / (0.25 + penalty)
        if rate > most and (self.scaled or self.ones):
            raise PlanError(
                f"`learning_rate` {rate:g} would make the coefficients diverge: with momentum {self.momentum:g} it must be at most {most:.3g} here; "
                "lower it, or use learning_rate='auto'"
            )
        sure = 2 * (1 + self.momentum) / curvature
        if rate > sure and not self.tol:
            warnings.warn(
                f"`learning_rate` {rate:g} may make {width} coefficients diverge, which nobody would see: up to {sure:.3g} none does; lower it, use "
                "learning_rate='auto', or ask with `tol`",
                ConvergenceWarning,
                stacklevel=6,
            )
        return rate
