"""What differs between types is asked of them: few places know their classes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import spuframe
from spuframe.dtypes import Measure, Whole, known

ROOT = Path(spuframe.__file__).parent
NAMES = {kind.__name__ for kind in (Measure, Whole, *known()) if kind.__module__.startswith("spuframe.")}
MOST = 80
"""Switches over types elsewhere: strings, bits of integers, what is true, the arithmetic of fixed point; docs/design/types.md says which."""


def switches() -> Iterator[str]:
    for path in sorted(ROOT.rglob("*.py")):
        if path.parent.name == "dtypes":
            continue
        tree = ast.parse(path.read_text())
        imports = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and (n.module or "").startswith("spuframe.dtypes")]
        ours = {a.name for n in imports for a in n.names} & NAMES
        for node in ast.walk(tree):
            asked: ast.AST | None = None
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "issubclass") and len(node.args) == 2:
                asked = node.args[1]
            elif isinstance(node, ast.MatchClass):
                asked = node.cls
            if asked is not None and any(isinstance(n, ast.Name) and n.id in ours for n in ast.walk(asked)):
                yield f"{path.relative_to(ROOT)}:{node.lineno}"


def test_few_places_know_the_classes_of_types() -> None:
    found = list(switches())
    assert len(found) <= MOST, f"{len(found)} switches over types: let the type answer instead, as one of its methods; {', '.join(found)}"
