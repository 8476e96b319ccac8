"""The store of shares: what outlives a plan at one party.

A table of shares is one encrypted file (`spuframe.runtime.vault`): in clear the mark of the plan that stored it, then Arrow IPC, then a seal over all of
it. A small file beside it says what it is. File names tell nothing. Several workers may use a store at once; a table appears whole or not at all. The mark
is the same at all parties, who compare it before they load (`spuframe.runtime.agreement`).
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgpack

from spuframe.dtypes import Field
from spuframe.errors import StoreError
from spuframe.runtime.vault import DamagedError, Vault

if TYPE_CHECKING:
    from spuframe.spu.layout import Layout
    from spuframe.spu.share import Share
    from spuframe.spu.table import Table

_META = b"spuframe"
_HASH = 32


@dataclass(frozen=True)
class Entry:
    """What the store knows of one table.

    Parameters
    ----------
    name : str
    bytes : int
    rows : int
    columns : int
    """

    name: str
    bytes: int
    rows: int
    columns: int


class ShareStore:
    """Tables of shares by name, in a folder.

    Parameters
    ----------
    folder : Path
        Private; made if it is missing.
    key : bytes
        Of the session, see `spuframe.runtime.vault`.

    Examples
    --------
    >>> import tempfile
    >>> store = ShareStore(Path(tempfile.mkdtemp()), bytes(32))
    >>> store.names()
    []
    """

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)
        self._vault = Vault(key)
        self._plan = b""
        self._told: dict[str, bytes] = {}

    def begin(self, plan: bytes, names: Iterable[str]) -> dict[str, bytes]:
        """Start a plan: give the marks of the tables that it loads; `get` then gives no others. What it stores is marked by ``plan``.

        Raises
        ------
        StoreError
            There is no such table, or it is no file of this store.
        """
        self._plan = plan
        self._told = {name: self._mark(name) for name in names}
        return dict(self._told)

    def _mark(self, name: str) -> bytes:
        try:
            return self._vault.clear(self._path(name), _HASH)
        except FileNotFoundError:
            raise self._missing(name) from None
        except DamagedError:
            raise self._damaged(name) from None

    def put(self, name: str, table: Table) -> None:
        """Keep ``table``, in the place of another one of that name."""
        import numpy as np
        import pyarrow as pa

        shares: list[Share] = []
        meta = _describe(name, table, shares)
        parts = [np.ascontiguousarray(p) for s in shares for p in s.parts]
        # One row of blobs: parts differ in length (bits, words, matrices), which the columns of a batch must not.
        ends = [pa.py_buffer(np.array([0, p.nbytes], np.int64)) for p in parts]
        blobs = [pa.py_buffer(p.reshape(-1).view(np.uint8)) for p in parts]
        arrays = [pa.Array.from_buffers(pa.large_binary(), 1, [None, end, blob]) for end, blob in zip(ends, blobs, strict=True)]
        schema = pa.schema([(f"p{i}", pa.large_binary()) for i in range(len(arrays))], metadata={_META: msgpack.packb(meta)})
        path = self._path(name)
        mark = hashlib.blake2b(msgpack.packb(name), key=self._plan, digest_size=_HASH).digest()
        with self._vault.create(path, name, mark) as out, pa.ipc.new_file(out, schema) as writer:
            writer.write_batch(pa.record_batch(arrays, schema=schema))
        self._told.pop(name, None)
        size = sum(p.nbytes for p in parts)
        card = {"name": name, "bytes": size, "rows": table.rows, "columns": len(table.columns)}
        with self._vault.create(path.with_suffix(".card"), path.stem) as out:
            out.write(msgpack.packb(card))

    def get(self, name: str, layout: Layout) -> Table:
        """The table called ``name``, held in the layout of the session's protocol; changes to its arrays stay in this process.

        Raises
        ------
        StoreError
            There is none, or it is not what was stored.
        """
        import numpy as np
        import pyarrow as pa

        try:
            mark, data = self._vault.open(self._path(name), name, _HASH)
        except FileNotFoundError:
            raise self._missing(name) from None
        except DamagedError:
            raise self._damaged(name) from None
        if self._told.get(name, mark) != mark:  # another one than the parties agreed to
            raise self._damaged(name)
        whole, source = np.frombuffer(data, np.uint8), pa.py_buffer(data)
        reader = pa.ipc.open_file(source)
        batch = reader.get_batch(0)
        # Through NumPy's own view of the memory: Arrow's would be read-only, which compiled kernels take for another type.
        blobs = iter([whole[b.address - source.address :][: b.size] for b in (_blob(c) for c in batch.columns)])
        return _rebuild(msgpack.unpackb(reader.schema.metadata[_META]), blobs, layout)

    def kept(self, name: str, make: Callable[[], bytes]) -> bytes:
        """What the shares of this store have in common, such as a part of the key of their tags: made at the first call, then always the same.

        Raises
        ------
        StoreError
            It is not what was kept.
        """
        path = (self._folder / self._vault.pseudonym(name)).with_suffix(".kept")
        with contextlib.suppress(FileNotFoundError):
            try:
                return bytes(self._vault.open(path, name)[1])
            except DamagedError:
                raise self._damaged(name) from None
        made = make()
        with self._vault.create(path, name) as out:
            out.write(made)
        return made

    def delete(self, name: str) -> None:
        """Forget ``name``. Who has read it keeps it until it is done."""
        path = self._path(name)
        path.with_suffix(".card").unlink(missing_ok=True)
        try:
            path.unlink()
        except FileNotFoundError:
            raise self._missing(name) from None

    def entries(self) -> list[Entry]:
        """What is there, by name."""
        return sorted(self._cards(), key=lambda e: e.name)

    def names(self) -> list[str]:
        return [e.name for e in self.entries()]

    def sizes(self) -> dict[str, int]:
        """Bytes of each table."""
        return {e.name: e.bytes for e in self.entries()}

    def _cards(self) -> Iterator[Entry]:
        for path in self._folder.glob("*.card"):
            with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
                try:
                    _, data = self._vault.open(path, path.stem)
                except DamagedError:
                    raise StoreError("the description of a stored table is not what was written: its file was damaged. Open a new session.") from None
                yield Entry(**msgpack.unpackb(data))

    def _path(self, name: str) -> Path:
        return self._folder / f"{self._vault.pseudonym(name)}.arrow"

    def _damaged(self, name: str) -> StoreError:
        return StoreError(f"the stored table {name!r} is not what was stored: its file was damaged or exchanged. Persist the frame again.")

    def _missing(self, name: str) -> StoreError:
        return StoreError(f"the store holds no table {name!r}. It was deleted, or belongs to another session: persist the frame again.")


def _describe(name: str, table: Table, shares: list[Share]) -> dict[str, Any]:
    """Everything but the words; the shares go to ``shares``, in the order in which `_rebuild` asks for them."""

    def note(share: Share | None) -> list[Any] | None:
        if share is None:
            return None
        shares.append(share)
        return [type(share.kind).__name__, share.kind.bits, list(share.shape), [[p.dtype.str, list(p.shape)] for p in share.parts]]

    columns = [[label, c.field.to_plain(), note(c.values), note(c.valid)] for label, c in table.columns.items()]
    return {"name": name, "rows": table.rows, "columns": columns, "valid": note(table.valid), "sorted_by": list(table.sorted_by)}


def _rebuild(meta: dict[str, Any], blobs: Iterator[Any], layout: Layout) -> Table:
    from spuframe.spu.share import Arithmetic, Boolean, Share
    from spuframe.spu.table import Column, Table

    def read(note: list[Any] | None) -> Share | None:
        if note is None:
            return None
        kind, bits, shape, parts = note
        made = Arithmetic(bits) if kind == "Arithmetic" else Boolean(bits)
        return Share(made, tuple(shape), tuple(next(blobs).view(dtype).reshape(tuple(size)) for dtype, size in parts), layout)

    def always(note: list[Any]) -> Share:
        share = read(note)
        assert share is not None
        return share

    columns = {label: Column(Field.from_plain(field), always(values), read(valid)) for label, field, values, valid in meta["columns"]}
    return Table(columns, meta["rows"], read(meta["valid"]), tuple(meta["sorted_by"]))


def _blob(array: Any) -> Any:
    """The bytes of the one value of a large_binary array."""
    _, _, data = array.buffers()
    return data.slice(0, len(array[0].as_buffer()))
