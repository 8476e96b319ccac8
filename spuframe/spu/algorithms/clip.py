"""Bringing shared numbers into public bounds."""

from __future__ import annotations

from collections.abc import Sequence

from spuframe.spu.algorithms.compare import signed_bits
from spuframe.spu.blackbox import BlackBox
from spuframe.spu.shaping import stacked
from spuframe.spu.share import Share


def beyond(box: BlackBox, x: Share, bounds: tuple[int, int], low: int | None, high: int | None, drop: int = 0) -> list[Share]:
    """The bits ``x < low`` and ``x > high``, of those that are asked for, in the rounds of one comparison.

    ``bounds`` are those of x; as many bits are compared as they need, without the lowest ``drop``: the edges are then off by up to ``2**drop`` a
    component. A layout that cannot drop bits locally compares them too.
    """
    drop = drop if box.protocol.layout.drops else 0
    differences: list[tuple[Share]] = []
    need = 1
    if low is not None:
        differences.append((box.add_public(x, -low).drop(drop),))
        need = max(need, signed_bits(bounds[0] - low, bounds[1] - low))
    if high is not None:
        differences.append((box.add_public(-x, high).drop(drop),))
        need = max(need, signed_bits(high - bounds[1], high - bounds[0]))
    if not differences:
        return []
    return stacked(lambda s: box.msb(s[0], min(need + 1, x.bits) - drop), differences)  # a bit more: bounds of computed values are not exact


def clip(box: BlackBox, x: Share, bounds: tuple[int, int], to: tuple[int | None, int | None]) -> Share:
    """X within ``to``; a side that is None is not looked at."""
    return put_where(box, x, beyond(box, x, bounds, *to), [b for b in to if b is not None])


def put_where(box: BlackBox, x: Share, flags: Sequence[Share], values: Sequence[int]) -> Share:
    """X with ``values[i]`` where ``flags[i]`` is set; at most one is. ``x + sum of flag * (value - x)``, in the rounds of one product with a bit."""
    if not flags:
        return x
    gains = stacked(lambda s: box.inject(s[0], s[1]), [(flag, box.add_public(-x, v)) for flag, v in zip(flags, values, strict=True)])
    for gain in gains:
        x = x + gain
    return x
