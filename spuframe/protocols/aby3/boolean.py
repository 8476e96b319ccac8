"""The boolean half of aby3: AND here, comparison in `compare`, conversion in `convert`; `KERNELS` joins them."""

from __future__ import annotations

import numpy as np

from spuframe.kernels.bits import and_words, pack_words, packed_bytes, unpack_words
from spuframe.protocols.aby3 import compare, convert
from spuframe.protocols.aby3.sharing import LAYOUT
from spuframe.spu.context import Context
from spuframe.spu.kernel import Cost, Kernel
from spuframe.spu.share import Share


def and_(ctx: Context, x: Share, y: Share) -> Share:
    """Bitwise AND of words or bits; b bits travel as b bits."""
    after, before = (ctx.rank + 1) % 3, (ctx.rank + 2) % 3
    (x0, x1), (y0, y1) = ([np.ascontiguousarray(p).reshape(-1) for p in s.parts] for s in (x, y))
    word, bits, n = x.kind.word, x.bits, x0.size
    mine, theirs = np.empty(n, word), np.empty(n, word)
    and_words(x0, x1, y0, y1, ctx.streams[after].words(n, word), ctx.streams[before].words(n, word), mine)
    if x.is_bit or bits == 8 * word.itemsize:
        ctx.round([(before, mine)], [(after, theirs)])
    else:
        mine &= word.type((1 << bits) - 1)  # the zero share fills the whole word
        message = np.empty(packed_bytes(bits, n), np.uint8)
        ctx.round([(before, pack_words(mine, bits))], [(after, message)])
        theirs = unpack_words(message, n, bits)
    shape = x.parts[0].shape
    return Share(x.kind, x.shape, (mine.reshape(shape), theirs.reshape(shape)), LAYOUT)


def and_cost(parties: int, x: Share, y: Share) -> Cost:
    """1 round, the bits."""
    each = packed_bytes(x.bits, x.size)
    return Cost(1, (each, each, each))


KERNELS: dict[str, Kernel] = {
    "and_": Kernel(and_, and_cost, "z_i = x_i y_i ^ x_i y_(i+1) ^ x_(i+1) y_i ^ zero_i, sent to party i-1", "Araki+ CCS 2016, section 2 (boolean)"),
    **compare.KERNELS,
    **convert.KERNELS,
}
