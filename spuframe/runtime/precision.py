"""What the analyst is told of a column's precision."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from spuframe.config import PrecisionWarning
from spuframe.dtypes import Field, Fixed


def warn_rounded(fields: Iterable[Field]) -> None:
    """Warn that float columns hold values that their fraction bits make zero of; not how many, nor where."""
    for field in fields:
        assert isinstance(field.dtype, Fixed)
        f, name = field.dtype.f, field.name
        text = (
            f"column {name!r}: values below 2^-{f + 1} are stored as 0; it keeps {f} fraction bits. Keep more with fraction_bits={{{name!r}: n}} "
            "(values must stay below 2^(62-n)), or scale it or take its logarithm at the owner"
        )
        warnings.warn(text, PrecisionWarning, stacklevel=6)  # the line that read the table
