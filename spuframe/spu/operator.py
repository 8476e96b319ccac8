"""The seam of the operators: one module of `spuframe.spu.operators` per ``op`` of a physical plan, with a function ``run``.

``run(env, step, inputs) -> Table`` is executed alike by every party, and once more without data (``env.box.dry``) to tell its cost:
nothing it does may depend on values that the plan does not open on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol, cast

from spuframe.dtypes import Field
from spuframe.errors import PlanError
from spuframe.ir.step import Step
from spuframe.link.base import Link
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.layout import Layout
from spuframe.spu.share import Share
from spuframe.spu.table import Table

__all__ = ["Delivery", "Env", "Operator", "ShareStore", "Step", "operator"]


class ShareStore(Protocol):
    """Where shares outlive a plan: one per party, kept by its runtime."""

    def put(self, name: str, table: Table) -> None: ...

    def get(self, name: str, layout: Layout) -> Table: ...

    def kept(self, name: str, make: Callable[[], bytes]) -> bytes: ...


@dataclass
class Delivery:
    """What one party hands to the analyst: its messages, by column, in `Protocol.yield_` form.

    ``fields`` describe the columns; ``messages[name]`` are the values, ``valid[name]`` the nulls' bits of that column and ``mask`` the
    rows' validity, each with the kind and shape it stands for.
    """

    fields: tuple[Field, ...]
    rows: int
    messages: dict[str, tuple[Share, Any]] = field(default_factory=dict)
    valid: dict[str, tuple[Share, Any]] = field(default_factory=dict)
    mask: tuple[Share, Any] | None = None


@dataclass
class Env:
    """What an operator may use.

    Parameters
    ----------
    box : BlackBox
    link : Link or None
        None when only the cost is asked for.
    parties : int
    owners : tuple of str
        Owner i is rank ``parties + i``.
    store : ShareStore
    options : mapping
    deliveries : list of Delivery
        Filled by ``reveal``, in the order of the steps.
    """

    box: BlackBox
    link: Link | None
    parties: int
    owners: tuple[str, ...]
    store: ShareStore
    options: Mapping[str, Any] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)


class Operator(Protocol):
    """A function that runs one step."""

    def __call__(self, env: Env, step: Step, inputs: Sequence[Table]) -> Table: ...


def operator(op: str) -> Operator:
    """The function that runs ``op``."""
    name = f"spuframe.spu.operators.{op}"
    if not op.isidentifier() or find_spec(name) is None:
        raise PlanError(f"this SPU has no operator {op!r}: install the same spuframe everywhere")
    return cast(Operator, import_module(name).run)
