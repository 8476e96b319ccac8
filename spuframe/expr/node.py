"""Immutable nodes with structural equality: the base of expressions and of logical plans.

A node is a frozen dataclass (``eq=False``: equality and hash come from here). Its children are found in its declared
fields, also inside tuples. What a node infers from its fields is set by `Node.infer` when it is built (a field with ``init=False``).
Everything walks without recursion, and visits a node that is used twice once.

Of nodes that are equal one is the *representative*: the first that lives. Children are replaced by their representatives as a node is built, so that
two nodes are equal if their own fields are, and equality costs the same however much is below.

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

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import WeakValueDictionary

N = TypeVar("N", bound="Node")


class _Representatives:
    """The one node of each value that stands for all its equals, for as long as it lives."""

    def __init__(self) -> None:
        self._found: WeakValueDictionary[tuple[Any, ...], Node] = WeakValueDictionary()
        self._renew()
        os.register_at_fork(after_in_child=self._renew)  # another thread of the parent may have held the lock

    def _renew(self) -> None:
        self._lock = threading.RLock()

    def of(self, key: tuple[Any, ...], node: Node) -> Node:
        with self._lock:
            return self._found.setdefault(key, node)


_REPRESENTATIVES = _Representatives()  # weak: says only which of two equal nodes is kept


def _declared(node: Node) -> tuple[str, ...]:
    names: tuple[str, ...] = node.__match_args__  # which a dataclass has: the fields that it is built from
    return names


@dataclass(frozen=True, eq=False)
class Node:
    """Base of all nodes."""

    def __post_init__(self) -> None:
        key: list[Any] = [type(self)]
        for name in _declared(self):
            value = getattr(self, name)
            kept, part = _kept(value)
            if kept is not value:
                object.__setattr__(self, name, kept)
            key.append(part)
        whole = tuple(key)
        object.__setattr__(self, "_hash", hash(whole))
        self.infer()
        found = _REPRESENTATIVES.of(whole, self)
        if found is not self:
            self.set("_same", found)

    def infer(self) -> None:
        """Check the fields and set what follows from them (with `set`); called once, when the node is built."""

    def set(self, name: str, value: object) -> None:
        """Set an inferred attribute; for `infer` alone."""
        object.__setattr__(self, name, value)

    @property
    def same(self) -> Node:
        """The representative of all nodes that equal this one."""
        found: Node | None = self.__dict__.get("_same")
        return self if found is None else found

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The declared fields' values, in order; not what was inferred."""
        return tuple(getattr(self, name) for name in _declared(self))

    @property
    def children(self) -> tuple[Node, ...]:
        """The nodes in the declared fields, in order."""
        found: tuple[Node, ...] | None = self.__dict__.get("_children")
        if found is None:
            kind = self.family()
            found = tuple(n for value in self.arguments for n in _nodes(value, kind))
            self.set("_children", found)
        return found

    @classmethod
    def family(cls) -> type[Node]:
        """What counts as a child: nodes of this class."""
        return Node

    def with_children(self: N, children: Sequence[Node]) -> N:
        """The same node over other children, inferred anew; itself if they are the ones it has."""
        old = self.children
        if len(children) != len(old):
            raise ValueError(f"{type(self).__name__} has {len(old)} children, got {len(children)}")
        if old == tuple(children):
            return self
        supply = iter(children)
        kind = self.family()
        return type(self)(*(_replace(value, supply, kind) for value in self.arguments))

    def walk(self) -> Iterator[Node]:
        """Every distinct node below and including this one, children first."""
        return walk([self])

    def rewrite(self: N, change: Callable[[Any], Any]) -> N:
        """Rebuild bottom-up; ``change(node)`` gives another node for it, or None to keep it. Equal nodes are rewritten once."""
        return rewrite_all([self], change)[0]

    def __hash__(self) -> int:
        return self._hash  # type: ignore[attr-defined,no-any-return]

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return self.same is other.same if isinstance(other, Node) else NotImplemented

    def __copy__(self: N) -> N:
        return self

    def __deepcopy__(self: N, memo: object) -> N:
        return self  # nothing in it can change


def walk(roots: Sequence[Node]) -> Iterator[Node]:
    """Every distinct node below and including some, children first."""
    done: set[int] = set()  # of representatives, which children are
    stack: list[tuple[Node, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        node, opened = stack.pop()
        if id(node.same) in done:
            continue
        children = node.children
        if opened or not children:
            done.add(id(node.same))
            yield node
        else:
            stack.append((node, True))
            stack += [(child, False) for child in reversed(children) if id(child) not in done]


def rewrite_all(roots: Sequence[N], change: Callable[[Any], Any]) -> list[N]:
    """`Node.rewrite` for several nodes: what they have in common is rewritten once."""
    new: dict[int, Node] = {}
    for node in walk(roots):
        rebuilt = node.with_children([new[id(c)] for c in node.children])
        changed = change(rebuilt)
        new[id(node.same)] = rebuilt if changed is None else changed
    return [new[id(root.same)] for root in roots]  # type: ignore[misc]  # `change` keeps the kind of node


def replace_parts(root: N, change: Callable[[Any], Any]) -> N:
    """Top-down: ``change(node)`` gives another node for a part, of which nothing is looked at, or None; then its children are changed. Each part once."""
    new: dict[int, Node] = {}
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, opened = stack.pop()
        if opened:
            new[id(node.same)] = node.with_children([new[id(c)] for c in node.children])
        elif id(node.same) not in new:
            changed = change(node)
            if changed is not None:
                new[id(node.same)] = changed
            else:
                stack.append((node, True))
                stack += [(c, False) for c in reversed(node.children)]
    return new[id(root.same)]  # type: ignore[return-value]  # `change` keeps the kind of node


def _kept(value: object) -> tuple[object, object]:
    """A field's value over representatives, and what it is compared by: 1, 1.0 and True are three values."""
    if isinstance(value, Node):
        return value.same, value.same
    if isinstance(value, tuple):
        pairs = [_kept(item) for item in value]
        if all(kept is item for (kept, _), item in zip(pairs, value, strict=True)):
            return value, tuple(part for _, part in pairs)
        return tuple(kept for kept, _ in pairs), tuple(part for _, part in pairs)
    return value, (type(value), value)


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
