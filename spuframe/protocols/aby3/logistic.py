"""The logistic function in as many rounds as its comparison and one choice: the series is evaluated and rounded while the comparison runs."""

from __future__ import annotations

import numpy as np

from spuframe.protocols.aby3 import arithmetic, compare, fourier, sharing
from spuframe.spu.context import Context
from spuframe.spu.kernel import Cost, Kernel, in_parallel
from spuframe.spu.share import BIT, Arithmetic, Share, concat
from spuframe.spu.wave import Wave


def run(ctx: Context, x: Share, wave: Wave) -> Share:
    """``wave`` of x where it is within the bounds, else 0 or 1."""

    def constant(value: int) -> Share:
        return sharing.constant(ctx.rank, 3, np.full(x.shape, value, np.uint64), x.kind, x.shape)

    def middle() -> Share:
        series = fourier.run(ctx, x.scale(wave.times), wave.period, wave.terms, wave.sine_bits)
        return arithmetic.trunc(ctx, series, wave.cut)

    bound, one = constant(wave.bound), constant(1 << wave.out)
    both = concat([x + bound, bound - x]).map(lambda p: p >> p.dtype.type(wave.drop))
    outside, series = ctx.together([lambda: compare.msb(ctx, both, x.bits - wave.drop), middle])
    low, high = outside.slice(0, x.rows), outside.slice(x.rows, 2 * x.rows)
    inside = (low ^ high) ^ sharing.constant(ctx.rank, 3, np.full(low.parts[0].shape, 255, np.uint8), BIT, low.shape)
    chosen = arithmetic.inject(ctx, concat([high, inside]), concat([one, series + constant(1 << (wave.out - 1))]))
    return chosen.slice(0, x.rows) + chosen.slice(x.rows, 2 * x.rows)


def cost(x: Share, wave: Wave) -> Cost:
    """The rounds of the comparison (or 4, if those are more) and 2; the bytes of all."""
    n = x.rows
    two = Share(x.kind, (2 * n,), ())
    outside = compare.msb_cost(two, x.bits - wave.drop)
    series = fourier.cost(x, wave.period, wave.terms, wave.sine_bits) + arithmetic.trunc_cost(x, wave.cut)
    chosen = arithmetic.inject_cost(Share(BIT, (2 * n,), ()), Share(Arithmetic(x.bits), (2 * n,), ()))
    return in_parallel([outside, series]) + chosen


KERNELS: dict[str, Kernel] = {
    "logistic": Kernel(run, cost, "[x > B] + [-B <= x <= B] (1/2 + sum_j c_j sin h_j x)", "as msb, fourier, trunc and inject, which it is made of"),
}
