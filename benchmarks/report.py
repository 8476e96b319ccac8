"""Aligned tables, machine facts, JSON files."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
RESULTS = Path(__file__).resolve().parent / "results"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell; the first one to the left, the others to the right."""
    widths = [max(len(r[i]) for r in [head, *rows]) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(cells, widths, strict=True))).rstrip()

    return "\n".join([line(head), line(["-" * w for w in widths]), *(line(r) for r in rows)])


def seconds(value: float) -> str:
    """Three significant digits.

    >>> seconds(0.01234), seconds(1.5), seconds(123.4)
    ('0.0123', '1.50', '123')
    """
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.2f}" if value >= 1 else f"{value:.3f}" if value >= 0.1 else f"{value:.4f}"


def count(value: float) -> str:
    """Short, with a unit.

    >>> count(950), count(12_345), count(3.2e7)
    ('950', '12.3k', '32.0M')
    """
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.1f}{unit}"
    return f"{value:.0f}"


def mib(value: int) -> str:
    return f"{value / 2**20:.0f}"


def whole(value: int) -> str:
    return f"{value:,}"


def tenths(value: float) -> str:
    return f"{value:,.1f}"


def percent(value: float) -> str:
    return f"{100 * value:.0f}%"


def optional(value: T | None, form: Callable[[T], str]) -> str:
    """A dash for what is not known."""
    return "-" if value is None else form(value)


def failures(texts: Sequence[str]) -> int:
    """Print what failed; the exit status."""
    for text in texts:
        print(f"FAILED {text}", file=sys.stderr)
    return 1 if texts else 0


def facts() -> dict[str, Any]:
    """The machine and the versions; nothing that names it."""
    versions = {"python": platform.python_version()}
    for name in ("spuframe", "numpy", "numba", "cryptography", "pyarrow"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": _memory(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": [round(x, 2) for x in os.getloadavg()],
        "versions": versions,
    }


def headline(known: dict[str, Any]) -> str:
    versions = ", ".join(f"{k} {v}" for k, v in known["versions"].items())
    return f"{known['date']}  {known['cpu']}, {known['cores']} cores, {known['memory_gib']} GiB, load {known['load'][0]}\n{versions}"


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def _memory() -> float:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError):
        return 0.0


def save(name: str, content: dict[str, Any]) -> Path:
    """Write ``results/<name>.json``."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(content, indent=1) + "\n")
    return path


def progress(text: str) -> None:
    """A line on stderr that the next one overwrites, on a terminal only."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()
