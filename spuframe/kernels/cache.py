# mypy: disable-error-code="no-untyped-call,misc,import-untyped"
"""Machine code on disk that is checked before it is used: a file that was cut or damaged is made again.

Numba's cache unpickles what it finds and takes any failure for the caller's. Here each file ends with a hash of the rest, so that what a full disk
or a killed process left behind is known before anything is decoded. (The hash is no protection against who may write the folder: such a
person can put any code there.)
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from numba.core.caching import FunctionCache, IndexDataCacheFile

_HASH = 32


class _Checked(IndexDataCacheFile):
    """Index and data files that end with a hash; what fails it does not exist."""

    def _load_index(self) -> dict[Any, str]:
        return dict(super()._load_index()) if _sound(Path(self._index_path)) else {}

    def _load_data(self, name: str) -> Any:
        return super()._load_data(name) if _sound(Path(self._data_path(name))) else None  # its reader stops before the hash

    @contextlib.contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[_Hashed]:
        draft = Path(f"{filepath}.tmp.{secrets.token_hex(8)}")
        try:
            with open(draft, "wb") as raw:
                file = _Hashed(raw)
                yield file
                raw.write(file.hash.digest())
            os.replace(draft, filepath)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


class _Hashed:
    """A file that is hashed as it is written."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self.hash = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        return self._raw.write(data)


def _sound(path: Path) -> bool:
    """Whether a file is there and ends with its hash."""
    try:
        data = path.read_bytes()
    except OSError:
        return False
    return len(data) > _HASH and hashlib.sha256(data[:-_HASH]).digest() == data[-_HASH:]


class SafeCache(FunctionCache):
    """Numba's cache of a function, which never fails: what cannot be read is compiled, what cannot be written is not kept."""

    def __init__(self, fn: Any) -> None:
        super().__init__(fn)
        # Files of its own: Numba's carry no hash.
        self._cache_file = _Checked(self._cache_path, f"{self._impl.filename_base}.checked", self._impl.locator.get_source_stamp())

    def signatures(self, codegen: Any) -> list[Any]:
        """The types for which the disk holds machine code of this processor."""
        index = self._cache_file._load_index()
        return [key[0] for key in index if key == self._index_key(key[0], codegen)]

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep machine code; a full or vanished disk costs the next process a compilation."""
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)
