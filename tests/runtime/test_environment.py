"""A session starts whatever surrounds it: modules of the same names in the current folder, closed descriptors, no place for a cache."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = str(Path(__file__).resolve().parent.parent.parent)
SCRIPT = f"""
import os, sys
sys.path.append({ROOT!r})
import spuframe as sf, pandas as pd
with sf.local() as session:
    session.progress = False
    frame = session.from_pandas(pd.DataFrame({{"x": [1, 2]}}), owner="ann")
    assert frame["x"].sum().reveal() == 3 and (frame["x"] * frame["x"]).sum().reveal() == 5
os.write(2, b"fine\\n")
"""


def run(folder: Path, before: str = "", env: dict[str, str] | None = None) -> None:
    found = subprocess.run(
        [sys.executable, "-P", "-c", before + SCRIPT], cwd=folder, env=os.environ | (env or {}), capture_output=True, timeout=240, check=False
    )
    assert b"fine" in found.stderr, found.stderr[-4000:]


@pytest.mark.slow
def test_modules_in_the_current_folder_and_closed_descriptors(tmp_path: Path) -> None:
    for name in ("random", "json", "numpy", "socket", "queue"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('not this one')\n")
    run(tmp_path, before="import os; os.close(0); os.close(1)\n")


@pytest.mark.slow
def test_no_place_for_a_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    run(tmp_path, env={"NUMBA_CACHE_DIR": str(tmp_path / "file" / "below"), "HOME": "/nowhere"})


@pytest.mark.slow
def test_damaged_cache_files_are_made_again(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    code = f"""
import sys
sys.path.append({ROOT!r})
import numpy as np
from spuframe.kernels.jit import jit
import double
print(double.double(np.arange(3)).sum())
"""
    (tmp_path / "double.py").write_text("from spuframe.kernels.jit import jit\n@jit\ndef double(x):\n    return x + x\n")

    def double() -> None:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=os.environ | {"NUMBA_CACHE_DIR": str(cache)}, capture_output=True, text=True, check=False
        )
        assert done.stdout == "6\n", done.stderr

    double()
    files = [p for p in cache.rglob("*") if p.is_file()]
    assert len(files) == 2
    for damage in (lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b[:-40] + bytes(8) + b[-32:]):
        for path in files:
            path.write_bytes(damage(path.read_bytes()))
        double()
    assert len([p for p in cache.rglob("*") if p.is_file()]) == 2
