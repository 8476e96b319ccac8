"""Which value of a row is the least: a tournament, and the way from its winner back to a place."""

from __future__ import annotations

from spuframe.spu.blackbox import BlackBox
from spuframe.spu.shaping import and_pairs, stacked
from spuframe.spu.share import Share, columns

Tree = int | tuple["Tree", "Tree", Share]
"""A place, or two trees and the bits of the rows in which the second is less."""


def smallest(box: BlackBox, x: Share) -> tuple[Share, Share]:
    """Words (n, k): 1 in the place of the least value of the row, else 0; and that value (n,). Of equal ones it is the first.

    Values are below 2^61 in magnitude. ceil(log2 k) times the rounds of a comparison and a choice, k - 1 of each a row.

    >>> from spuframe.testing import simulate_blackbox
    >>> import numpy as np
    >>> simulate_blackbox("aby3", lambda box, x: smallest(box, x)[0], np.array([[5, 3, 9], [2, 2, 4]], np.uint64)).tolist()
    [[0, 1, 0], [1, 0, 0]]
    """
    k = x.shape[1]
    trees: list[Tree] = list(range(k))
    values = [x.column(j) for j in range(k)]
    if k == 1:
        return box.constant(1, x.kind, x.shape), values[0]
    while len(values) > 1:
        pairs = list(zip(values[::2], values[1::2], strict=False))
        gaps = [b - a for a, b in pairs]
        less = stacked(lambda s: box.msb(s[0]), [[gap] for gap in gaps])
        gains = stacked(lambda s: box.inject(s[0], s[1]), list(zip(less, gaps, strict=True)))
        rest = len(values) % 2
        trees = [*((one, other, bit) for one, other, bit in zip(trees[::2], trees[1::2], less, strict=False)), *trees[len(trees) - rest :]]
        values = [*(a + gain for (a, _), gain in zip(pairs, gains, strict=True)), *values[len(values) - rest :]]
    bits = _leaves(box, trees[0])
    words = stacked(lambda s: box.b2a(s[0], 64), [[bits[j]] for j in range(k)])
    return columns(words), values[0]


def _leaves(box: BlackBox, tree: Tree) -> dict[int, Share]:
    """Of each place the bits of the rows in which it won."""
    assert not isinstance(tree, int)
    one, other, bit = tree
    found: dict[int, Share] = {}
    level: list[tuple[Tree, Share]] = [(one, box.not_(bit)), (other, bit)]
    while level:
        found |= {node: way for node, way in level if isinstance(node, int)}
        inner = [(node, way) for node, way in level if not isinstance(node, int)]
        ways = and_pairs(box, [(way, node[2]) for node, way in inner]) if inner else []
        level = [side for (node, way), right in zip(inner, ways, strict=True) for side in ((node[0], way ^ right), (node[1], right))]
    return found
