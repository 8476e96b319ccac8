"""Minimax polynomials, lowest coefficient first; derived by ``tools/minimax.py`` (Remez), which prints this table.

============ ======================================================= ============
name         approximates                                            error
============ ======================================================= ============
EXP2         ``2**r`` on |r| <= 17/32                                1.1e-7, relative
LOG2         ``log2((3 + s) / 4)`` on |s| <= 1                       4.2e-8
RSQRT        ``((s + 1.25) / 2) ** -0.5`` on |s| <= 3/4              6.5e-4, relative; Newton's step makes 6.4e-7 of it
INVERSE      ``1 / u`` on [1/2, 1]                                   0.0101, relative; a series makes its fourth power of it
INVERSE_LINE the same, by a line whose slope has 3 fraction bits     0.06, relative; Goldschmidt's steps make its eighth power of it
============ ======================================================= ============
"""

from __future__ import annotations

EXP2 = (
    1.00000010244,
    0.693146873861,
    0.240219757361,
    0.0555079602417,
    0.00968289117374,
    0.0013269129461,
)
LOG2 = (
    -0.41503751204,
    0.480897985779,
    -0.0801492073138,
    0.0178157968473,
    -0.00445623409757,
    0.00117071564051,
    -0.000321543001901,
    0.000115459418701,
    -3.55035465563e-05,
)
RSQRT = (
    1.26569964665,
    -0.508057003933,
    0.279933735661,
    -0.173976832638,
    0.239771339356,
    -0.190626710152,
)
INVERSE = (
    4.24242424242,
    -5.81818181818,
    2.58585858586,
)
INVERSE_LINE = (
    2.81874583901,
    -1.875,
)
