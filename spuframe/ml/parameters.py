"""What parameters of estimators may be: each class declares it once, and `check` is the one place that looks.

>>> str(Number(above=0) | Word("auto")), str(Whole(least=1) | Nothing())
("a positive number or 'auto'", 'a whole number of at least 1 or None')
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spuframe.errors import InvalidParameterError


class Constraint(ABC):
    """What a parameter may be; its text completes "`x` must be"."""

    @abstractmethod
    def takes(self, value: object) -> bool:
        """Whether the parameter may be that."""

    def __or__(self, other: Constraint) -> Constraint:
        return _Either(self, other)


@dataclass(frozen=True)
class _Either(Constraint):
    one: Constraint
    other: Constraint

    def takes(self, value: object) -> bool:
        return self.one.takes(value) or self.other.takes(value)

    def __str__(self) -> str:
        return f"{self.one} or {self.other}"


@dataclass(frozen=True)
class Word(Constraint):
    """A certain text."""

    word: str

    def takes(self, value: object) -> bool:
        return isinstance(value, str) and value == self.word

    def __str__(self) -> str:
        return repr(self.word)


@dataclass(frozen=True)
class Nothing(Constraint):
    """None."""

    def takes(self, value: object) -> bool:
        return value is None

    def __str__(self) -> str:
        return "None"


@dataclass(frozen=True)
class Flag(Constraint):
    """True or False."""

    def takes(self, value: object) -> bool:
        return isinstance(value, bool | np.bool_)

    def __str__(self) -> str:
        return "True or False"


@dataclass(frozen=True)
class Whole(Constraint):
    """A whole number."""

    least: int

    def takes(self, value: object) -> bool:
        return isinstance(value, int | np.integer) and not isinstance(value, bool) and int(value) >= self.least

    def __str__(self) -> str:
        return f"a whole number of at least {self.least}"


@dataclass(frozen=True)
class Number(Constraint):
    """A finite number.

    Parameters
    ----------
    above, least, below : float, optional
        Bounds; ``least`` may be met.
    zero : bool
        It may be 0 whatever the bounds.
    because : str
        Why the bounds are where they are.
    """

    above: float | None = None
    least: float | None = None
    below: float | None = None
    zero: bool = False
    because: str = ""

    def takes(self, value: object) -> bool:
        if not isinstance(value, int | float | np.number) or isinstance(value, bool) or not np.isfinite(value):
            return False
        low = (self.above is None or value > self.above) and (self.least is None or value >= self.least)
        return bool((self.zero and value == 0) or (low and (self.below is None or value < self.below)))

    def __str__(self) -> str:
        because = f" ({self.because})" if self.because else ""
        if self.below is not None:
            return f"in {'(' if self.least is None else '['}{self.above if self.least is None else self.least}, {self.below}){because}"
        if self.above == 0:
            return f"a positive number{because}"
        return f"{'0 or ' if self.zero else ''}a number of at least {self.least:g}{because}"


@dataclass(frozen=True)
class Interval(Constraint):
    """Two finite numbers, the first below the second."""

    def takes(self, value: object) -> bool:
        pair = isinstance(value, tuple | list) and len(value) == 2 and all(Number().takes(v) for v in value)
        return pair and value[0] < value[1]  # type: ignore[index]

    def __str__(self) -> str:
        return "a pair (low, high) of finite numbers, low < high"


@dataclass(frozen=True)
class Percentages(Interval):
    """Two numbers from 0 to 100, the first below the second."""

    def takes(self, value: object) -> bool:
        return super().takes(value) and value[0] >= 0 and value[1] <= 100  # type: ignore[index]

    def __str__(self) -> str:
        return "a pair (low, high) of percentages, 0 <= low < high <= 100"


@dataclass(frozen=True)
class Matrix(Constraint):
    """Rows of finite numbers, one at least."""

    def takes(self, value: object) -> bool:
        if not isinstance(value, np.ndarray | list | tuple):
            return False
        try:
            rows = np.asarray(value, np.float64)
        except (TypeError, ValueError):
            return False
        return rows.ndim == 2 and rows.size > 0 and bool(np.isfinite(rows).all())

    def __str__(self) -> str:
        return "an array of finite numbers (rows, columns)"


def check(estimator: Any, declared: Mapping[str, Constraint]) -> None:
    """Refuse parameters that are not what is declared of them.

    Raises
    ------
    InvalidParameterError
        It has ``name``, ``value`` and ``allowed``.
    """
    for name, constraint in declared.items():
        value = getattr(estimator, name)
        if not constraint.takes(value):
            raise InvalidParameterError.of(name, value, str(constraint), type(estimator).__name__)
