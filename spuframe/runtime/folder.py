"""The private folder of a runtime: in memory where the system has such a place, gone when the runtime ends.

A folder is alive while its lock is held, so that what a killed runtime left behind is known without process ids, which
the system gives out again.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import secrets
import shutil
import tempfile
from pathlib import Path

from spuframe.errors import SessionError

log = logging.getLogger(__name__)
_PREFIX = "spuframe-runtime-"
_LOCK = "lock"


class PrivateFolder:
    """A folder that only this user can read.

    Parameters
    ----------
    parent : str or Path, optional
        ``/dev/shm`` if it can be used, else the system's folder for temporary files.

    Examples
    --------
    >>> with PrivateFolder() as folder:
    ...     oct(folder.path.stat().st_mode & 0o777)
    '0o700'
    >>> folder.path.exists()
    False
    """

    path: Path

    def __init__(self, parent: str | Path | None = None) -> None:
        self._parent = default_parent() if parent is None else Path(parent)
        self._lock: int | None = None

    def open(self) -> PrivateFolder:
        """Make the folder; remove those of dead runtimes."""
        sweep(self._parent)
        name = f"{_PREFIX}{os.getuid()}-{secrets.token_hex(8)}"
        hidden = self._parent / f".{name}"
        hidden.mkdir(mode=0o700)
        self._lock = os.open(hidden / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.path = self._parent / name
        hidden.rename(self.path)  # only now can a sweep see it, with its lock held
        return self

    def close(self) -> None:
        """Remove everything; twice is harmless."""
        if self._lock is not None:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> PrivateFolder:
        return self.open()

    def __exit__(self, *exc: object) -> None:
        self.close()


def default_parent() -> Path:
    """Where folders are made."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and os.access(memory, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())


def check_folder(path: str) -> str:
    """The whole path of a folder in which private ones can be made.

    Raises
    ------
    SessionError
        There is none, or it cannot be written.
    """
    whole = os.path.abspath(path)
    if not (os.path.isdir(whole) and os.access(whole, os.W_OK | os.X_OK)):
        raise SessionError(f"the scratch folder {whole!r} must be a folder that can be written. Make it, or choose another one: sf.local(scratch=...).")
    return whole


def sweep(parent: str | Path | None = None) -> int:
    """Remove the folders of this user's dead runtimes; give their number."""
    removed = 0
    for path in (default_parent() if parent is None else Path(parent)).glob(f"{_PREFIX}{os.getuid()}-*"):
        with contextlib.suppress(OSError):  # another sweep, or its own runtime, was faster
            if path.lstat().st_uid != os.getuid():
                continue
            lock = os.open(path / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
                removed += 1
            finally:
                os.close(lock)
    if removed:
        log.info("removed what dead runtimes left behind", extra={"folders": removed})
    return removed
