"""Tables are opened in a process of their own: what a table does to it is a typed error, and the owner's node lives."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spuframe.config import Policy, Quotas
from spuframe.errors import DataError
from spuframe.runtime.runtimes import Runtimes

Start = Callable[..., Runtimes]
Look = Callable[[Callable[[], Any]], Any]
FRAGILE = "tests.runtime.fragile"


def node(session: Runtimes) -> psutil.Process:
    return psutil.Process(session._owners["ann"].pid)


def readers(session: Runtimes) -> list[psutil.Process]:
    return [p for p in node(session).children(recursive=True) if p.name() in ("spuframe reader", "spuframe fragil")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("segv.csv", "hang.csv", "good.csv"):
        (tmp_path / name).write_text("a\n1\n2\n")
    return tmp_path


def csv(folder: Path, name: str) -> dict[str, str]:
    return {"kind": "csv", "path": str(folder / name)}


def test_a_reader_that_dies_hangs_or_is_killed(start: Start, folder: Path) -> None:
    session = start(owners=("ann",), policy=Policy(folders=(str(folder),)), reader=FRAGILE, quotas=Quotas(reader_seconds=3.0))
    pid = node(session).pid
    assert session.open_table("ann", csv(folder, "good.csv")).rows == 2
    with pytest.raises(DataError, match=r"segv.csv' of owner 'ann' could not be opened: .* killed by signal 11"):
        session.open_table("ann", csv(folder, "segv.csv"))
    with pytest.raises(DataError, match=r"hang.csv' of owner 'ann' could not be opened within 3 s.*Quotas\(reader_seconds"):
        session.open_table("ann", csv(folder, "hang.csv"))

    def shoot() -> None:
        while not readers(session):
            time.sleep(0.05)
        readers(session)[0].kill()

    threading.Thread(target=shoot, daemon=True).start()
    with pytest.raises(DataError, match="killed by signal 9"):
        session.open_table("ann", csv(folder, "hang.csv"))
    assert session.open_table("ann", csv(folder, "good.csv")).rows == 2
    assert node(session).pid == pid and len(readers(session)) == 1
    own = node(session).children(recursive=True)
    session.close()
    assert psutil.wait_procs(own, 5.0)[1] == []


def test_the_seconds_of_a_table_begin_when_the_reader_has_started(start: Start, ipc: Callable[[pa.Table], bytes]) -> None:
    session = start(owners=("ann",), reader="tests.runtime.slow", quotas=Quotas(reader_seconds=1.0))
    assert session.open_table("ann", {"kind": "arrow", "data": ipc(pa.table({"a": [1]}))}).rows == 1


def test_memory_is_limited(start: Start, tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": np.zeros(25_000_000)}), tmp_path / "bomb.parquet", compression="zstd")
    session = start(owners=("ann",), policy=Policy(folders=(str(tmp_path),)), quotas=Quotas(reader_memory=128 << 20))
    with pytest.raises(DataError, match=r"bomb.parquet' of owner 'ann' needs more than 134217728 bytes of memory.*Quotas\(reader_memory"):
        session.open_table("ann", {"kind": "parquet", "path": str(tmp_path / "bomb.parquet")})
    pq.write_table(pa.table({"a": [1.0]}), tmp_path / "small.parquet")
    assert session.open_table("ann", {"kind": "parquet", "path": str(tmp_path / "small.parquet")}).rows == 1


def test_children_inherit_what_they_need_alone(
    start: Start, ipc: Callable[[pa.Table], bytes], monkeypatch: pytest.MonkeyPatch, look: Look
) -> None:
    monkeypatch.setenv("MY_CLOUD_TOKEN", "hunter2")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    session = start(owners=("ann",))
    session.open_table("ann", {"kind": "arrow", "data": ipc(pa.table({"a": [1]}))})
    (reader,) = readers(session)
    for process in (node(session), reader):
        found = look(process.environ)
        assert found["PATH"] == os.environ["PATH"] and found["OMP_NUM_THREADS"] == "1" and "MY_CLOUD_TOKEN" not in found
