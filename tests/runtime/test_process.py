"""Child processes: what their end tells, and what their memory does not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spuframe.errors import PartyDiedError
from spuframe.ir.physical import PhysicalPlan
from spuframe.runtime.process import Tail
from spuframe.runtime.runtimes import Runtimes

ROOT = str(Path(__file__).resolve().parent.parent.parent)


def last_words(code: str, *words: str) -> str:
    process = subprocess.Popen([sys.executable, "-c", code, *words], stderr=subprocess.PIPE)
    assert process.stderr is not None
    tail = Tail(process.stderr)
    process.wait()
    return tail.last_words()


def test_the_end_of_a_log_reaches_the_analyst_without_values(start: Callable[..., Runtimes], plan: Callable[..., PhysicalPlan]) -> None:
    session = start(owners=(), worker="tests.runtime.broken")
    with pytest.raises(PartyDiedError, match=r"party 0 died: .* \(its log ends: .*broken.py:\d+ in read; ValueError\)") as caught:
        session.run(plan(owners=()))
    assert "4711" not in str(caught.value)


def test_a_crash_says_where() -> None:
    told = last_words("import ctypes, faulthandler\nfaulthandler.enable()\ndef deep(): ctypes.string_at(0)\ndeep()")
    assert "Segmentation fault" in told or "string_at" in told
    assert "<string>:3 in deep" in told


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"])), max_size=6))
def test_other_lines_are_not_told(lines: list[str]) -> None:
    class Lines:
        def __init__(self) -> None:
            self.left = [f"value {line}\n".encode() for line in lines]

        def readline(self, size: int) -> bytes:
            return self.left.pop(0) if self.left else b""

        def __enter__(self) -> None: ...

        def __exit__(self, *exc: object) -> None: ...

    assert Tail(Lines()).last_words() == ""  # type: ignore[arg-type]


@pytest.mark.skipif(sys.platform != "linux", reason="dumpable is Linux's word")
def test_memory_cannot_be_read_and_its_peak_still_starts_anew() -> None:
    code = f"""
import ctypes, os, resource, sys
sys.path.insert(0, {ROOT!r})
from spuframe.runtime.process import PeakMemory, no_core_files
prctl = ctypes.CDLL(None).prctl
if os.getuid() == 0:  # root may do everything
    os.setuid(65534)
    prctl(4, 1, 0, 0, 0)
peak = PeakMemory()
no_core_files()
assert prctl(3, 0, 0, 0, 0) == 0
assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
assert os.stat("/proc/self/mem").st_uid == 0, "of root: no debugger of this user opens it"
bytearray(1 << 27)
high = peak.value()
peak.reset()
assert high - peak.value() > 1 << 26, (high, peak.value())
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
