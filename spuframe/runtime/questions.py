"""What may be asked of an owner's values by declaring something of them: whether a range holds is one bit, and many bits are a value.

>>> questions = Questions()
>>> for high in range(MOST_QUESTIONS):
...     questions.ask("hospital.csv", "age", [0, high], "owner hospital")
>>> questions.ask("hospital.csv", "age", [0, 1], "owner hospital")  # asked before: the answer is known
>>> questions.ask("hospital.csv", "age", [0, 99], "owner hospital")
Traceback (most recent call last):
spuframe.errors.PolicyError: owner hospital takes no more ranges of column 'age' after 8: each answer tells of its values. Use one of those, or none.
"""

from __future__ import annotations

import threading

from spuframe.errors import PolicyError

MOST_QUESTIONS = 8
"""Different ranges (or numbers of fraction bits) that may be declared for a column of one table, whoever asks, and whether they hold or not."""


class Questions:
    """Counts, for all sessions of a node together, what was declared of each column of each table."""

    def __init__(self) -> None:
        self._asked: dict[tuple[str, str], set[str]] = {}
        self._lock = threading.Lock()

    def ask(self, table: str, column: str, declared: object, name: str) -> None:
        """Note a declaration before it is checked.

        Raises
        ------
        PolicyError
            There were too many others.
        """
        with self._lock:
            asked = self._asked.setdefault((table, column), set())
            question = repr(declared)
            if question in asked:
                return
            if len(asked) >= MOST_QUESTIONS:
                text = f"{name} takes no more ranges of column {column!r} after {len(asked)}: each answer tells of its values. Use one of those, or none."
                raise PolicyError(text)
            asked.add(question)
