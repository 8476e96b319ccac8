"""semi2k_dealer: additive sharing between two parties, with material from a declared dealer, which is party 0. INSECURE: that party can compute all.

It is there to prove the kernel contract and to test what is built over material, as protocols whose parties make it together will need it: a value is
``x = x_0 + x_1`` (bits: XOR), products take triples, everything else is `spuframe.spu.derived`. The dealer gives party 1 its parts as a
seed (their common stream), and sets its own so that they fit: nothing is sent. Party 1 alone learns nothing: all that it receives is masked by words of
party 0. Party 0 knows all masks.
"""

from __future__ import annotations

from spuframe.protocols.semi2k_dealer import dealer
from spuframe.spu import derived
from spuframe.spu.additive import kernels, sharing
from spuframe.spu.kernel import Protocol
from spuframe.spu.orders import DEALER

PROTOCOL = Protocol(
    name="semi2k_dealer",
    parties=(2, 2),
    threat="none against party 0, which deals the material of both and can compute every value; party 1 alone learns nothing, if it follows the protocol",
    insecure=True,
    dealer=DEALER,
    open=dealer.Dealer,
    layout=sharing.LAYOUT,
    kernels={**kernels.KERNELS, **kernels.SINES, **derived.KERNELS},
    constant=sharing.constant,
    deal=sharing.deal,
    deal_sizes=sharing.deal_sizes,
    accept=sharing.accept,
    yield_=sharing.yield_,
    yield_sizes=sharing.yield_sizes,
    combine=sharing.combine,
    notes="Truncation gives the floor or one more.",
)
