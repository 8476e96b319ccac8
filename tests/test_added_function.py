"""To add a function touches its family in ``spuframe/expr/functions`` and the one of the same name in ``spuframe/spu/functions``, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("which", ["proof", "without"])
def test_a_function_of_two_files(which: str, protocol: str) -> None:
    done = subprocess.run([sys.executable, "-m", "tests.added.proof", which, protocol], cwd=REPO, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
