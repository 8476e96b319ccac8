"""The arithmetic black box: the operations on shares that algorithms are written with.

It looks a kernel up in the protocol's table, cuts long vectors into chunks that stay in the cache, lets the chunks of a batch share their
rounds, and adds up the declared cost. Without a context it runs nothing and only adds up: the same algorithm then tells its cost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from math import prod
from typing import Any, TypeVar, cast

import numpy as np

from spuframe.errors import MissingKernelError, PlanError, RangeOverflowError, TypeMismatchError
from spuframe.ir.physical import BATCH_ROWS
from spuframe.spu.context import Context, Needs
from spuframe.spu.kernel import Cost, Derived, Kernel, Name, Permutation, Protocol, in_parallel
from spuframe.spu.rows import LEAST_SLICE, SLICE_BATCHES, Rows, Work, by_slices
from spuframe.spu.share import BIT, Arithmetic, Array, Boolean, Kind, Share, common_shape, empty, pack
from spuframe.spu.table import Table

T = TypeVar("T")
U = TypeVar("U")

CHUNK_ROWS = 1 << 17
"""Rows of 64 bits that a kernel takes at a time, so that what it computes stays in the cache; `benchmarks.run --chunk-rows` measures it."""

CHUNKS = 4
"""Into how many chunks a long vector of narrow rows is cut, so that one computes while the messages of others travel; none has fewer than `CHUNK_ROWS`
rows, nor less than half the bytes of a chunk of 64 bits a row: what a chunk costs by itself would show."""

COEFFICIENT_BITS = 32
"""Fraction bits of the coefficients of `BlackBox.fourier`: far fewer than floating point has, far more than any series needs."""


class BlackBox:
    """Operations on shares under one protocol.

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

    # ---- public values --------------------------------------------------------------------------
    def constant(self, values: Array | int, kind: Kind, shape: tuple[int, ...]) -> Share:
        """A public scalar or array as a share; signed values are taken modulo 2^bits, bits as zeros and ones."""
        if self.ctx is None:
            return Share(kind, shape, ())
        if kind == BIT:
            bits = np.broadcast_to(np.asarray(values, np.uint8), shape)
            return self.protocol.constant(self.ctx.rank, self.parties, pack(bits), kind, shape)
        if isinstance(values, int):
            one = np.full((1,) * len(shape), values % (1 << kind.bits), kind.word)
            words: Array = one if shape == one.shape else np.broadcast_to(one, shape)
        else:
            words = np.broadcast_to(values.astype(kind.word), shape)
        return self.protocol.constant(self.ctx.rank, self.parties, words, kind, shape)

    def add_public(self, x: Share, values: Array | int) -> Share:
        if isinstance(values, int) and isinstance(x.kind, Arithmetic):  # one row, broadcast: nothing of the size of x is made for it
            return x + self.constant(values, x.kind, (1,) * len(x.shape))
        return x + self.constant(values, x.kind, x.shape)

    def not_(self, x: Share) -> Share:
        """Complement of a bit or of every bit of a word."""
        if isinstance(x.kind, Arithmetic):
            raise TypeMismatchError("not_ needs a boolean share, got an arithmetic one: convert it with a2b")
        return x ^ self.constant(1 if x.is_bit else x.kind.mask, x.kind, x.shape)

    # ---- kernels --------------------------------------------------------------------------------
    def dot(self, xs: Sequence[Share], ys: Sequence[Share], f: int = 0) -> Share:
        """``sum_j xs[j] * ys[j]``, at the traffic of one product; truncated by ``f`` bits if f > 0."""
        m = len(xs)
        if not m or m != len(ys):
            raise PlanError(f"dot needs as many left as right factors, at least one, got {m} and {len(ys)}")
        both = [*xs, *ys]
        _arithmetic("dot", *both)
        _fraction("dot", xs[0], f)
        if f and self._derives("trunc"):
            return self.trunc(self.dot(xs, ys), f)
        return self._rowwise("dot", both, xs[0].kind, lambda s: (list(s[:m]), list(s[m:]), f))

    def mul(self, x: Share, y: Share, f: int = 0) -> Share:
        return self.dot([x], [y], f)

    def matmul(self, x: Share, y: Share, f: int = 0) -> Share:
        """The matrix product, at the traffic of its result; truncated by ``f`` bits if f > 0."""
        _arithmetic("matmul", x, y)
        _fraction("matmul", x, f)
        if len(x.shape) != 2 or len(y.shape) != 2 or x.shape[1] != y.shape[0]:
            raise PlanError(f"matmul needs matrices (n, m) and (m, p), got shapes {x.shape} and {y.shape}: reshape or transpose one of them")
        if f and self._derives("trunc"):
            return self.trunc(self.matmul(x, y), f)
        return cast(Share, self._run("matmul", (x, y, f), lambda: Share(x.kind, (x.shape[0], y.shape[1]), ())))

    def outer(self, x: Share, y: Share, f: int = 0) -> Share:
        """``x[i] * y[j]`` for vectors; truncated by ``f`` bits if f > 0."""
        return self.matmul(x.reshape(-1, 1), y.reshape(1, -1), f)

    def trunc(self, x: Share, f: int) -> Share:
        """``x / 2^f``, off by less than one unit in the last place; needs ``|x| < 2^(k-2)``."""
        _arithmetic("trunc", x)
        _fraction("trunc", x, f)
        return self._rowwise("trunc", [x], x.kind, lambda s: (s[0], f)) if f else x

    def extend(self, x: Share, bits: int) -> Share:
        """The same signed value in the larger ring Z_2^bits; needs |x| < 2^(k-2)."""
        _arithmetic("extend", x)
        _ring("extend", bits, x.bits)
        return x if bits == x.bits else self._rowwise("extend", [x], Arithmetic(bits), lambda s: (s[0], bits))

    def and_(self, x: Share, y: Share) -> Share:
        if isinstance(x.kind, Arithmetic) or x.kind != y.kind:
            raise TypeMismatchError(f"and_ needs boolean shares of one width, got {x.kind} and {y.kind}: convert one of them")
        return self._rowwise("and_", [x, y], x.kind, lambda s: (s[0], s[1]))

    def or_(self, x: Share, y: Share) -> Share:
        return x ^ y ^ self.and_(x, y)

    def msb(self, x: Share, bits: int | None = None) -> Share:
        b = _bits("msb", x, bits)
        _arithmetic("msb", x)
        return self._rowwise("msb", [x], BIT, lambda s: (s[0], b))

    def eqz(self, x: Share, bits: int | None = None) -> Share:
        b = _bits("eqz", x, bits)
        return self._rowwise("eqz", [x], BIT, lambda s: (s[0], b))

    def a2b(self, x: Share, bits: int | None = None) -> Share:
        b = _bits("a2b", x, bits)
        _arithmetic("a2b", x)
        return self._rowwise("a2b", [x], Boolean(b), lambda s: (s[0], b))

    def b2a(self, x: Share, bits: int = 64) -> Share:
        """The unsigned word in the ring Z_2^bits."""
        if isinstance(x.kind, Arithmetic):
            raise TypeMismatchError(f"b2a needs a boolean share, got {x.kind}: use extend or narrow")
        _ring("b2a", bits, x.bits)
        return self._rowwise("b2a", [x], Arithmetic(bits), lambda s: (s[0], bits))

    def inject(self, bit: Share, x: Share) -> Share:
        """``bit * x`` for a packed bit and a vector."""
        if not bit.is_bit:
            raise TypeMismatchError(f"inject needs a single bit, got {bit.kind}: compare something first")
        _arithmetic("inject", x)
        return self._rowwise("inject", [bit, x], x.kind, lambda s: (s[0], s[1]))

    def fourier(self, x: Share, period: int, terms: Sequence[tuple[int, float]], f: int) -> Share:
        """``sum_j c_j sin(2 pi h_j x / 2^period)`` scaled by ``2^(2f)``: periodic in x, so no range of x is too large.

        Coefficients are taken to multiples of ``2^-COEFFICIENT_BITS``: parties whose libraries differ in a last bit then still compute with the same.
        """
        _arithmetic("fourier", x)
        if not 1 <= period <= x.bits:
            raise RangeOverflowError(f"fourier needs a period of 2^1 to 2^{x.bits} in a ring of {x.bits} bits, got 2^{period}: use a wider ring")
        rounded = tuple((h, round(c * 2**COEFFICIENT_BITS) / 2**COEFFICIENT_BITS) for h, c in terms)
        if not rounded or min(h for h, _ in rounded) < 1 or f < 0 or sum(abs(c) for _, c in rounded) * 4.0**f >= 2.0 ** (x.bits - 1):
            raise RangeOverflowError(f"fourier needs terms of harmonics from 1 on whose sum fits {x.bits} bits with {2 * f} fraction bits: use fewer")
        return self._rowwise("fourier", [x], x.kind, lambda s: (s[0], period, rounded, f))

    def select(self, bit: Share, x: Share, y: Share) -> Share:
        """``x`` where the bit is set, else ``y``."""
        if isinstance(x.kind, Arithmetic):
            return y + self.inject(bit, x - y)
        return y ^ self.and_(self.spread(bit, x), x ^ y)

    def spread(self, bit: Share, like: Share) -> Share:
        """A bit as a mask of all ones or zeros over the words of ``like``; local."""
        if like.is_bit:
            return bit
        wide = bit.sign_extend(like.bits)
        return wide if len(like.shape) == 1 else wide.reshape(-1, 1).broadcast(like.shape)

    def open(self, x: Share) -> Array:
        """To all parties. Only for values that the leakage report names or that are uniformly random."""
        if self.dry:
            self._run("open", (x,), lambda: None)
            return np.broadcast_to(np.zeros((), x.kind.word), x.shape)
        return cast(Array, self._run("open", (x,), lambda: None))

    # ---- randomness -----------------------------------------------------------------------------
    def random(self, kind: Kind, rows: int) -> Share:
        """Uniformly random words or bits that no party knows; no communication."""
        return cast(Share, self._run("random", (kind, (rows,)), lambda: Share(kind, (rows,), ())))

    def edabit(self, ring: int, bits: int, rows: int) -> tuple[Share, Share]:
        """Uniformly random words of ``bits`` bits that no party knows, as numbers of Z_2^ring and as words."""
        _ring("edabit", ring, bits)
        kind = Arithmetic(ring)
        shapes = Share(kind, (rows,), ()), Share(Boolean(bits), (rows,), ())
        return cast("tuple[Share, Share]", self._run("edabit", (kind, bits, rows), lambda: shapes))

    def sines(self, ring: int, period: int, harmonics: tuple[int, ...], f: int, rows: int) -> tuple[Share, Share]:
        """Uniformly random angles that no party knows, and sines and cosines of their multiples in Z_2^ring: see `spuframe.spu.kernel`."""
        kind = Arithmetic(ring)
        shapes = Share(Arithmetic.least(period), (rows,), ()), Share(kind, (2 * len(harmonics), rows), ())
        return cast("tuple[Share, Share]", self._run("sines", (kind, period, harmonics, f, rows), lambda: shapes))

    # ---- permutations ---------------------------------------------------------------------------
    def draw(self, n: int) -> Permutation:
        """A random permutation of n rows that no party knows."""
        name = self._name()
        if name is None:
            raise PlanError("a permutation cannot be drawn in work on slices of rows: it would have another name in every slice. Draw it before.")
        return Permutation(name, n, self._run("draw", (n, name), lambda: None))

    def shuffle(self, perm: Permutation, xs: Sequence[Share]) -> list[Share]:
        return self._permuted("shuffle", perm, xs)

    def unshuffle(self, perm: Permutation, xs: Sequence[Share]) -> list[Share]:
        return self._permuted("unshuffle", perm, xs)

    def _permuted(self, name: str, perm: Permutation, xs: Sequence[Share]) -> list[Share]:
        for x in xs:
            if x.rows != perm.rows:
                raise PlanError(f"a permutation of {perm.rows} rows cannot take a column of {x.rows}: draw one of the column's size")
        shapes = [Share(x.kind, x.shape, ()) for x in xs]
        return cast("list[Share]", self._run(name, (perm, list(xs)), lambda: shapes)) if xs else []

    def _name(self) -> Name | None:
        """Of what comes next in this task; none in work on slices of rows, which a dry run does not do as often."""
        task, count = self._at
        self._at = task, count + 1
        return None if task is None else Name((*task, count))

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


