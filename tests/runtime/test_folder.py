"""Where processes keep tables and shares: a place that is full is told, another one can be chosen, and what a killed one leaves is of no use."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pytest

import spuframe as sf
from spuframe.errors import SessionError, SpuframeError, StorageError
from spuframe.runtime.folder import sweep
from spuframe.runtime.local import local
from spuframe.runtime.runtimes import Runtimes
from tests.runtime.killed import NUMBER, TEXT

Start = Callable[..., Runtimes]
ROOM = 8 << 20


@pytest.fixture
def small(tmp_path: Path) -> Iterator[str]:
    """A folder with room for 8 MB; where none can be mounted, processes started meanwhile may write no longer file."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = os.getuid() == 0 and not subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", folder], check=False).returncode
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    if not mounted:
        resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
    try:
        yield str(folder)
    finally:
        if mounted:
            subprocess.run(["umount", "-l", folder], check=True)
        else:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_no_room_for_an_owner_s_table(start: Start, ipc: Callable[[pa.Table], bytes], small: str) -> None:
    session = start(owners=("ann",), scratch=small)
    large, little = (pa.table({"x": np.arange(n)}) for n in (ROOM // 8 + 1, 1000))
    with pytest.raises(StorageError, match=r"owner ann has no room left .*--shm-size.*sf\.local\(scratch=.*SPUFRAME_SCRATCH") as caught:
        session.open_table("ann", {"kind": "arrow", "data": ipc(large)})
    assert caught.value.party == "owner ann" and isinstance(caught.value, OSError)
    assert session.open_table("ann", {"kind": "arrow", "data": ipc(little)}).rows == 1000  # what did not fit takes no room


@pytest.mark.slow
def test_no_room_for_shares(small: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sf.InsecureWarning)
        made = sf.local(protocol="plaintext", scratch=small)
    with made as session:
        session.progress = False
        frame = session.from_pandas(pd.DataFrame({"x": np.arange(200_000)}), owner="ann")
        with pytest.raises(StorageError, match="party 0 has no room left"):
            frame.assign(**{f"y{i}": frame["x"] + i for i in range(8)}).persist()
        assert session.stored() == {}
        assert frame["x"].max().reveal() == 199_999  # the session goes on
        assert frame.persist()["x"].max().reveal() == 199_999


def test_the_folder_can_be_chosen(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named, default = tmp_path / "named", tmp_path / "default"
    named.mkdir()
    default.mkdir()
    monkeypatch.setenv("SPUFRAME_SCRATCH", str(default))
    sessions = [start(owners=(), scratch=named)]
    assert len(list(named.iterdir())) == 1 and not list(default.iterdir())
    sessions.append(start(owners=("ann",)))
    assert len(list(default.iterdir())) == 2
    for session in sessions:
        session.close()
    assert not [*named.iterdir(), *default.iterdir()]


@pytest.mark.parametrize("bad", ["missing", "file"])
def test_the_folder_must_be_one(tmp_path: Path, bad: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SessionError, match="must be a folder that can be written"):
        local(scratch=tmp_path / bad)
    monkeypatch.setenv("SPUFRAME_SCRATCH", str(tmp_path / bad))
    with pytest.raises(SessionError, match="must be a folder that can be written"):
        local()
    with pytest.raises(SpuframeError, match="`scratch` must be the path of a folder, got a int"):
        sf.local(scratch=3)  # type: ignore[arg-type]


@contextmanager
def session_to_kill(scratch: Path) -> Iterator[tuple[psutil.Process, list[psutil.Process]]]:
    """The process of an analyst, and those of party 0 and owner ann, while nothing happens."""
    command = [sys.executable, str(Path(__file__).parent / "killed.py"), str(scratch)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield psutil.Process(process.pid), [psutil.Process(int(pid)) for pid in process.stdout.readline().split()]
        finally:
            process.kill()


def tree(*tops: psutil.Process) -> list[psutil.Process]:
    return [p for top in tops for p in [top, *top.children(recursive=True)]]


def test_what_a_killed_session_leaves_tells_nothing(tmp_path: Path) -> None:
    with session_to_kill(tmp_path) as (analyst, nodes):
        everything = tree(analyst)
        assert len(nodes) == 2 and len(everything) >= 6  # two nodes with their nurseries, their workers, a reader
        for process in everything:
            process.send_signal(signal.SIGSTOP)  # so that none has time to tidy up
        for process in reversed(everything):  # children first: they end, and may go on, with their parents
            process.kill()
        assert not psutil.wait_procs(everything[1:], timeout=20)[1]
    left = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert {p.suffix for p in left} >= {".arrow", ".card"} and sum(p.stat().st_size for p in left) > 500 * (len(TEXT) + 8)
    for path in left:
        data = path.read_bytes()
        assert TEXT.encode() not in data and NUMBER.to_bytes(8, "little") not in data and b"number" not in data
        assert path.stat().st_mode & 0o077 == 0
    assert sweep(tmp_path) == 2 and not list(tmp_path.iterdir())  # as the next session's start does


@pytest.mark.slow
def test_processes_do_not_outlive_who_started_them(tmp_path: Path) -> None:
    with session_to_kill(tmp_path) as (analyst, (party, owner)):
        children = tree(owner)[1:]
        assert len(children) >= 2
        owner.kill()
        assert not psutil.wait_procs(children, timeout=20)[1]
        assert analyst.is_running() and party.is_running()
        rest = tree(party)
        assert len(rest) >= 2
        analyst.kill()
        assert not psutil.wait_procs(rest, timeout=20)[1]
    assert len(list(tmp_path.iterdir())) == 1  # the owner's, who had no time; the party has removed its own
    assert sweep(tmp_path) == 1 and not list(tmp_path.iterdir())
