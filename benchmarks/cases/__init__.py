"""The cases: every module here has ``CASES``; a case makes its inputs, runs over a `BlackBox`, and checks what came out.

Inputs are dealt by rank 0 over the link, before the clock starts, from values that every rank draws from one seed: what is timed is the
computing party's work alone. Checks open the whole result afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import numpy as np

from benchmarks import data
from spuframe.dtypes import Field, Schema
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.encoding import column_kind
from spuframe.spu.operator import Env, Step, operator
from spuframe.spu.share import BIT, Arithmetic, Array, Kind, Share, pack
from spuframe.spu.table import Column, Table


class WrongResultError(AssertionError):
    """A case computed something else than it should."""


class Desk:
    """What a case needs besides the operations themselves: shares of plain values, and a look at results.

    Parameters
    ----------
    box : BlackBox
        With a context.
    """

    def __init__(self, box: BlackBox) -> None:
        self.box = box
        assert box.ctx is not None
        self.rank = box.ctx.rank
        self.link = box.ctx.link

    # ---- in ----------------------------------------------------------------------------------------
    def share(self, values: Array, kind: Kind) -> Share:
        """Shares of plain words (signed ones modulo 2^bits), dealt by rank 0."""
        protocol, parties, shape = self.box.protocol, self.box.parties, values.shape
        if self.rank == 0:
            words = pack(values) if kind == BIT else values.astype(kind.word)  # signed ones wrap
            mine, *theirs = protocol.deal(parties, words, kind, shape)
            for to, message in enumerate(theirs, 1):
                self.link.send(to, np.ascontiguousarray(message))
        else:
            mine = np.empty(protocol.deal_sizes(parties, kind, shape)[self.rank], np.uint8)
            self.link.recv_into(0, mine)
        return protocol.accepted(self.rank, parties, mine, kind, shape)

    def fixed(self, values: Array, f: int = data.F) -> Share:
        return self.share(np.rint(values * 2.0**f).astype(np.int64), Arithmetic(64))

    def table(self, fields: Sequence[Field], columns: Sequence[Array]) -> Table:
        """A table of integer columns without nulls."""
        made = {f.name: Column(f, self.share(c, column_kind(f)[0])) for f, c in zip(fields, columns, strict=True)}
        return Table(made, len(columns[0]))

    def operate(self, op: str, params: dict[str, Any], fields: Sequence[Field], rows: int, masked: bool) -> Callable[..., Table]:
        """The operator ``op`` as a function of the box and its input tables."""
        step = Step(op, (), params, Schema.of(fields), rows, masked)
        run = operator(op)
        return lambda box, *tables: run(Env(box, self.link, box.parties, (), _NoStore()), step, tables)

    # ---- out ---------------------------------------------------------------------------------------
    def words(self, x: Share) -> Array:
        """The plain words, at every rank."""
        return self.box.open(x)

    def signed(self, x: Share) -> Array:
        words = self.words(x)
        return words.view(np.dtype(f"i{words.dtype.itemsize}"))

    def real(self, x: Share, f: int = data.F) -> Array:
        return self.signed(x).astype(np.float64) * 2.0**-f

    def column(self, table: Table, name: str) -> Array:
        return self.signed(table.columns[name].values)

    def mask(self, table: Table) -> Array:
        return np.ones(table.rows, bool) if table.valid is None else self.words(table.valid).astype(bool)


class Shapes(Desk):
    """A desk for a box that runs dry: nothing is dealt."""

    def __init__(self, box: BlackBox) -> None:
        self.box = box
        self.link = None  # type: ignore[assignment]  # nothing travels

    def share(self, values: Array, kind: Kind) -> Share:
        return Share(kind, values.shape, ())


class _NoStore:
    def put(self, name: str, table: Table) -> None:
        raise LookupError(name)

    def get(self, name: str) -> Table:
        raise LookupError(name)


def same(got: Array, true: Array) -> None:
    """Refuse anything but equal values."""
    if got.shape != true.shape or not np.array_equal(got, true):
        wrong = int((got != true).sum()) if got.shape == true.shape else -1
        raise WrongResultError(f"{wrong} of {true.size} values are wrong" if wrong >= 0 else f"shape {got.shape} instead of {true.shape}")


def near(got: Array, true: Array, error: float) -> None:
    """Refuse values that are further off than ``error``."""
    worst = float(np.abs(got - true).max())
    if not worst <= error:
        raise WrongResultError(f"off by {worst:g}, {error:g} is allowed")


def relative(got: Array, true: Array, error: float) -> None:
    """Refuse values that are further off than ``error`` times the true ones."""
    near(got / true, np.ones_like(true), error)


@dataclass(frozen=True)
class Work:
    """A case with its inputs in place.

    Parameters
    ----------
    run : callable
        ``run(box)``: what is timed.
    check : callable
        ``check(result)``: raises `WrongResultError`; makes the plain values anew, so that they take no memory meanwhile.
    """

    run: Callable[[BlackBox], Any]
    check: Callable[[Any], None]


@dataclass(frozen=True)
class Case:
    """One operation.

    Parameters
    ----------
    name : str
    n : int
        The size that is reported.
    quick : int
        A size for tests.
    make : callable
        ``make(desk, n) -> Work``, alike at every rank.
    sweep : tuple of int
        Sizes of ``--sweep``; none: left out.
    rows : callable
        Rows in size n.
    most : int
        Larger sizes of the sweep run with ``--full`` only.
    """

    name: str
    n: int
    quick: int
    make: Callable[[Desk, int], Work]
    sweep: tuple[int, ...] = ()
    rows: Callable[[int], int] = field(default=lambda n: n)
    most: int = 10_000_000


SWEEP = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)


def modules() -> list[str]:
    return sorted(m.name for m in iter_modules(__path__))


def find(module: str) -> list[Case]:
    """The cases of a module."""
    return list(import_module(f"{__name__}.{module}").CASES)


def by_name(name: str) -> Case:
    """The case called so, wherever it stands."""
    found = {case.name: case for module in modules() for case in find(module)}
    if name not in found:
        raise LookupError(f"no case {name!r}: there are {', '.join(found)}")
    return found[name]
