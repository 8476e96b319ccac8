"""The arithmetic black box: the operations on shares that algorithms are written with.

Each is a kernel of the protocol, which `spuframe.spu.engine` runs, or some of them. Without a context nothing runs and the cost is added up: the same
algorithm then tells it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from spuframe.errors import PlanError, TypeMismatchError
from spuframe.spu import gates, operands
from spuframe.spu.engine import Engine
from spuframe.spu.kernel import Columns, Cost, Permutation
from spuframe.spu.share import BIT, Arithmetic, Array, Boolean, Kind, Share, pack


class BlackBox(Engine):
    """Operations on shares under one protocol."""

    # ---- public values --------------------------------------------------------------------------
    def constant(self, values: Array | int, kind: Kind, shape: tuple[int, ...]) -> Share:
        """A public scalar or array as a share; signed values are taken modulo 2^bits, bits as zeros and ones."""
        if self.ctx is None:
            return Share(kind, shape, ())
        if kind == BIT:
            bits = np.broadcast_to(np.asarray(values, np.uint8), shape)
            return self.protocol.constant(self.ctx, pack(bits), kind, shape)
        if isinstance(values, int):
            one = np.full((1,) * len(shape), values % (1 << kind.bits), kind.word)
            words: Array = one if shape == one.shape else np.broadcast_to(one, shape)
        else:
            words = np.broadcast_to(values.astype(kind.word), shape)
        return self.protocol.constant(self.ctx, words, kind, shape)

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
        operands.arithmetic("dot", *both)
        operands.fraction("dot", xs[0], f)
        if f and self._derives("trunc"):
            return self.trunc(self.dot(xs, ys), f)
        return self._rowwise("dot", both, xs[0].kind, lambda s: (list(s[:m]), list(s[m:]), f))

    def mul(self, x: Share, y: Share, f: int = 0) -> Share:
        return self.dot([x], [y], f)

    def matmul(self, x: Share, y: Share, f: int = 0) -> Share:
        """The matrix product, at the traffic of its result; truncated by ``f`` bits if f > 0."""
        operands.arithmetic("matmul", x, y)
        operands.fraction("matmul", x, f)
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
        operands.arithmetic("trunc", x)
        operands.fraction("trunc", x, f)
        return self._rowwise("trunc", [x], x.kind, lambda s: (s[0], f)) if f else x

    def extend(self, x: Share, bits: int) -> Share:
        """The same signed value in the larger ring Z_2^bits; needs |x| < 2^(k-2)."""
        operands.arithmetic("extend", x)
        operands.ring("extend", bits, x.bits)
        return x if bits == x.bits else self._rowwise("extend", [x], Arithmetic(bits), lambda s: (s[0], bits))

    def and_(self, x: Share, y: Share) -> Share:
        if isinstance(x.kind, Arithmetic) or x.kind != y.kind:
            raise TypeMismatchError(f"and_ needs boolean shares of one width, got {x.kind} and {y.kind}: convert one of them")
        return self._rowwise("and_", [x, y], x.kind, lambda s: (s[0], s[1]))

    def or_(self, x: Share, y: Share) -> Share:
        return x ^ y ^ self.and_(x, y)

    def msb(self, x: Share, bits: int | None = None) -> Share:
        b = operands.bits_of("msb", x, bits)
        operands.arithmetic("msb", x)
        return self._rowwise("msb", [x], BIT, lambda s: (s[0], b))

    def eqz(self, x: Share, bits: int | None = None) -> Share:
        b = operands.bits_of("eqz", x, bits)
        return self._rowwise("eqz", [x], BIT, lambda s: (s[0], b))

    def a2b(self, x: Share, bits: int | None = None) -> Share:
        b = operands.bits_of("a2b", x, bits)
        operands.arithmetic("a2b", x)
        return self._rowwise("a2b", [x], Boolean(b), lambda s: (s[0], b))

    def b2a(self, x: Share, bits: int = 64) -> Share:
        """The unsigned word in the ring Z_2^bits."""
        if isinstance(x.kind, Arithmetic):
            raise TypeMismatchError(f"b2a needs a boolean share, got {x.kind}: use extend or narrow")
        operands.ring("b2a", bits, x.bits)
        return self._rowwise("b2a", [x], Arithmetic(bits), lambda s: (s[0], bits))

    def inject(self, bit: Share, x: Share) -> Share:
        """``bit * x`` for a packed bit and a vector."""
        if not bit.is_bit:
            raise TypeMismatchError(f"inject needs a single bit, got {bit.kind}: compare something first")
        operands.arithmetic("inject", x)
        return self._rowwise("inject", [bit, x], x.kind, lambda s: (s[0], s[1]))

    def fourier(self, x: Share, period: int, terms: Sequence[tuple[int, float]], f: int) -> Share:
        """``sum_j c_j sin(2 pi h_j x / 2^period)`` scaled by ``2^(2f)``: periodic in x, so no range of x is too large.

        Coefficients are rounded (`spuframe.spu.operands.terms_of`): parties whose libraries differ in a last bit then still compute with the same.
        """
        operands.arithmetic("fourier", x)
        rounded = operands.terms_of(x, period, terms, f)
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
        """To all parties: a value that the leakage report names or that is uniformly random, and that may decide what is done next.

        What was opened before is checked first: an error in it could make this value depend on data.
        """
        self.settle()
        return self.open_masked(x)

    def open_masked(self, x: Share) -> Array:
        """To all parties: a value plus a mask of its own that no party knows. Checked later, with what `settle` checks next."""
        if self.dry:
            self._run("open", (x,), lambda: None)
            return np.broadcast_to(np.zeros((), x.kind.word), x.shape)
        return cast(Array, self._run("open", (x,), lambda: None))

    def settle(self) -> None:
        """Check all that was opened, if the protocol does: before an opening that means something, before anything is handed over or stored.

        Raises
        ------
        ProtocolError
            A party opened other words than were shared.
        """
        if "settle" in self.protocol.kernels:
            self._run("settle", (), lambda: None)

    # ---- in and out -----------------------------------------------------------------------------
    def enter(self, owner: int, columns: Columns) -> list[Share]:
        """Take what the owner's rank gives: one message to every party, unless the protocol needs rounds."""
        shapes = [Share(kind, shape, ()) for kind, shape in columns]
        if self.protocol.give is not None:
            return cast("list[Share]", self._run("enter", (owner, columns), lambda: shapes))
        sizes = [self.protocol.deal_sizes(self.parties, kind, shape) for kind, shape in columns]
        self.declared += Cost(1, (*[0] * owner, sum(map(sum, sizes))))
        return shapes if self.ctx is None else gates.accept(self.protocol, self.ctx, owner, columns, sizes)

    def hand_over(self, xs: Sequence[Share]) -> list[Array | None]:
        """Make this party's messages to the analyst, one for each value, after all that was opened has been checked. They count as a round."""
        if self.protocol.give is not None:
            messages = self._run("hand_over", (xs,), lambda: [None] * len(xs))
        else:
            self.settle()
            messages = [None] * len(xs) if self.ctx is None else gates.messages(self.protocol, self.ctx, xs)
        if self.ctx is not None:
            self.ctx.round([], [])
        sizes = [self.protocol.yield_sizes(self.parties, x.kind, x.shape) for x in xs]
        self.declared += Cost(1, tuple(map(sum, zip(*sizes, strict=True))) or (0,) * self.parties)
        return cast("list[Array | None]", messages)

    # ---- randomness -----------------------------------------------------------------------------
    def random(self, kind: Kind, rows: int) -> Share:
        """Uniformly random words or bits that no party knows; no communication."""
        return cast(Share, self._run("random", (kind, (rows,)), lambda: Share(kind, (rows,), ())))

    def edabit(self, ring: int, bits: int, rows: int) -> tuple[Share, Share]:
        """Uniformly random words of ``bits`` bits that no party knows, as numbers of Z_2^ring and as words."""
        operands.ring("edabit", ring, bits)
        kind = Arithmetic(ring)
        shapes = Share(kind, (rows,), ()), Share(Boolean(bits), (rows,), ())
        return cast("tuple[Share, Share]", self._run("edabit", (kind, bits, rows), lambda: shapes))

    def sines(self, ring: int, period: int, harmonics: tuple[int, ...], f: int, rows: int) -> tuple[Share, Share]:
        """Uniformly random angles that no party knows, and sines and cosines of their multiples in Z_2^ring: see `spuframe.spu.kernel`."""
        kind = Arithmetic(ring)
        shapes = Share(Arithmetic.least(period), (rows,), ()), Share(kind, (2 * len(harmonics), rows), ())
        return cast("tuple[Share, Share]", self._run("sines", (kind, period, harmonics, f, rows), lambda: shapes))

    def addends(self, x: Share, bits: int) -> tuple[Share, Share]:
        """``a & b`` and ``a ^ b``, bit by bit, for two addends of a vector: see `spuframe.spu.kernel`. For kernels that are derived from it."""
        kind = Boolean(bits)
        shapes = Share(kind, x.shape, ()), Share(kind, x.shape, ())
        return cast("tuple[Share, Share]", self._run("addends", (x, bits), lambda: shapes))

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
        operands.columns_of(perm.rows, xs)
        shapes = [Share(x.kind, x.shape, ()) for x in xs]
        return cast("list[Share]", self._run(name, (perm, list(xs)), lambda: shapes)) if xs else []
