"""Immutable nodes with structural equality: the base of expressions and of logical plans.

A node is a frozen dataclass (``eq=False``: equality and hash come from here). Its children are found in its declared
fields, also inside tuples. What a node infers from its fields is set by `Node.infer` when it is built (a field with ``init=False``).
Everything walks without recursion, and visits a node that is used twice once.

>>> @dataclass(frozen=True, eq=False)
... class Leaf(Node):
...     name: str
>>> @dataclass(frozen=True, eq=False)
... class Pair(Node):
...     left: Node
...     right: Node
>>> pair = Pair(Leaf("a"), Leaf("b"))
>>> pair == Pair(Leaf("a"), Leaf("b")), len({pair, Pair(Leaf("a"), Leaf("b"))})
(True, 1)
>>> pair.rewrite(lambda n: Leaf("c") if n == Leaf("a") else None)
Pair(left=Leaf(name='c'), right=Leaf(name='b'))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

N = TypeVar("N", bound="Node")


@dataclass(frozen=True, eq=False)
class Node:
    """Base of all nodes."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((type(self), *self.arguments)))
        self.infer()

    def infer(self) -> None:
        """Check the fields and set what follows from them (with `set`); called once, when the node is built."""

    def set(self, name: str, value: object) -> None:
        """Set an inferred attribute; for `infer` alone."""
        object.__setattr__(self, name, value)

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The declared fields' values, in order; not what was inferred."""
        return tuple(getattr(self, f.name) for f in fields(self) if f.init)

    @property
    def children(self) -> tuple[Node, ...]:
        """The nodes in the declared fields, in order."""
        kind = self.family()
        return tuple(n for value in self.arguments for n in _nodes(value, kind))

    @classmethod
    def family(cls) -> type[Node]:
        """What counts as a child: nodes of this class."""
        return Node

    def with_children(self: N, children: Sequence[Node]) -> N:
        """The same node over other children, inferred anew; itself if they are the ones it has."""
        old = self.children
        if len(children) != len(old):
            raise ValueError(f"{type(self).__name__} has {len(old)} children, got {len(children)}")
        if all(a is b for a, b in zip(old, children, strict=True)):
            return self
        supply = iter(children)
        kind = self.family()
        return type(self)(*(_replace(value, supply, kind) for value in self.arguments))

    def walk(self) -> Iterator[Node]:
        """Every distinct node below and including this one, children first."""
        done: set[int] = set()
        stack: list[tuple[Node, bool]] = [(self, False)]
        while stack:
            node, opened = stack.pop()
            if id(node) in done:
                continue
            if opened:
                done.add(id(node))
                yield node
            else:
                stack.append((node, True))
                stack.extend((child, False) for child in reversed(node.children))

    def rewrite(self: N, change: Callable[[Any], Any]) -> N:
        """Rebuild bottom-up; ``change(node)`` gives another node for it, or None to keep it. Equal nodes are rewritten once."""
        new: dict[Node, Node] = {}
        for node in self.walk():
            if node not in new:
                rebuilt = node.with_children([new[c] for c in node.children])
                changed = change(rebuilt)
                new[node] = rebuilt if changed is None else changed
        return new[self]  # type: ignore[return-value]  # `change` keeps the kind of node

    def __hash__(self) -> int:
        return self._hash  # type: ignore[attr-defined,no-any-return]

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Node):
            return NotImplemented
        seen: set[tuple[int, int]] = set()
        stack: list[tuple[Any, Any]] = [(self, other)]
        while stack:
            a, b = stack.pop()
            if a is b or (id(a), id(b)) in seen:
                continue
            if isinstance(a, Node) and isinstance(b, Node):
                if type(a) is not type(b) or hash(a) != hash(b):
                    return False
                seen.add((id(a), id(b)))
                stack.extend(zip(a.arguments, b.arguments, strict=True))
            elif isinstance(a, tuple) and isinstance(b, tuple):
                if len(a) != len(b):
                    return False
                stack.extend(zip(a, b, strict=True))
            elif type(a) is not type(b) or a != b:
                return False
        return True


def _nodes(value: object, kind: type[Node]) -> Iterator[Node]:
    if isinstance(value, kind):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _nodes(item, kind)


def _replace(value: object, supply: Iterator[Node], kind: type[Node]) -> object:
    if isinstance(value, kind):
        return next(supply)
    if isinstance(value, tuple) and any(True for _ in _nodes(value, kind)):
        return tuple(_replace(item, supply, kind) for item in value)
    return value
