"""spdz2k_dealer: sharing with tags between two parties, with material from a declared dealer, which is party 0. INSECURE: that party can compute all.

It is there to prove the kernel contract for protocols that find cheaters: SPDZ2k [Cramer+ CRYPTO 2018] but for its preprocessing. Values are words modulo
2^64 or 2^128 with a tag each (`spuframe.spu.tagged`), products take triples, everything else is `spuframe.spu.derived`.

What party 1 gains by cheating, whatever it does: nothing. A share, tag or message that it changes is found, but for a probability of 2^-33 to 2^-65
an opened value, before a value is opened that decides anything, before anything is stored or handed over, and by owners and receivers themselves; then
all ends. What party 0 does to its shares and messages is found too; but it makes the material, and so knows every value, and could make it wrong.
"""

from __future__ import annotations

from spuframe.protocols.spdz2k_dealer import dealer, gates, kernels
from spuframe.spu import derived
from spuframe.spu.kernel import Protocol
from spuframe.spu.orders import DEALER
from spuframe.spu.tagged import TAGGED

PROTOCOL = Protocol(
    name="spdz2k_dealer",
    parties=(2, 2),
    threat="none against party 0, which deals the material of both and can compute every value; party 1 alone learns nothing, and changes nothing: "
    "what it changes is found before anything is revealed or stored, and the plan ends",
    insecure=True,
    dealer=DEALER,
    open=dealer.Dealer,
    layout=TAGGED,
    kernels={**gates.ALL, **derived.KERNELS},
    constant=kernels.constant,
    give=gates.give,
    yield_sizes=gates.yield_sizes,
    combine=gates.combine,
    notes="Truncation gives the floor or one more.",
)
