"""exp, exp2, power, log, log2, log10, sqrt, rsqrt, sin, cos, sigmoid, tanh, erf.

Errors are stated by the functions in `spuframe.expr`. What has no result (the logarithm of zero) is null.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from spuframe.spu.algorithms import roots, waves
from spuframe.spu.algorithms.compare import signed_bits
from spuframe.spu.algorithms.exp import LOG2_E, exp2, log2_of
from spuframe.spu.algorithms.log import log
from spuframe.spu.functions import Runs
from spuframe.spu.functions.common import Bounds, unary
from spuframe.spu.rational import Numbers, numbers, rounded, written
from spuframe.spu.share import Array, Share
from spuframe.spu.value import Applied, Call, Inferred, Value


def _positive(low: int, high: int) -> bool:
    return high > 0


def _not_negative(low: int, high: int) -> bool:
    return high >= 0


# ---- exponentials and logarithms ------------------------------------------------------------------
def _exp(factor: Fraction) -> Callable[[Call, Value], Value]:
    return unary(lambda call, x, f, bounds: (exp2(call.box, x, f, bounds, call.node.frac, factor), None))


def _power(call: Call, x: Value, base: Value) -> Value:
    """A public base to a secret power."""
    factor = log2_of(base.number)
    if factor < 0:
        turned = unary(lambda c, v, f, b: (exp2(c.box, -v, f, (-b[1], -b[0]), c.node.frac, -factor), None))
        return turned(call, x)
    return _exp(factor)(call, x)


def _log(unit: float) -> Callable[[Call, Value], Value]:
    return unary(lambda call, x, f, bounds: log(call.box, x, f, bounds, call.node.frac, unit), _positive)


# ---- roots -----------------------------------------------------------------------------------------
def _sqrt(call: Call, x: Share, f: int, bounds: Bounds) -> tuple[Share, Share | None]:
    found = roots.sqrt(call.box, x, f, bounds, call.node.frac)
    if bounds[0] >= 0:
        return found, None
    return found, call.box.not_(call.box.msb(x, min(64, signed_bits(*bounds))))


def _rsqrt(call: Call, x: Share, f: int, bounds: Bounds) -> tuple[Share, Share | None]:
    return roots.rsqrt(call.box, x, f, bounds, call.node.frac)


# ---- waves -----------------------------------------------------------------------------------------
def _sine(quarters: int) -> Callable[[Call, Value], Value]:
    return unary(lambda call, x, f, bounds: (waves.sine(call.box, x, f, bounds, call.node.frac, quarters), None))


def _saturating(what: waves.Saturating) -> Callable[[Call, Value], Value]:
    return unary(lambda call, x, f, bounds: (waves.saturating(call.box, x, f, bounds, call.node.frac, what), None))


# ---- over Arrow ---------------------------------------------------------------------------------
def _plain(fn: Callable[[Array], Array], undefined: Callable[[Array], Array] | None = None) -> Callable[[Applied, Any], Any]:
    """A function of floats, null where ``undefined``; within the bounds of the node."""
    return lambda node, x: _computed(node, read := numbers(node, 0, x), read.floats(), fn, undefined)


def _computed(node: Inferred, x: Numbers, values: Array, fn: Callable[[Array], Array], undefined: Callable[[Array], Array] | None = None) -> Any:
    missing = x.missing | undefined(values) if undefined is not None else x.missing
    with np.errstate(all="ignore"):
        found = fn(np.where(missing, 1.0, values))
    return written(np.clip(rounded(found * 2.0**node.frac), node.low, node.high), missing, x.single)


def _plain_wave(fn: Callable[[Array], Array]) -> Callable[[Applied, Any], Any]:
    """Of the argument as it is: what a float does not hold loses whole turns first."""

    def run(node: Applied, x: Any) -> Any:
        read = numbers(node, 0, x)
        values, far = read.floats(), np.flatnonzero(np.abs(read.words) >= 1 << 53)
        if far.size:
            values[far] = [float(n * read.unit % waves.TWO_PI) for n in read[far]]
        return _computed(node, read, values, fn)

    return run


def _plain_power(node: Applied, x: Any, base: Fraction) -> Any:
    return _plain(lambda v: np.power(float(base), v))(node, x)


_erf = np.vectorize(math.erf, otypes=[np.float64])


RUNS = {
    "exp": Runs(_exp(LOG2_E), _plain(np.exp)),
    "exp2": Runs(_exp(Fraction(1)), _plain(np.exp2)),
    "power": Runs(_power, _plain_power),
    "log": Runs(_log(0.6931471805599453), _plain(np.log, lambda v: v <= 0)),  # written out: parties' libraries may differ in the last bit
    "log2": Runs(_log(1.0), _plain(np.log2, lambda v: v <= 0)),
    "log10": Runs(_log(0.3010299956639812), _plain(np.log10, lambda v: v <= 0)),
    "sqrt": Runs(unary(_sqrt, _not_negative), _plain(np.sqrt, lambda v: v < 0)),
    "rsqrt": Runs(unary(_rsqrt, _positive), _plain(lambda v: 1 / np.sqrt(v), lambda v: v <= 0)),
    "sin": Runs(_sine(0), _plain_wave(np.sin)),
    "cos": Runs(_sine(1), _plain_wave(np.cos)),
    "sigmoid": Runs(_saturating(waves.SIGMOID), _plain(lambda v: 0.5 + 0.5 * np.tanh(v / 2))),
    "tanh": Runs(_saturating(waves.TANH), _plain(np.tanh)),
    "erf": Runs(_saturating(waves.ERF), _plain(_erf)),
}
