"""The notebooks run, from their first cell to their last, and show what they showed when they were written."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))


def shown(notebook: nbformat.NotebookNode) -> list[str]:
    """The text of the results, cell by cell, without what differs from run to run: handles, times, memory, the last digits of numbers."""
    texts = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "execute_result":
                text = output.data["text/plain"]
                texts.append(re.sub(r"-?\d+\.\d+", lambda m: f"{float(m[0]) + 0.0:.2g}", text))
    return texts


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_runs_and_shows_the_same(path: Path) -> None:
    committed = nbformat.read(path, as_version=4)
    fresh = nbformat.read(path, as_version=4)
    NotebookClient(fresh, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    assert shown(committed) and len(shown(fresh)) == len(shown(committed))
    for a, b in zip(shown(fresh), shown(committed)):
        assert a == b


def test_there_is_a_notebook() -> None:
    assert [p.stem for p in NOTEBOOKS] == ["demo"]
