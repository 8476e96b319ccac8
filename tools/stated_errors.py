"""Write the table of stated errors of ``docs/design/numbers.md`` again, from what the classes of functions and aggregates state.

``python -m tools.stated_errors`` writes it; `tests/test_stated_table.py` fails where document and classes differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from spuframe.expr.functions import classes
from spuframe.expr.stated import Cases
from spuframe.ir import aggregates as primitive
from spuframe.plan import aggregates as composite

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "design" / "numbers.md"
BEGIN, END = "<!-- stated errors: begin -->\n", "<!-- stated errors: end -->\n"
HEAD = "| of | for | error | by chance | beyond its domain |\n|---|---|---|---|---|\n"

Entry = tuple[str, Cases, str]


def entries() -> Iterator[Entry]:
    """What is in the table: a name, what it states by case, and what comes of arguments without a result."""
    for kind in classes().values():
        sign = f" `{kind.infix}`".replace("|", "\\|") if kind.infix else ""
        yield kind.fn + sign, kind.states, kind.beyond
    for name in primitive.names():
        yield f"{name} (of rows)", type(primitive.aggregation(name)).states, ""
    for name in composite.names():
        found = composite.composite(name)
        assert found is not None
        yield f"{name} (of rows)", found.states, ""


def table() -> str:
    """The table; neighbours that state the same are one row."""
    rows: list[tuple[list[str], Cases, str]] = []
    for name, states, beyond in entries():
        if rows and rows[-1][1:] == (states, beyond):
            rows[-1][0].append(name)
        else:
            rows.append(([name], states, beyond))
    return HEAD + "".join(line for names, states, beyond in rows for line in _lines(", ".join(names), states, beyond))


def _lines(names: str, states: Cases, beyond: str) -> Iterator[str]:
    for k, (case, stated) in enumerate(states.items()):
        yield f"| {names} | {case} | {stated} | {'yes' if stated.chance else 'no'} | {beyond if k == 0 else ''} |\n"


def written(text: str) -> str:
    """The document with the table of today."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END)[1]


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text()))
