"""What one session keeps at a node, in a folder of its own: another session can neither name nor see it, and it goes when the session does."""

from __future__ import annotations

import shutil
from pathlib import Path

from spuframe.runtime.handles import OwnerTables
from spuframe.runtime.store import ShareStore


class Space:
    """The stored shares and the owner's open tables of one session.

    Parameters
    ----------
    folder : Path
        Made here; its workers find ``shares`` and ``tables`` in it, and nothing of other sessions.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self.folder = folder
        self.store = ShareStore(folder / "shares")
        self.tables = OwnerTables(folder / "tables")

    def close(self) -> None:
        """Remove everything; twice is harmless."""
        shutil.rmtree(self.folder, ignore_errors=True)
