"""The process in which an owner's node has tables opened: what comes from outside is parsed and checked here, where a fault ends nothing else.

It talks to its node alone, and leaves what it read in the session's folder, as encrypted Arrow files for the owner's workers.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spuframe.config import Policy
from spuframe.errors import StorageError
from spuframe.runtime.channel import Channel
from spuframe.runtime.process import OUT_OF_MEMORY, set_memory_limit
from spuframe.runtime.requests import READER
from spuframe.runtime.rpc import Emit, serve
from spuframe.runtime.top import begin, guarded


def _open(params: dict[str, Any], emit: Emit) -> dict[str, Any]:
    from spuframe.runtime.fields import unique
    from spuframe.runtime.handles import OwnerTables
    from spuframe.runtime.tables import open_table, rounded_away

    policy = Policy.from_plain(params["policy"])
    try:
        table, fields = open_table(params["owner"], params["source"], policy)
        distinct = unique(table, fields, policy.ranges)
        handle = OwnerTables(Path(params["folder"]), params["key"]).add(table)
        rounded = rounded_away(table, fields)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)  # who asked sees the end, and starts another one
    except OSError as error:
        raise StorageError.of(error, f"owner {params['owner']}") or error from None
    return {"handle": handle, "fields": [f.to_plain() for f in fields], "rows": table.num_rows, "unique": distinct, "rounded": rounded}


def load(protocols: Sequence[str]) -> None:
    """Load what opening a table needs: for the nursery of readers."""
    from spuframe.runtime import fields, handles, tables  # noqa: F401


def main() -> None:
    """Run a reader on the socket at descriptor ``argv[2]``, with ``argv[1]`` bytes of memory."""
    begin(threads=True, orphaned=signal.SIGKILL)
    channel = Channel(socket.socket(fileno=int(sys.argv[2])), "the node")
    with guarded("the reader", lambda error: channel.send({"id": -1, "error": error})):
        load(())
        set_memory_limit(int(sys.argv[1]))
        serve(channel, {"open": _open}, READER, "the reader")


if __name__ == "__main__":
    main()
