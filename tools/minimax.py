"""Derive the polynomials of `spuframe.spu.algorithms.coefficients` by Remez' exchange, and print that module's table.

``python -m tools.minimax`` prints the table; `tests/spu/test_maths_functions.py` compares it with what is committed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
DIGITS = 12


def remez(f: Callable[[Array], Array], low: float, high: float, degree: int, *, relative: bool) -> tuple[Array, float]:
    """The polynomial of ``degree`` with the least largest error on [low, high], lowest coefficient first, and that error.

    Solves for equal errors of alternating sign at ``degree + 2`` points, and moves the points to where the error is largest, until
    they stay.
    """
    k = np.arange(degree + 2)
    points = (low + high) / 2 - (high - low) / 2 * np.cos(np.pi * k / (degree + 1))
    grid = np.linspace(low, high, 20001)
    target = f(grid)
    weight = 1 / np.abs(target) if relative else np.ones_like(grid)
    for _ in range(40):
        value = f(points)
        unit = np.abs(value) if relative else np.ones_like(value)
        system = np.column_stack([np.vander(points, degree + 1, increasing=True), (-1.0) ** k * unit])
        *found, _ = np.linalg.solve(system, value)
        error = (np.polynomial.polynomial.polyval(grid, found) - target) * weight
        edges = np.flatnonzero(np.diff(np.sign(error))) + 1
        pieces = np.split(np.arange(len(grid)), edges)
        if len(pieces) != degree + 2:
            break
        moved = np.array([grid[p[np.argmax(np.abs(error[p]))]] for p in pieces])
        if np.abs(moved - points).max() < 1e-12:
            break
        points = moved
    return np.array(found), float(np.abs(error).max())


def line(f: Callable[[Array], Array], low: float, high: float, bits: int) -> tuple[Array, float]:
    """The line of least largest relative error whose slope has ``bits`` fraction bits: that of `remez`, rounded, with the best offset to it."""
    (_, slope), _ = remez(f, low, high, 1, relative=True)
    slope = round(slope * 2**bits) / 2**bits
    grid = np.linspace(low, high, 20001)

    def worst(offset: float) -> float:
        return float(np.abs((offset + slope * grid) / f(grid) - 1).max())

    least, most = (float(edge) for edge in ((f(grid) - slope * grid).min(), (f(grid) - slope * grid).max()))
    while most - least > 10.0**-DIGITS:  # the largest error is convex in the offset
        third = (most - least) / 3
        if worst(least + third) < worst(most - third):
            most -= third
        else:
            least += third
    return np.array([least, slope]), worst(least)


def table() -> dict[str, tuple[list[float], float]]:
    """Name, coefficients (rounded), largest error."""
    wanted: dict[str, tuple[Callable[[Array], Array], float, float, int, bool]] = {
        "EXP2": (np.exp2, -0.53125, 0.53125, 5, True),
        "LOG2": (lambda s: np.log2((3 + s) / 4), -1.0, 1.0, 8, False),
        "RSQRT": (lambda s: 1 / np.sqrt((s + 1.25) / 2), -0.75, 0.75, 5, True),
    }
    made = {}
    for name, (f, low, high, degree, relative) in wanted.items():
        found, error = remez(f, low, high, degree, relative=relative)
        made[name] = ([float(f"{c:.{DIGITS}g}") for c in found], error)
    found, error = line(lambda u: 1 / u, 0.5, 1.0, 3)
    made["INVERSE_LINE"] = ([float(f"{c:.{DIGITS}g}") for c in found], error)
    return made


def main() -> None:
    """Print the table as Python."""
    for name, (found, error) in table().items():
        print(f"{name} = (")
        for c in found:
            print(f"    {c!r},")
        print(f")  # largest error {error:.2g}")


if __name__ == "__main__":
    main()
