"""Rules of the optimiser, one a file; `spuframe.plan.optimizer.RULES` orders them.

A rule is a function ``rule(node, uses) -> node | None`` with its name in the file's: a node that gives the same table, or None where it has
nothing to say. ``uses`` tells what the rest of the plan does with the node: a node that is used twice must not be changed for one of its users alone,
or it is computed twice.
"""
