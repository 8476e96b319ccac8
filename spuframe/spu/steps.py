"""The steps of a plan at a party, or without data: each as soon as what it reads is there, so that independent ones share their rounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import Any

from spuframe.spu.operator import Env, Step, operator

Around = Callable[[int, Env], AbstractContextManager[None]]


def run_steps(env: Env, steps: Sequence[Step], around: Around) -> None:
    """Run all steps; deliveries come in the order of the steps.

    A result is let go with the last step that reads it. All scans begin at once, in their order, which is that of their owners.

    Parameters
    ----------
    env : Env
    steps : sequence of Step
        Inputs stand before what reads them.
    around : callable
        ``around(i, env)`` surrounds the i-th step, with the deliveries of that step alone.
    """
    readers = [0] * len(steps)
    for step in steps:
        for j in step.inputs:
            readers[j] += 1
    results: list[Any] = [None] * len(steps)
    envs = [replace(env, deliveries=[]) for _ in steps]

    def run(i: int) -> None:
        step = steps[i]
        with around(i, envs[i]):
            made = operator(step.op)(envs[i], step, [results[j] for j in step.inputs])
        if readers[i]:
            results[i] = made
        for j in step.inputs:
            readers[j] -= 1
            if not readers[j]:
                results[j] = None

    env.box.together([partial(run, i) for i in range(len(steps))], [_needs(steps, i) for i in range(len(steps))], counted=True)
    for own in envs:
        env.deliveries.extend(own.deliveries)


def _needs(steps: Sequence[Step], i: int) -> set[int]:
    """Which steps must have ended before a step: its inputs; before a store all earlier ones, so that a plan that fails
    keeps nothing more; before a load the stores.
    """
    if steps[i].op == "store":
        return set(range(i))
    kept = {j for j in range(i) if steps[j].op == "store"} if steps[i].op == "load" else set()
    return kept | set(steps[i].inputs)
