"""How processes end of errors that nobody caught: all in one way, with a status, and told without values."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from spuframe.runtime.process import OUT_OF_MEMORY

ROOT = str(Path(__file__).resolve().parent.parent.parent)
CASES = """
import json, os, signal, sys
sys.path.insert(0, sys.argv[1])
from spuframe.errors import AddressInUseError, PeerClosedError
from spuframe.runtime.top import begin, guarded

def run(error, deaf=False):
    told, tell = os.pipe()
    def hand_over(plain):
        if deaf:
            raise PeerClosedError("nobody is there")
        os.write(tell, json.dumps(plain).encode())
    if (child := os.fork()) == 0:
        with guarded("party 0", hand_over):
            if error is not None:
                raise error
    os.close(tell)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status, os.read(told, 4096).decode()

begin(threads=True, orphaned=signal.SIGKILL)
cases = [None, ValueError("4711"), AddressInUseError("taken"), MemoryError(), RuntimeError("can't start new thread"), SystemExit(0), KeyboardInterrupt()]
print(json.dumps([run(error) for error in cases] + [run(ValueError("4711"), deaf=True)]))
"""


def test_every_end_has_a_status_and_is_told_once() -> None:
    done = subprocess.run([sys.executable, "-c", CASES, ROOT], capture_output=True, text=True, check=True)
    ends = json.loads(done.stdout)
    assert [status for status, _ in ends] == [0, 1, 1, OUT_OF_MEMORY, OUT_OF_MEMORY, 1, 1, 1]
    told = [json.loads(text) if text else None for _, text in ends]
    assert [t and t["type"] for t in told] == [None, "InstanceError", "AddressInUseError", None, None, "InstanceError", "InstanceError", None]
    assert told[1]["party"] == "party 0" and told[2]["message"] == "taken"
    assert "4711" not in done.stdout + done.stderr
    assert "\nValueError\n" in done.stderr  # for whoever reads the end of the log
