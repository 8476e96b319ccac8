"""Scripts that end without closing their session: no noise, no processes that stay."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

ROOT = str(Path(__file__).resolve().parent.parent.parent)
BEGIN = f"""
import os, sys, warnings
sys.path.insert(0, {ROOT!r})
import pandas as pd
import spuframe as sf
from spuframe.frame import progress
from spuframe.runtime.local import local

progress.DELAY = 0.0
warnings.simplefilter("ignore", sf.InsecureWarning)
session = sf.Session(local(protocol="plaintext")).open()
frame = session.from_pandas(pd.DataFrame({{"x": [1.0, 2.0, 4.0]}}), owner="ann")
print(*(node["pid"] for node in session.status()), flush=True)
"""
KEEP = """
kept = frame.persist()
scaler = sf.ml.StandardScaler().fit(frame)
"""
FORK = """
child = os.fork()
if child == 0:
    session.__exit__(None, None, None)  # as at the end of a block
    sys.exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert kept["x"].sum().reveal() == 7.0
"""
RAISE = """
raise ValueError("of the script")
"""
EXIT = """
sys.exit(3)
"""


def ran(*parts: str) -> tuple[int, str]:
    """How a script ended and what it wrote to stderr; its processes are gone."""
    done = subprocess.run([sys.executable, "-c", "".join(parts)], capture_output=True, text=True, timeout=120)
    pids = [int(pid) for pid in done.stdout.split()]
    assert len(pids) == 2, done.stderr
    assert not any(psutil.pid_exists(pid) for pid in pids)
    return done.returncode, done.stderr


def test_a_script_that_ends_and_whose_child_ended_before() -> None:
    assert ran(BEGIN, KEEP, FORK) == (0, "")


def test_a_script_that_exits() -> None:
    assert ran(BEGIN, EXIT) == (3, "")


@pytest.mark.slow
def test_a_script_that_raises() -> None:
    status, told = ran(BEGIN, KEEP, RAISE)
    assert status == 1
    assert told.splitlines()[0].startswith("Traceback") and told.splitlines()[2:] == ["ValueError: of the script"]
