"""aby3: replicated sharing among three parties, secure against one semi-honest party.

`sharing` says how values are held and travel; `arithmetic`, `boolean` and `shuffle` each bring a part of the kernels.
"""

from __future__ import annotations

from spuframe.protocols.aby3 import arithmetic, boolean, fourier, randomness, sharing, shuffle
from spuframe.spu.kernel import Protocol

PROTOCOL = Protocol(
    name="aby3",
    parties=(3, 3),
    threat="semi-honest, honest majority: one of three parties may try to learn from all it sees, and follows the protocol",
    layout=sharing.LAYOUT,
    kernels={**arithmetic.KERNELS, **boolean.KERNELS, **randomness.KERNELS, **shuffle.KERNELS, **fourier.KERNELS},
    constant=sharing.constant,
    deal=sharing.deal,
    deal_sizes=sharing.deal_sizes,
    accept=sharing.accept,
    yield_=sharing.yield_,
    yield_sizes=sharing.yield_sizes,
    combine=sharing.combine,
    notes="Truncation of v samples a + b = v, gives a to P0 and b to P1 and P2, and rounds by their low bits: up with the probability of the "
    "fraction, below one unit in the last place. A public constant is rounded up.",
)
