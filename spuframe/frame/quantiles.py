"""What is said of quantiles: which, and how values are taken between two."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from types import MappingProxyType

from spuframe.errors import PlanError, TypeMismatchError
from spuframe.frame import arguments
from spuframe.ir.aggregates.lower import WHOLE

INTERPOLATIONS = MappingProxyType({"linear": "quantile", "lower": "lower", "higher": "higher", "midpoint": "midpoint"})
"""The aggregate of each."""


def quantiles(q: object, interpolation: object = "linear") -> tuple[list[tuple[float, str]], bool]:
    """Each quantile and its aggregate, and whether several were asked for.

    >>> quantiles(0.25), quantiles([0, 1], "lower")
    (([(0.25, 'quantile[ppm=250000]')], False), ([(0.0, 'lower[ppm=0]'), (1.0, 'lower[ppm=1000000]')], True))
    """
    how = INTERPOLATIONS[arguments.choice(interpolation, "interpolation", tuple(INTERPOLATIONS))]
    one = isinstance(arguments.plain(q), bool | int | float | str | None)
    if not one and not (isinstance(q, Sequence) or getattr(q, "ndim", 0) == 1):
        raise TypeMismatchError(f"`q` must be a number between 0 and 1, or a list of them, got a {type(q).__name__}")
    listed: Iterable[object] = [q] if one else q  # type: ignore[assignment]
    found = [(share, f"{how}[ppm={ppm}]") for share, ppm in map(_share, listed)]
    if not found or len(dict(found)) < len(found):
        raise PlanError("`q` must be different numbers between 0 and 1, one at least")
    return found, not one


def _share(q: object) -> tuple[float, int]:
    """A quantile, and in millionths."""
    value = arguments.plain(q)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise PlanError("`q` must be a number between 0 and 1, or a list of them: 0.5 is the median")
    ppm = Fraction(str(value)) * WHOLE
    if ppm.denominator != 1:
        raise PlanError(f"`q` has six decimals at most, got {value}: round(q, 6)")
    return float(value), int(ppm)


def percent(share: float) -> str:
    """As describe names it.

    >>> percent(0.25), percent(0.999)
    ('25%', '99.9%')
    """
    return f"{float(f'{share * 100:.4f}'):g}%"


def described(percentiles: object) -> list[tuple[str, str]]:
    """The label and the aggregate of what describe gives."""
    between = [] if percentiles is None else [(percent(share), how) for share, how in sorted(quantiles(percentiles)[0])]
    return [("count", "count"), ("mean", "mean"), ("std", "std"), ("min", "min"), *between, ("max", "max")]
