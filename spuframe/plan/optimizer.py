"""The optimiser: one ordered list of rules, run until nothing changes.

>>> from spuframe.dtypes import Field, Int
>>> from spuframe.expr import col, ge
>>> from spuframe.plan.build import filter_, reveal, scan, select
>>> t = scan("s1", "hospital", "t0", [Field("id", Int(64), range=(0, 9)), Field("age", Int(64), range=(18, 97))], 10)
>>> plan = reveal(select(filter_(t, ge(col(t.schema["age"]), 50)), ["id"]))
>>> [n.op for n in optimize(plan).nodes()], [n.op for n in optimize(plan, disable=("owner_pushdown",)).nodes()]
(['scan', 'reveal'], ['scan', 'filter', 'project', 'reveal'])
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from spuframe.errors import PlanError
from spuframe.plan.logical import LogicalNode
from spuframe.plan.rules.compute_pushdown import compute_pushdown
from spuframe.plan.rules.constant_folding import constant_folding
from spuframe.plan.rules.merge_projects import merge_projects
from spuframe.plan.rules.merge_windows import merge_windows
from spuframe.plan.rules.owner_pushdown import owner_pushdown
from spuframe.plan.rules.predicate_pushdown import predicate_pushdown
from spuframe.plan.rules.projection_pushdown import projection_pushdown
from spuframe.plan.rules.sort_elimination import sort_elimination
from spuframe.plan.rules.sums_of_columns import sums_of_columns
from spuframe.plan.rules.uses import Uses

Rewrite = Callable[[LogicalNode, Uses], LogicalNode | None]


@dataclass(frozen=True)
class Rule:
    """A rule at its place in the order.

    Parameters
    ----------
    apply : callable
        ``apply(node, uses) -> node | None``.
    reason : str
        Why it stands where it stands.
    whole : bool
        Whether it takes the root of a plan, instead of every node.
    """

    apply: Rewrite
    reason: str
    whole: bool = False

    @property
    def name(self) -> str:
        return self.apply.__name__


RULES: tuple[Rule, ...] = (
    Rule(constant_folding, "first: what is decided now needs no place in the plan, and the others see fewer shapes"),
    Rule(sort_elimination, "early: a sort that goes is no obstacle for filters"),
    Rule(sums_of_columns, "before the projections are merged and moved: it makes some"),
    Rule(merge_projects, "before the push-downs: expressions then speak of what they really read"),
    Rule(merge_windows, "after the projections, which may stand between two of them"),
    Rule(predicate_pushdown, "before the owner's: a filter has to arrive at the scan first"),
    Rule(compute_pushdown, "after the predicates: they may take the join away from under a projection"),
    Rule(owner_pushdown, "after all that brings work to the scans"),
    Rule(projection_pushdown, "after the owner's: a column that only its filter reads is not shared at all", whole=True),
)
"""The rules in order."""

MAX_PASSES = 100
MAX_CHANGES = 1_000_000
"""Nodes that one rule rebuilds in one pass."""


def optimize(node: LogicalNode, disable: Collection[str] = ()) -> LogicalNode:
    """An equal plan that costs less.

    Parameters
    ----------
    node : LogicalNode
    disable : collection of str
        Names of rules to leave out.
    """
    known = [r.name for r in RULES]
    for name in disable:
        if name not in known:
            raise PlanError(f"no rule {name!r} to switch off: there are {', '.join(known)}")
    rules = [r for r in RULES if r.name not in disable]
    return run(node, rules)


def run(node: LogicalNode, rules: Collection[Rule]) -> LogicalNode:
    """Apply rules in turn until none changes anything."""
    seen = {node}
    for _ in range(MAX_PASSES):
        before = node
        for rule in rules:
            node = apply(node, rule)
        if node == before:
            return node
        if node in seen:
            break
        seen.add(node)
    raise _restless(rules)


def apply(root: LogicalNode, rule: Rule) -> LogicalNode:
    """Apply one rule once, to the plan or to each of its nodes bottom-up; the schema must stay what it is."""
    if rule.whole:
        changed = rule.apply(root, Uses(root))
        if changed is None:
            return root
        check(rule, root, changed)
        return changed
    return _settled(root, rule)


def _settled(root: LogicalNode, rule: Rule) -> LogicalNode:
    """The plan whose nodes, inputs first, the rule has nothing more to say about; also those that it makes: a filter sinks all the way at once."""
    uses = Uses(root)
    done: dict[LogicalNode, LogicalNode] = {}
    became: dict[LogicalNode, LogicalNode] = {}
    stack = [root]
    while stack:
        node = stack[-1]
        if node in became:
            if became[node] not in done:
                raise _restless([rule])
            done[node] = done[became[node]]
        if node in done:
            stack.pop()
            continue
        missing = [i for i in node.inputs if i not in done]
        if missing:
            stack += reversed(missing)
            continue
        changed: LogicalNode | None = node.with_children([done[i] for i in node.inputs])
        if changed == node:
            changed = rule.apply(node, uses)
            if changed is None:
                done[node] = node
                continue
            check(rule, node, changed)
            if len(became) > MAX_CHANGES:
                raise _restless([rule])
        assert changed is not None
        uses.stands_for(changed, node)
        became[node] = changed
        stack.append(changed)
    return done[root]


def _restless(rules: Collection[Rule]) -> PlanError:
    names = ", ".join(r.name for r in rules)
    return PlanError(f"the optimiser does not come to rest ({names}): please report the plan, and switch a rule off with disable=(name,)")


def check(rule: Rule, before: LogicalNode, after: LogicalNode) -> None:
    """A rule must not change what a table holds, who may see it, or how many rows it has; a mask may go."""
    if after.schema != before.schema or after.rows != before.rows or (after.masked and not before.masked):
        raise PlanError(f"the rule {rule.name} changed the columns of a {before.op}: leave it out, disable=({rule.name!r},), and report it")
