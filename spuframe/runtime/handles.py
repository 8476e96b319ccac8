"""The plaintext tables that an owner's process keeps, by handle, and how its workers reach them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from spuframe.errors import PlanError

_HANDLE = re.compile(r"t[0-9a-f]{16}\Z")


class OwnerTables(Mapping[str, Any]):
    """Handles to `pyarrow.Table`, mapped into memory from uncompressed Arrow IPC files in a private folder.

    Parameters
    ----------
    folder : Path
        Made if it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)

    def add(self, table: Any) -> str:
        """Keep a `pyarrow.Table`; give its handle."""
        import pyarrow as pa

        handle = f"t{secrets.token_hex(8)}"
        draft = self._folder / f".{handle}"
        try:
            with pa.OSFile(str(draft), "wb") as out, pa.ipc.new_file(out, table.schema) as writer:
                writer.write_table(table)
            draft.rename(self._path(handle))
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        return handle

    def discard(self, handle: str) -> None:
        """Forget a table; no error if it is not there."""
        if _HANDLE.match(handle):
            self._path(handle).unlink(missing_ok=True)

    def __getitem__(self, handle: str) -> Any:
        import pyarrow as pa

        if not _HANDLE.match(handle) or not self._path(handle).exists():
            raise PlanError(f"this owner has no table {handle!r}. It was closed, or belongs to another session: open it again.")
        with pa.memory_map(str(self._path(handle))) as source:
            table = pa.ipc.open_file(source).read_all()
        table.validate(full=True)  # what wrote it had read what came from outside
        return table

    def __iter__(self) -> Iterator[str]:
        return (p.stem for p in self._folder.glob("t*.arrow"))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _path(self, handle: str) -> Path:
        return self._folder / f"{handle}.arrow"
