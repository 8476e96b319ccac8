"""The store of shares and the private folder."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from spuframe.dtypes import Bool, Field, Int, String
from spuframe.errors import StoreError
from spuframe.runtime.folder import PrivateFolder, sweep
from spuframe.runtime.store import ShareStore
from spuframe.spu.components import Components
from spuframe.spu.share import BIT, Arithmetic, Boolean, Share
from spuframe.spu.table import Column, Table

LAYOUT = Components(2)


def opened(folder: Path) -> ShareStore:
    """The store in a folder: each has a key of its own."""
    return ShareStore(folder, hashlib.sha256(folder.name.encode()).digest())


def vector(kind: Arithmetic | Boolean, rows: int, *tail: int) -> Share:
    shape = (-(-rows // 8),) if kind == BIT else (rows, *tail)
    size = int(np.prod(shape))
    return Share(kind, (rows, *tail), tuple(np.arange(k, size + k).astype(kind.word).reshape(shape) for k in (1, 2)), LAYOUT)


def table(rows: int) -> Table:
    columns = {
        "age": Column(Field("age", Int(32), True, range=(0, 127), owners=frozenset({"ann"})), vector(Arithmetic(32), rows), vector(BIT, rows)),
        "name": Column(Field("name", String(16)), vector(Boolean(64), rows, 2)),
        "ok": Column(Field("ok", Bool()), vector(BIT, rows)),
    }
    return Table(columns, rows, vector(BIT, rows), ("age",))


def same(a: Share | None, b: Share | None) -> bool:
    if a is None or b is None:
        return a is b
    parts = zip(a.parts, b.parts, strict=True)
    return (a.kind, a.shape) == (b.kind, b.shape) and all(p.dtype == q.dtype and np.array_equal(p, q) for p, q in parts)


@pytest.mark.parametrize("rows", [0, 1, 13, 1000])
def test_a_table_comes_back(tmp_path: Path, rows: int) -> None:
    given = table(rows)
    opened(tmp_path / "s").put("cohort", given)
    got = opened(tmp_path / "s").get("cohort", LAYOUT)  # another process's view of the same folder
    assert (got.rows, got.sorted_by, list(got.columns)) == (rows, ("age",), ["age", "name", "ok"])
    assert same(got.valid, given.valid)
    for name, column in given.columns.items():
        assert got.columns[name].field == column.field
        assert same(got.columns[name].values, column.values) and same(got.columns[name].valid, column.valid)


def test_what_is_read_can_be_written_to_without_harm(tmp_path: Path) -> None:
    store = opened(tmp_path / "s")
    store.put("t", table(8))
    part = store.get("t", LAYOUT).columns["age"].values.parts[0]
    part[:] = 0
    assert store.get("t", LAYOUT).columns["age"].values.parts[0][0] == 1


def test_put_delete_names_sizes(tmp_path: Path) -> None:
    store = opened(tmp_path / "s")
    store.put("b", table(8))
    store.put("a", table(16))
    store.put("b", table(80))
    assert store.names() == ["a", "b"]
    assert store.sizes() == {name: 2 * rows * (4 + 16) + 2 * 3 * rows // 8 for name, rows in (("a", 16), ("b", 80))}
    mapped = store.get("a", LAYOUT)
    store.delete("a")
    assert store.names() == ["b"] and mapped.columns["age"].values.parts[0][0] == 1
    for call in (partial(store.get, layout=LAYOUT), store.delete):
        with pytest.raises(StoreError, match="no table 'a'"):
            call("a")


def test_files_tell_nothing(tmp_path: Path) -> None:
    one, two = opened(tmp_path / "1"), opened(tmp_path / "2")
    for store in (one, two):
        store.put("cohort", table(8))
    names = [{p.name for p in (tmp_path / f).glob("*.arrow")} for f in "12"]
    assert names[0] != names[1]  # keyed: the same name makes another file elsewhere
    for path in tmp_path.rglob("*"):
        assert "cohort" not in path.name and "age" not in path.name
        assert path.is_dir() or (b"cohort" not in (data := path.read_bytes()) and b"age" not in data and b"ARROW" not in data)
        assert path.stat().st_mode & 0o077 == 0


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    store = opened(tmp_path / "s")
    store.put("t", table(100))
    (path,) = (tmp_path / "s").glob("*.arrow")
    good = path.read_bytes()
    share = store.get("t", LAYOUT).columns["age"].values.parts[0].tobytes()
    rng = np.random.default_rng(0)
    assert share not in good
    for place in [0, 12, 44, len(good) - 1, *rng.integers(0, len(good), 60)]:  # nonce, mark, content, seal
        bad = bytearray(good)
        bad[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(bad)
        with pytest.raises(StoreError, match="damaged or exchanged"):
            store.get("t", LAYOUT)
    for cut in (0, 1, 8, len(good) // 2):
        path.write_bytes(good[:cut])
        with pytest.raises(StoreError, match="damaged or exchanged"):
            store.get("t", LAYOUT)
    path.write_bytes(good)
    assert store.get("t", LAYOUT).rows == 100


def test_exchanged_files_are_found(tmp_path: Path) -> None:
    store, other = opened(tmp_path / "s"), opened(tmp_path / "o")
    store.put("a", table(8))
    path = next((tmp_path / "s").glob("*.arrow"))
    first = path.read_bytes()
    store.put("b", table(16))
    second = next(p for p in (tmp_path / "s").glob("*.arrow") if p != path)
    path.write_bytes(second.read_bytes())
    second.write_bytes(first)
    for name in "ab":
        with pytest.raises(StoreError, match="damaged or exchanged"):
            store.get(name, LAYOUT)
    other.put("a", table(8))  # the same table, sealed by the key of another store
    theirs = next((tmp_path / "o").glob("*.arrow"))
    path.write_bytes(theirs.read_bytes())
    with pytest.raises(StoreError, match="damaged or exchanged"):
        store.get("a", LAYOUT)


def test_marks_tell_plans_and_names_apart(tmp_path: Path) -> None:
    stores = [opened(tmp_path / f) for f in "12"]
    for store in stores:  # two parties
        store.begin(b"first", [])
        store.put("a", table(8))
        store.put("b", table(8))
    marks = [store.begin(b"second", "ab") for store in stores]
    assert marks[0] == marks[1] and marks[0]["a"] != marks[0]["b"]
    stores[0].put("a", table(8))
    assert stores[0].get("a", LAYOUT).rows == 8  # stored by the plan that reads it
    assert stores[0].begin(b"third", "a")["a"] != marks[0]["a"]
    opened(tmp_path / "1").put("a", table(8))  # replaced after the parties agreed
    with pytest.raises(StoreError, match="damaged or exchanged"):
        stores[0].get("a", LAYOUT)
    with pytest.raises(StoreError, match="no table 'c'"):
        stores[0].begin(b"fourth", "c")


def test_a_replaced_table_is_whole_at_every_moment(tmp_path: Path) -> None:
    store = opened(tmp_path / "s")
    store.put("t", table(8))
    done = threading.Event()

    def replace() -> None:
        while not done.is_set():
            store.put("t", table(8))

    thread = threading.Thread(target=replace)
    thread.start()
    try:
        reader = opened(tmp_path / "s")
        for _ in range(200):
            assert reader.get("t", LAYOUT).rows == 8
    finally:
        done.set()
        thread.join()


def test_a_folder_lives_as_long_as_its_runtime(tmp_path: Path) -> None:
    with PrivateFolder(tmp_path) as folder:
        (folder.path / "x").write_text("x")
        assert sweep(tmp_path) == 0
        with PrivateFolder(tmp_path) as other:
            assert folder.path.exists() and other.path != folder.path
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parent.parent.parent
    code = (
        f"import sys, os, pathlib; sys.path.insert(0, {str(root)!r})\n"
        "from spuframe.runtime.folder import PrivateFolder\n"
        "PrivateFolder(pathlib.Path(sys.argv[1])).open(); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert len(list(tmp_path.iterdir())) == 1
    assert sweep(tmp_path) == 1
    assert list(tmp_path.iterdir()) == [] and os.path.exists(tmp_path)
