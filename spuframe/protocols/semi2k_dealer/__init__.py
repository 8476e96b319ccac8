"""semi2k_dealer: additive sharing between two parties, with material from a declared dealer, which is party 0. INSECURE: that party can compute all.

It is there to prove the kernel contract and to test what is built over material, as protocols whose parties make it together will need it: a value is
``x = x_0 + x_1`` (bits: XOR), products take triples, everything else is `spuframe.spu.derived`. The dealer gives party 1 its parts as a
seed (their common stream), and sets its own so that they fit: nothing is sent. Party 1 alone learns nothing: all that it receives is masked by words of
party 0. Party 0 knows all masks.
"""

from __future__ import annotations

from spuframe.protocols.semi2k_dealer import dealer
from spuframe.spu import derived
from spuframe.spu.additive import kernels
from spuframe.spu.additive.sharing import BETWEEN_TWO
from spuframe.spu.orders import DEALER

PROTOCOL = BETWEEN_TWO(
    name="semi2k_dealer",
    threat="none against party 0, which deals the material of both and can compute every value; party 1 alone learns nothing, if it follows the protocol",
    insecure=True,
    dealer=DEALER,
    open=dealer.Dealer,
    kernels={**kernels.KERNELS, **kernels.SINES, **derived.KERNELS},
    notes="Truncation gives the floor or one more.",
)