# ---- what a kernel can take: refused when the plan is built, since a dry run calls the same methods -----------
def _arithmetic(what: str, *shares: Share) -> None:
    for s in shares:
        if not isinstance(s.kind, Arithmetic) or s.bits != shares[0].bits:
            kinds = " and ".join(dict.fromkeys(str(t.kind) for t in shares))
            raise TypeMismatchError(f"{what} needs arithmetic shares of one ring, got {kinds}: convert with b2a, extend or narrow")


def _fraction(what: str, x: Share, f: int) -> None:
    if not 0 <= f <= x.bits - 2:
        raise RangeOverflowError(f"{what} in a ring of {x.bits} bits takes off 0 to {x.bits - 2} bits, got {f}: use a wider ring or fewer bits")


def _ring(what: str, bits: int, least: int) -> None:
    if bits not in (8, 16, 32, 64) or bits < least:
        raise RangeOverflowError(f"{what} needs a ring of 8, 16, 32 or 64 bits that holds {least} bits, got {bits}: choose a wider ring")


def _bits(what: str, x: Share, bits: int | None) -> int:
    found = x.bits if bits is None else bits
    if not 1 <= found <= x.bits:
        raise RangeOverflowError(f"{what} can look at 1 to {x.bits} bits of {x.kind}, got {found}: extend it first, or look at fewer")
    return found
