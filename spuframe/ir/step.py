"""One step of a physical plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spuframe.dtypes import Schema


@dataclass(frozen=True)
class Step:
    """One operator.

    Parameters
    ----------
    op : str
        The name of a module of `spuframe.ir.operators`.
    inputs : tuple of int
        Positions of earlier steps.
    params : mapping
        Plain data.
    schema : Schema
    rows : int
        Physical rows; public.
    masked : bool
        Whether a secret validity bit per row exists.
    """

    op: str
    inputs: tuple[int, ...]
    params: Mapping[str, Any]
    schema: Schema
    rows: int
    masked: bool

    def to_plain(self) -> dict[str, Any]:
        return {
            "op": self.op,
            "inputs": list(self.inputs),
            "params": dict(self.params),
            "schema": [f.to_plain() for f in self.schema],
            "rows": self.rows,
            "masked": self.masked,
        }
