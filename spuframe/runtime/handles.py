"""The plaintext tables that an owner's process keeps, by handle, and how its workers reach them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from spuframe.errors import DataError, PlanError
from spuframe.runtime.vault import DamagedError, Vault

_HANDLE = re.compile(r"t[0-9a-f]{16}\Z")


class OwnerTables(Mapping[str, Any]):
    """Handles to `pyarrow.Table`, kept as encrypted Arrow IPC files in a private folder.

    Parameters
    ----------
    folder : Path
        Made if it is missing.
    key : bytes
        Of the session, see `spuframe.runtime.vault`.
    """

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder = folder
        self._vault = Vault(key)
        folder.mkdir(mode=0o700, exist_ok=True)

    def add(self, table: Any) -> str:
        """Keep a `pyarrow.Table`; give its handle."""
        import pyarrow as pa

        handle = f"t{secrets.token_hex(8)}"
        with self._vault.create(self._path(handle), handle) as out, pa.ipc.new_file(out, table.schema) as writer:
            writer.write_table(table)
        return handle

    def discard(self, handle: str) -> None:
        """Forget a table; no error if it is not there."""
        if _HANDLE.match(handle):
            self._path(handle).unlink(missing_ok=True)

    def __getitem__(self, handle: str) -> Any:
        import pyarrow as pa

        try:
            if not _HANDLE.match(handle):
                raise FileNotFoundError
            _, data = self._vault.open(self._path(handle), handle)
        except FileNotFoundError:
            raise PlanError(f"this owner has no table {handle!r}. It was closed, or belongs to another session: open it again.") from None
        except DamagedError:
            raise DataError(f"the file of the open table {handle!r} is not what was written: it was damaged or exchanged. Open it again.") from None
        table = pa.ipc.open_file(pa.py_buffer(data)).read_all()
        table.validate(full=True)  # what wrote it had read what came from outside
        return table

    def __iter__(self) -> Iterator[str]:
        return (p.stem for p in self._folder.glob("t*.arrow"))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _path(self, handle: str) -> Path:
        return self._folder / f"{handle}.arrow"
