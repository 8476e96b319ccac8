"""How kernels are run, for the black box: found in the protocol's table, in chunks that stay in the cache, in common rounds with others, and charged.

Without a context nothing runs and only the declared cost is added up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from math import prod
from typing import Any, TypeVar, cast

from spuframe.errors import MissingKernelError
from spuframe.ir.physical import BATCH_ROWS
from spuframe.spu.context import Context, Needs
from spuframe.spu.kernel import Cost, Derived, Kernel, Name, Protocol, in_parallel
from spuframe.spu.rows import LEAST_SLICE, SLICE_BATCHES, Rows, Work, by_slices
from spuframe.spu.share import Kind, Share, common_shape, empty
from spuframe.spu.table import Table

T = TypeVar("T")
U = TypeVar("U")

CHUNK_ROWS = 1 << 17
"""Rows of 64 bits that a kernel takes at a time, so that what it computes stays in the cache; `benchmarks.run --chunk-rows` measures it."""

CHUNKS = 4
"""Into how many chunks a long vector of narrow rows is cut, so that one computes while the messages of others travel; none has fewer than `CHUNK_ROWS`
rows, nor less than half the bytes of a chunk of 64 bits a row: what a chunk costs by itself would show."""


class Engine:
    """Runs the kernels of one protocol.

    Parameters
    ----------
    protocol : Protocol
    parties : int
    ctx : Context or None
        None: nothing runs, results have shapes only, `declared` still adds up.
    batch_rows : int
        Rows in common rounds; a multiple of 64.
    chunk_rows : int
        Rows computed at a time; a multiple of 64.
    """

    def __init__(self, protocol: Protocol, parties: int, ctx: Context | None = None, batch_rows: int = BATCH_ROWS, chunk_rows: int = CHUNK_ROWS) -> None:
        self.protocol = protocol
        self.parties = parties
        self.ctx = ctx
        self.batch_rows = batch_rows
        self.chunk_rows = chunk_rows
        self.declared = Cost()
        self.calls: dict[str, int] = {}
        self._at: tuple[Name | None, int] = (Name(), 0)  # the task that runs, none where it is a slice of rows; and how many names it has given

    @property
    def dry(self) -> bool:
        return self.ctx is None

    # ---- independent work ---------------------------------------------------------------------------
    def together(self, tasks: Sequence[Callable[[], T]], needs: Needs = (), counted: bool = False) -> list[T]:
        """Run computations that do not wait for each other in common rounds, those of the longest chain of them.

        For many alike operations on few rows `spuframe.spu.shaping.stacked` is cheaper: one kernel instead of many.

        Parameters
        ----------
        tasks : sequence of callable
        needs : sequence of collection of int, optional
            For each task the earlier ones that must have ended before it starts.
        counted : bool
            Whether each task finds its own traffic at the link: see `spuframe.spu.context.Context.together`.

        Returns
        -------
        list
            What they returned.

        Examples
        --------
        >>> from spuframe.plugins import protocol
        >>> from spuframe.spu.blackbox import BlackBox
        >>> from spuframe.spu.share import Arithmetic
        >>> box = BlackBox(protocol("aby3"), 3)
        >>> x = Share(Arithmetic(64), (10,), ())
        >>> _ = box.together([lambda: box.msb(x), lambda: box.mul(x, x)])
        >>> box.declared.rounds  # of the comparison alone
        7
        """
        if len(tasks) == 1:
            return [tasks[0]()]
        costs, name = [Cost()] * len(tasks), self._name()
        at: list[tuple[Name | None, int]] = [(None if name is None else Name((*name, i)), 0) for i in range(len(tasks))]

        def swap(i: int) -> None:
            costs[i], self.declared = self.declared, costs[i]
            at[i], self._at = self._at, at[i]

        if self.ctx is None:
            results = []
            for i, task in enumerate(tasks):
                swap(i)
                results.append(task())
                swap(i)
        else:
            results = self.ctx.together(tasks, needs, swap, counted)
        self.declared += in_parallel(costs, needs)
        return results

    def both(self, first: Callable[[], T], second: Callable[[], U]) -> tuple[T, U]:
        """Two computations in common rounds."""
        tasks: list[Callable[[], Any]] = [first, second]
        one, other = self.together(tasks)
        return one, other

    def _name(self) -> Name | None:
        """Of what comes next in this task; none in work on slices of rows, which a dry run does not do as often."""
        task, count = self._at
        self._at = task, count + 1
        return None if task is None else Name((*task, count))

    # ---- many rows ------------------------------------------------------------------------------
    def by_slices(self, table: Table, work: Work, width: int = 1) -> list[Share | None]:
        """Shares that ``work`` computes row by row from a table, some batches at a time: see `spuframe.spu.rows.by_slices`.

        ``width`` is how many intermediate results are on their way at once: the more, the fewer rows a slice has.
        """
        most = SLICE_BATCHES * self.batch_rows
        rows = max(most // width // 64 * 64, min(most, LEAST_SLICE))
        at, self._at = self._at, (None, 0)
        try:
            return by_slices(table, rows, self._repeated if self.dry else None, work)
        finally:
            self._at = at

    def _repeated(self, count: int, run: Callable[[], None]) -> None:
        before, calls = self.declared, dict(self.calls)
        run()
        self.declared += (self.declared - before).times(count - 1)
        for name, now in self.calls.items():
            self.calls[name] += (now - calls.get(name, 0)) * (count - 1)

    # ---- how a kernel is run ----------------------------------------------------------------------
    def _kernel(self, name: str) -> Kernel | Derived:
        kernel = self.protocol.kernels.get(name)
        if kernel is None:
            raise MissingKernelError(f"protocol {self.protocol.name!r} has no kernel {name!r}: choose another protocol for this plan")
        return kernel

    def _derives(self, name: str) -> bool:
        """Whether a kernel is composed of others: then nothing is gained by fusing it with one."""
        return isinstance(self.protocol.kernels.get(name), Derived)

    def _charge(self, name: str, cost: Cost, calls: int) -> None:
        self.declared += cost
        self.calls[name] = self.calls.get(name, 0) + calls

    def _run(self, name: str, arguments: tuple[Any, ...], shape_only: Callable[[], Any]) -> Any:
        kernel = self._kernel(name)
        if isinstance(kernel, Derived):
            self._charge(name, Cost(), 1)
            return kernel.run(self, *arguments)
        self._charge(name, kernel.cost(self.parties, *arguments), 1)
        return shape_only() if self.ctx is None else kernel.run(self.ctx, *arguments)

    def _rowwise(self, name: str, shares: Sequence[Share], kind: Kind, arguments: Callable[[Sequence[Share]], tuple[Any, ...]]) -> Share:
        """Run a kernel whose rows do not depend on each other: in chunks that stay in the cache, the chunks of a batch in common rounds."""
        shape = common_shape(*shares)
        n = shape[0]
        if n == 0:
            return Share(kind, shape, ()) if self.dry else empty(self.protocol.layout, kind, shape)
        shares = [s if s.shape == shape else s.broadcast(shape) for s in shares]
        kernel = self._kernel(name)
        if isinstance(kernel, Derived):  # its own kernels are cut
            made = cast(Share, self._run(name, arguments([s if len(shape) == 1 else s.reshape(-1) for s in shares]), lambda: None))
            return made if len(shape) == 1 else made.reshape(*shape)
        most, words = min(self.chunk_rows, self.batch_rows), prod(shape)
        chunk, batch = (n, n) if words <= most else self._cut(n, max(kind.bits, *(s.bits for s in shares)) * (words // n), most)
        if n <= chunk:
            return cast(Share, self._run(name, arguments(shares), lambda: Share(kind, shape, ())))

        def piece(start: int) -> tuple[Any, ...]:
            return arguments([s.slice(start, min(start + chunk, n)) for s in shares])

        run, (whole, rest) = kernel.run, divmod(n, chunk)
        cost = kernel.cost(self.parties, *piece(0))
        last = kernel.cost(self.parties, *piece(whole * chunk)) if rest else Cost()
        rounds = max(cost.rounds, last.rounds) * -(-n // batch)
        self._charge(name, replace(cost.times(whole) + last, rounds=rounds), whole + bool(rest))
        if self.ctx is None:
            return Share(kind, shape, ())
        rows = Rows(kind, shape)

        def put(start: int) -> None:
            rows.put(start, run(self.ctx, *piece(start)))

        for first in range(0, n, batch):
            self.ctx.together([partial(put, start) for start in range(first, min(first + batch, n), chunk)])
        return rows.share()

    def _cut(self, n: int, bits: int, most: int) -> tuple[int, int]:
        """Rows of a chunk and of a batch, multiples of 64, for rows of so many bits: what is sized is bytes."""

        def rows(of_64_bits: int) -> int:
            return max(64, of_64_bits * 64 // bits // 64 * 64)

        batch = rows(self.batch_rows)
        several = -(-n // (64 * CHUNKS)) * 64
        chunk = min(rows(most), max(several, most, rows(most // 2)))
        return chunk, max(chunk, batch // chunk * chunk)
