"""What the analyst is told of a column's precision."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from spuframe.dtypes import Field
from spuframe.errors import PrecisionWarning


def warn_rounded(fields: Iterable[Field]) -> None:
    """Warn that float columns hold values that their fraction bits keep no digits of, or that are almost the same in them; not how many, nor where."""
    for field in fields:
        f, name = field.dtype.frac, field.name
        text = (
            f"column {name!r}: its values are too small, or too close to each other, for the {f} fraction bits that it keeps: values below 2^-{f + 1} "
            f"are stored as 0, those below 2^-{f - 4} may be off by 3 % and more, and values that differ by less than 2^-{f} may be stored as one. "
            f"Keep more with fraction_bits={{{name!r}: n}} (values must stay below 2^(62-n)), or scale it, subtract what all have in common or take its "
            "logarithm at the owner"
        )
        warnings.warn(text, PrecisionWarning, stacklevel=6)  # the line that read the table
