"""Sign and magnitude of signed values."""

from __future__ import annotations

from spuframe.spu.blackbox import BlackBox
from spuframe.spu.shaping import stacked
from spuframe.spu.share import Share


def absolute(box: BlackBox, x: Share, bits: int | None = None) -> Share:
    """``|x|`` of values of ``bits`` bits (with the sign): one `msb`, one `inject`.

    >>> from spuframe.testing import simulate_blackbox
    >>> import numpy as np
    >>> simulate_blackbox("aby3", lambda box, x: absolute(box, x), np.array([-3, 0, 5], np.int8)).tolist()
    [3, 0, 5]
    """
    return x - box.inject(box.msb(x, bits), x).scale(2)


def signum(box: BlackBox, x: Share, bits: int | None = None, ring: int = 8) -> Share:
    """-1, 0 or 1 in a ring of its own, 8 bits unless stated: the signs of x and of -x in common rounds; x is not the smallest value."""
    b = x.bits if bits is None else bits
    negative, positive = stacked(lambda s: box.msb(s[0], b), [[x], [-x]])
    one, other = stacked(lambda s: box.b2a(s[0], ring), [[positive], [negative]])
    return one - other
