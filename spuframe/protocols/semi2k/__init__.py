"""semi2k: additive sharing between two parties who make their material themselves, by oblivious transfer. Semi-honest: either may be curious.

A value is ``x = x_0 + x_1`` in Z_2^k (bits: XOR). Products take triples [Beaver, CRYPTO 1991], which come of correlated oblivious transfer (Gilboa)
extended by SoftSpokenOT: `spuframe.preprocessing`. Truncation, comparison and sines are products of what one party knows with what the other
knows (`private`, `waves`); everything else is `spuframe.spu.derived`.

What is claimed: a party that follows the protocol learns nothing but what is opened. All that it receives in a plan is a part of a value less
a part of a mask of the other's; all that it receives before is masked by a key of an oblivious transfer that it lacks. That rests on
Diffie-Hellman in Edwards25519, on AES as a random permutation and on SHA-2 as a random oracle. A party that deviates may learn all and
change results.
"""

from __future__ import annotations

from spuframe.preprocessing.supply import Prepared, prepared
from spuframe.protocols.semi2k import private, waves
from spuframe.spu import derived
from spuframe.spu.additive import kernels
from spuframe.spu.additive.sharing import BETWEEN_TWO

PROTOCOL = BETWEEN_TWO(
    name="semi2k",
    threat="either party may be curious, and follows the protocol",
    open=Prepared,
    prepared=prepared,
    kernels={**kernels.KERNELS, **derived.KERNELS, **derived.OF_ADDENDS, **private.KERNELS, **waves.KERNELS},
    notes="Truncation gives the floor or one more.",
)
