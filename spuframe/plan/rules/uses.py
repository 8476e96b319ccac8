"""What a rule may ask about the rest of the plan: how often a node is used, and which of its columns."""

from __future__ import annotations

from collections import Counter

from spuframe.dtypes import Field
from spuframe.plan.logical import LogicalNode


class Uses:
    """The users of every node of a plan.

    Parameters
    ----------
    root : LogicalNode
    """

    def __init__(self, root: LogicalNode) -> None:
        self._nodes = list(dict.fromkeys(root.nodes()))
        self._count: Counter[LogicalNode] = Counter(i for n in self._nodes for i in n.inputs)
        self._required: dict[LogicalNode, frozenset[str]] | None = None
        self._counted: set[LogicalNode] | None = None

    def shared(self, node: LogicalNode) -> bool:
        """Whether more than one node reads it."""
        return self._count[node] > 1

    def stands_for(self, new: LogicalNode, old: LogicalNode) -> None:
        """Say that what reads ``old`` will read ``new``, as far as a rule has come."""
        if new != old:
            self._count[new] += self._count[old]
            if self._counted is not None and old in self._counted:
                self._counted.add(new)

    def counted(self, node: LogicalNode) -> bool:
        """Whether a node above minds masks, as one that has no value if there are no rows does: a mask that goes would change the schema there."""
        if self._counted is None:
            stack = [i for n in self._nodes if n.minds_mask for i in n.inputs]
            self._counted = set()
            while stack:
                below = stack.pop()
                if below not in self._counted:
                    self._counted.add(below)
                    stack += below.inputs
        return node in self._counted

    def required(self, node: LogicalNode) -> frozenset[str]:
        """The columns of it that any user reads; all of them where the result is the user."""
        if self._required is None:
            self._required = {}
            for n in reversed(self._nodes):  # users come before what they use
                # A table needs a column to have rows: the narrowest, where nobody reads any.
                wanted = self._required.get(n, frozenset(n.schema.names)) or _cheapest(n)
                self._required[n] = wanted
                for i, names in zip(n.inputs, n.reads(wanted), strict=True):
                    self._required[i] = self._required.get(i, frozenset()) | names
        return self._required.get(node, frozenset(node.schema.names))


def _cheapest(n: LogicalNode) -> frozenset[str]:
    return frozenset([min(n.schema, key=_bits).name] if len(n.schema) else [])


def _bits(f: Field) -> int:
    return (f.dtype.ring(f.range) or f.dtype.bits) + f.nullable
