"""What one session keeps at a node, in a folder of its own: another session can neither name nor see it, and it goes when the session does."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

from spuframe.runtime.handles import OwnerTables
from spuframe.runtime.store import ShareStore
from spuframe.runtime.vault import KEY


class Space:
    """The stored shares and the owner's open tables of one session.

    Parameters
    ----------
    folder : Path
        Made here; its workers find ``shares`` and ``tables`` in it, and nothing of other sessions.

    Attributes
    ----------
    key : bytes
        Under which all files in it are encrypted: its workers and its reader are told it, and it is nowhere written.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self.folder = folder
        self.key = secrets.token_bytes(KEY)
        self.store = ShareStore(folder / "shares", self.key)
        self.tables = OwnerTables(folder / "tables", self.key)

    def close(self) -> None:
        """Remove everything; twice is harmless."""
        shutil.rmtree(self.folder, ignore_errors=True)
