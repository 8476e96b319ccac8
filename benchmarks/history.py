"""The figures of a release, kept in the repository: ``benchmarks/history/VERSION.json``, and how later ones compare."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import report

HISTORY = Path(__file__).resolve().parent / "history"
KEPT = ("case", "n", "seconds", "best", "cold", "cpu", "rounds", "bytes_per_row", "peak", "limit")
HEAD = ["operation", "n", "seconds then", "now", "faster", "bytes then", "now", "rounds then", "now", "MiB then", "now"]


def path_of(version: str) -> Path:
    """Where a release's figures stand.

    >>> path_of("../secret")
    Traceback (most recent call last):
    ...
    ValueError: a version is letters, digits, dots, plus and minus signs, got '../secret'
    """
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z.+-]*", version):
        raise ValueError(f"a version is letters, digits, dots, plus and minus signs, got {version!r}")
    return HISTORY / f"{version}.json"


def write(version: str, machine: dict[str, Any], results: Sequence[dict[str, Any]]) -> Path:
    """Keep the figures of a release; one line a case, so that a change is read in the diff."""
    rows = [{k: _short({**r, "best": min(r["runs"])}[k]) for k in KEPT} for r in results]
    path = path_of(version)
    path.parent.mkdir(exist_ok=True)
    lines = ",\n".join("  " + json.dumps(row) for row in rows)
    path.write_text(f'{{\n "version": {json.dumps(version)},\n "machine": {json.dumps(machine)},\n "results": [\n{lines}\n ]\n}}\n')
    return path


def read(version: str) -> dict[str, Any]:
    """The figures of a release."""
    path = path_of(version)
    if not path.exists():
        known = sorted(p.stem for p in HISTORY.glob("*.json"))
        raise LookupError(f"no figures of {version!r}: there are {', '.join(known) or 'none'}; --release VERSION writes them")
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def compare(then: dict[str, Any], results: Sequence[dict[str, Any]]) -> str:
    """A table of the cases that both have at the same size."""
    old = {(r["case"], r["n"]): r for r in then["results"]}
    rows = []
    for new in results:
        r = old.get((new["case"], new["n"]))
        if r is None:
            continue
        forms: list[tuple[str, Callable[[Any], str]]] = [("bytes_per_row", report.tenths), ("rounds", report.whole), ("peak", report.mib)]
        pairs = [[report.optional(v[key], form) for v in (r, new)] for key, form in forms]
        rows.append([
            new["case"], f"{new['n']:,}", report.seconds(r["seconds"]), report.seconds(new["seconds"]), f"{r['seconds'] / new['seconds']:.2f}x",
            *(cell for pair in pairs for cell in pair),
        ])  # fmt: skip
    machine = then["machine"]
    head = f"against {then['version']}, of {machine['date']} on {machine['cpu']}, {machine['cores']} cores, load {machine['load'][0]}"
    return f"{head}\n{report.table(HEAD, rows)}" if rows else f"{head}: no case in common"


def _short(value: Any) -> Any:
    """Four digits are enough."""
    return float(f"{value:.4g}") if isinstance(value, float) else value
