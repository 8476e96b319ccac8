"""What the families share: functions of one number, and null in every row."""

from __future__ import annotations

from collections.abc import Callable

from spuframe.errors import RangeOverflowError
from spuframe.spu.algorithms.ratio import HEADROOM
from spuframe.spu.share import BIT, Arithmetic, Share
from spuframe.spu.value import Call, Value

Bounds = tuple[int, int]
Work = Callable[[Call, Share, int, Bounds], tuple[Share, Share | None]]
TOP = (1 << HEADROOM) - 1


def _always(low: int, high: int) -> bool:
    return True


def unary(work: Work, somewhere: Callable[[int, int], bool] = _always) -> Callable[[Call, Value], Value]:
    """A function of one number.

    Parameters
    ----------
    work : callable
        ``work(call, share, f, bounds)`` gives the result, and the bit of its being one.
    somewhere : callable
        Whether a number between these bounds has a result at all.
    """

    def run(call: Call, x: Value) -> Value:
        if x.share is None or not somewhere(x.low, x.high):
            return nothing(call)
        bounds = max(x.low, -TOP), min(x.high, TOP)
        if max(map(abs, (x.low, x.high))) > 1 << HEADROOM:
            raise RangeOverflowError(f"{x.dtype} values may reach 2^62 and more, which this function cannot take: declare the column's range")
        share, defined = work(call, call.number(x, 64, x.frac), x.frac, bounds)
        valid = x.valid
        if defined is not None and call.node.nullable:
            valid = defined if valid is None else call.box.and_(valid, defined)
        return call.result(share, valid)

    return run


def nothing(call: Call) -> Value:
    """Null in every row."""
    return call.result(call.box.constant(0, Arithmetic(call.node.ring), (call.rows,)), call.box.constant(0, BIT, (call.rows,)))
