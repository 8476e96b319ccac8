"""Random shares: every component from the stream of the two parties that hold it, so nothing is sent.

A party lacks one component, which is uniform to it: so is the value, whatever the other two are [Araki+ CCS 2016, section 2.2].
"""

from __future__ import annotations

from spuframe.protocols.aby3.sharing import LAYOUT
from spuframe.spu.context import Context
from spuframe.spu.kernel import Cost, Kernel
from spuframe.spu.share import Kind, Share
from spuframe.spu.wire import uniform


def random(ctx: Context, kind: Kind, shape: tuple[int, ...]) -> Share:
    """Component i from the stream of parties i-1 and i, who hold it."""
    before, after = ctx.streams[(ctx.rank + 2) % 3], ctx.streams[(ctx.rank + 1) % 3]
    return Share(kind, shape, (uniform(before, kind, shape), uniform(after, kind, shape)), LAYOUT)


def random_cost(parties: int, kind: Kind, shape: tuple[int, ...]) -> Cost:
    """Nothing."""
    return Cost(0, (0, 0, 0))


KERNELS: dict[str, Kernel] = {
    "random": Kernel(random, random_cost, "c_i = F(i-1, i); 0 rounds, 0 bits", "Araki+ CCS 2016, section 2.2 (common randomness of pairs)"),
}
