"""Sign and zero tests: `msb` and `eqz`.

Traffic of `msb`, in planes (one bit a row) for b bits with N = b-1 positions below the sign: P0 enters N planes and N/2
products, P1 and P2 answer with about N/2 generate and N/2 propagate bits of pairs, and the carry tree over the N/2 pairs takes about N gates. For
b = 64: P0 sends 151 bits a row, P1 and P2 119 each, in 7 rounds.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from spuframe.kernels.bits import to_planes
from spuframe.protocols.aby3.circuit import (
    Circuit,
    and_tree,
    answer,
    bit_share,
    build,
    carry_tree,
    enter,
    linear,
    plane_bytes,
    planes_of,
    run,
    run_cost,
    summands,
)
from spuframe.protocols.aby3.sharing import LAYOUT
from spuframe.spu.context import Context
from spuframe.spu.kernel import Cost, Kernel
from spuframe.spu.share import BIT, Arithmetic, Array, Share


@cache
def sign_circuit(bits: int) -> tuple[Array, Circuit]:
    """What is answered (see `pair_terms`), and the carry tree after it.

    State rows: the answers (generate bits of all groups, propagate bits of all pairs but the lowest), then the propagate bit of a single
    top position if the number of positions is odd.
    """
    positions = bits - 1
    pairs, single = divmod(positions, 2)
    terms = [(1, 2 * i + 1) for i in range(pairs)]
    terms += [(0, positions - 1)] * single
    terms += [(2, 2 * i + 1) for i in range(1, pairs)]
    groups, count = pairs + single, len(terms)
    propagate = [-1, *range(groups, count)] + [count] * single
    levels, carry = carry_tree(list(range(groups)), propagate[:groups] if pairs else [-1], count + single)
    return np.array(terms, np.int64).reshape(-1, 2), build(count + single, levels, [carry])


def msb(ctx: Context, x: Share, bits: int) -> Share:
    """The sign bit of the low ``bits`` bits of x."""
    n, positions = x.size, bits - 1
    planes = planes_of(ctx.rank, x, bits)
    if bits == 1:
        own, other = linear(ctx.rank, enter(ctx, planes, 1, 0), planes, slice(0, 1))
        return bit_share(own[0], other[0], n)
    terms, circuit = sign_circuit(bits)
    tree = bool(circuit.levels)
    count, answers = (positions if tree else bits), len(terms)
    entered = enter(ctx, planes, count, positions // 2)
    own, other = circuit.state(planes.shape[1]), circuit.state(planes.shape[1])
    answer(ctx, entered, planes, count, terms, own[:answers], other[:answers])
    carry = circuit.outputs[0]
    if not tree:
        sign = linear(ctx.rank, entered, planes, slice(positions, bits))
        return bit_share(own[carry] ^ sign[0][0], other[carry] ^ sign[1][0], n)
    if positions % 2:
        top = linear(ctx.rank, entered, planes, slice(positions - 1, positions))
        own[answers], other[answers] = top[0][0], top[1][0]
    # sign of x = sign of a ^ sign of b ^ carry: the owners of a and b add theirs to what they send anyhow.
    run(ctx, circuit, own, other, None if ctx.rank == 1 else planes[positions])
    return bit_share(own[carry], other[carry], n)


def msb_cost(parties: int, x: Share, bits: int) -> Cost:
    """2 + ceil(log2(ceil((bits-1)/2))) rounds; 1 for a single bit."""
    each, positions = plane_bytes(x.size), bits - 1
    if bits == 1:
        return Cost(1, (each, 0, 0))
    terms, circuit = sign_circuit(bits)
    entered = (positions if circuit.levels else bits) + positions // 2
    return Cost(2, (entered * each, len(terms) * each, len(terms) * each)) + run_cost(circuit, x.size)


def not_first(rank: int, own: Array, other: Array) -> tuple[Array, Array]:
    """The complement: component 0, which P0 has first and P2 second, takes it."""
    return (~own, other) if rank == 0 else (own, ~other) if rank == 2 else (own, other)


def eqz(ctx: Context, x: Share, bits: int) -> Share:
    """Whether the low ``bits`` bits of x are all zero."""
    n = x.size
    if x.is_bit:
        return Share(BIT, x.shape, not_first(ctx.rank, x.parts[0], x.parts[1]), LAYOUT)
    circuit = and_tree(bits)
    if isinstance(x.kind, Arithmetic):
        # x = 0 exactly where a = -b: the bits of a ^ ~(-b) are then all ones.
        value = summands(x, ctx.rank)
        planes = to_planes(value if ctx.rank == 0 else ~np.negative(value), bits)
        given = linear(ctx.rank, enter(ctx, planes, bits, 0), planes, slice(0, bits))
    else:
        given = not_first(ctx.rank, *(to_planes(p, bits) for p in x.parts))
    own, other = circuit.state(given[0].shape[1]), circuit.state(given[0].shape[1])
    own[:bits], other[:bits] = given
    run(ctx, circuit, own, other)
    result = circuit.outputs[0]
    return bit_share(own[result], other[result], n)


def eqz_cost(parties: int, x: Share, bits: int) -> Cost:
    """1 + ceil(log2 bits) rounds and 2*bits-1 planes from P0 for arithmetic, the tree alone for boolean words."""
    if x.is_bit:
        return Cost(0, (0, 0, 0))
    tree = run_cost(and_tree(bits), x.size)
    return Cost(1, (bits * plane_bytes(x.size), 0, 0)) + tree if isinstance(x.kind, Arithmetic) else tree


KERNELS: dict[str, Kernel] = {
    "msb": Kernel(
        msb,
        msb_cost,
        "a_(b-1) ^ b_(b-1) ^ carry of a + b into bit b-1, x = a + b",
        "Mohassel, Rindal, ABY3 (CCS 2018), sections 4.2 and 5.3: two summands; first level by bilinear pairs, see circuit.py",
    ),
    "eqz": Kernel(eqz, eqz_cost, "AND_j ~(a ^ -b)_j, x = a + b", "Araki+ CCS 2016 for AND; ABY3 (CCS 2018), section 5.3 for the two summands"),
}
