"""spuframe: a dataframe toolkit for data that nobody may see.

>>> import spuframe as sf
>>> with sf.local(parties=3) as session:  # doctest: +SKIP
...     patients = session.read_csv("hospital.csv", owner="hospital")
...     patients[patients["age"] >= 50].groupby("region").agg(n=("patient_id", "count")).reveal()

The names below are imported when they are first used: the processes of parties and owners import this package too, and must start
without pandas, scikit-learn and the compiler.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spuframe import ml
    from spuframe.config import InsecureWarning, Policy, Quotas
    from spuframe.errors import PrecisionWarning, SpuframeError
    from spuframe.frame.asof import merge_asof
    from spuframe.frame.categories import cut, get_dummies, qcut
    from spuframe.frame.frame import SecretFrame, SecretSeries
    from spuframe.frame.functions import erf, rsqrt, sigmoid
    from spuframe.frame.groupby import GroupBy
    from spuframe.frame.null import null
    from spuframe.frame.reshape import crosstab
    from spuframe.frame.reveal import reveal
    from spuframe.frame.scalar import SecretScalar
    from spuframe.frame.session import Session, local
    from spuframe.frame.stacking import concat
    from spuframe.frame.summary import SecretSummary

__version__ = "0.1.0.dev0"

__all__ = [
    "GroupBy", "InsecureWarning", "Policy", "PrecisionWarning", "Quotas", "SecretFrame", "SecretScalar", "SecretSeries", "SecretSummary", "Session",
    "SpuframeError", "__version__",
    "concat", "crosstab", "cut", "erf", "get_dummies", "local", "merge_asof", "ml", "null", "qcut", "reveal", "rsqrt", "sigmoid",
]  # fmt: skip

_HOMES = {
    "spuframe.config": ("InsecureWarning", "Policy", "Quotas"),
    "spuframe.errors": ("PrecisionWarning", "SpuframeError"),
    "spuframe.frame.asof": ("merge_asof",),
    "spuframe.frame.categories": ("cut", "get_dummies", "qcut"),
    "spuframe.frame.frame": ("SecretFrame", "SecretSeries"),
    "spuframe.frame.groupby": ("GroupBy",),
    "spuframe.frame.null": ("null",),
    "spuframe.frame.reshape": ("crosstab",),
    "spuframe.frame.reveal": ("reveal",),
    "spuframe.frame.scalar": ("SecretScalar",),
    "spuframe.frame.session": ("Session", "local"),
    "spuframe.frame.stacking": ("concat",),
    "spuframe.frame.summary": ("SecretSummary",),
    "spuframe.frame.functions": ("erf", "rsqrt", "sigmoid"),
}


def __getattr__(name: str) -> object:
    if name == "ml":
        return import_module("spuframe.ml")
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(module), name)
    if name.startswith("_") or find_spec(f"{__name__}.{name}") is not None:  # a module of ours that is imported now
        raise AttributeError(f"module 'spuframe' has no attribute {name!r}")
    missing = import_module("spuframe.frame.missing")
    raise missing.missing("spuframe", name, __all__)


def __dir__() -> list[str]:
    return __all__
