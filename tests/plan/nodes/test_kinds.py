"""What every kind of node answers."""

from __future__ import annotations

from typing import Any

import pytest

from spuframe.plan.logical import LogicalNode
from tests.plan.makers import kinds

QUESTIONS = sorted(LogicalNode.__abstractmethods__)


def made(answers: list[str]) -> type[Any]:
    """A node that answers these questions, whatever."""
    return type("Quiet", (LogicalNode,), dict.fromkeys(answers, lambda self, *about: None))


def test_what_a_node_must_answer() -> None:
    assert {"reads", "narrowed", "takes_filter", "takes_computation", "minds_order", "minds_gaps", "minds_mask", "params"} < set(QUESTIONS)
    assert not made(QUESTIONS).__abstractmethods__


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_node_that_is_silent_cannot_be_built(question: str) -> None:
    with pytest.raises(TypeError, match=f"abstract.*{question}"):
        made([q for q in QUESTIONS if q != question])()


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_kinds_answer_all_and_have_names_of_their_own(kind: type[LogicalNode]) -> None:
    assert not kind.__abstractmethods__
    assert [k for k in kinds() if k.op == kind.op] == [kind]
