"""What a protocol needs to know of the logistic function: public numbers alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wave:
    """1/2 plus a sum of sines between two bounds, 0 below and 1 above.

    Parameters
    ----------
    bound : int
        In units of x; compared without the ``drop`` lowest bits.
    drop : int
    times : int
        The series is one of ``times * x``,
    period : int
        of the period ``2**period``.
    terms : tuple of (int, float)
        Harmonics and their coefficients.
    sine_bits : int
        Fraction bits of the sines.
    out : int
        Fraction bits of the result.
    """

    bound: int
    drop: int
    times: int
    period: int
    terms: tuple[tuple[int, float], ...]
    sine_bits: int
    out: int

    @property
    def cut(self) -> int:
        """What is cut off the sum of products of two sines."""
        return 2 * self.sine_bits - self.out
