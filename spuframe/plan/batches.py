"""How many rows go through common rounds: the choice of the batch size.

>>> choose_batch_rows(2000), choose_batch_rows(10**7), choose_batch_rows(10**7, latency=0.02, bandwidth=12.5e6)
(262144, 262144, 1048576)
"""

from __future__ import annotations

from spuframe.ir.physical import BATCH_ROWS

MOST_ROWS = 1 << 22
"""Rows per batch at most: what is sent and received at once stays in memory."""
ROUND_BYTES = 3
"""What a row sends in a round: a comparison 19 bytes in 7 rounds, a product 8 in one."""
WORTH = 8
"""How many times longer the bytes of a round should take than its latency."""


def choose_batch_rows(rows: int, latency: float = 20e-6, bandwidth: float = 1e9) -> int:
    """Rows in common rounds, a power of two from 64; what is computed at a time is less and always in the cache (`spuframe.spu.blackbox`).

    A batch pays the rounds once more, so its bytes of a round should take `WORTH` times as long as the round itself, at `ROUND_BYTES` a row.
    More is not worth the memory. Small tables are one batch.

    Parameters
    ----------
    rows : int
        Of the largest step.
    latency : float
        Seconds that a message travels.
    bandwidth : float
        Bytes a second that a party sends.
    """
    worth = WORTH * latency * bandwidth / ROUND_BYTES
    batch = BATCH_ROWS
    while batch < worth and batch < rows and batch < MOST_ROWS:
        batch *= 2
    return batch
