"""The node's hand on the processes in which tables are opened (`spuframe.runtime.reader`): one for each session.

One process serves all tables of a session, so that a small table costs no start of its own; what one session hands over never meets another's.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import asdict
from typing import Any

from spuframe.config import RuntimeConfig
from spuframe.errors import DataError, PartyDiedError, SpuframeError
from spuframe.runtime.channel import Channel
from spuframe.runtime.child import Nursery
from spuframe.runtime.process import OUT_OF_MEMORY, Tail, how_ended, kill
from spuframe.runtime.requests import OPENED
from spuframe.runtime.rpc import PING, Caller
from spuframe.runtime.space import Space

log = logging.getLogger(__name__)
READER = "spuframe.runtime.reader"
SILENCE = 60.0
"""Seconds at least that a reader may give no sign of life: it may have to import."""


class Reader:
    """One process, which opens one table at a time.

    Parameters
    ----------
    config : RuntimeConfig
        Of its node.
    nursery : Nursery
        Of its node.
    """

    def __init__(self, config: RuntimeConfig, nursery: Nursery) -> None:
        self._config = config
        self._quotas = config.quotas
        self.process, ours = nursery.talk(config.reader or READER, str(self._quotas.reader_memory))
        self._tail = Tail(self.process.stderr)
        self._gone = False
        silence = max(config.deadline, SILENCE)
        channel = Channel(ours, "the reader", deadline=silence)
        self._caller = Caller(channel, "the reader", self._lost, silence=silence, alive=lambda: self.process.poll() is None)

    @property
    def alive(self) -> bool:
        return not self._gone and self.process.poll() is None

    def open(self, source: Mapping[str, Any], space: Space) -> dict[str, Any]:
        """Have a table opened, checked, and left in the session's space; give what is known of it.

        Raises
        ------
        DataError
            Also where the process dies of the table, takes too long, or needs too much memory.
        """
        owner, quotas = self._config.owner, self._quotas
        what = f"{str(source['path'])!r} of owner {owner!r}" if "path" in source else f"the table that was handed to owner {owner!r}"
        asked = {"owner": owner, "source": source, "policy": asdict(self._config.policy), "folder": str(space.folder / "tables"), "key": space.key}
        try:
            self._caller.call(PING).result()  # its start is no fault of the table, and has a limit of its own
            future = self._caller.call("open", asked)
            return OPENED.read(future.result(quotas.reader_seconds), "what the reader found")
        except FutureTimeoutError:
            self.close()
            text = f"{what} could not be opened within {quotas.reader_seconds:g} s. Open a part of it, or raise Quotas(reader_seconds=...)"
            raise DataError(f"{text} at the owner.", party=self._config.name) from None
        except PartyDiedError:
            self.close()
            if self.process.returncode == OUT_OF_MEMORY:
                text = f"{what} needs more than {quotas.reader_memory} bytes of memory to be opened. Read fewer columns (columns=), or split it, or raise"
                raise DataError(f"{text} Quotas(reader_memory=...) at the owner.", party=self._config.name) from None
            how = how_ended(self.process)
            log.error("the reader of %s died (%s); the end of its stderr:\n%s", self._config.name, how, self._tail.text())
            text = f"{what} could not be opened: the process that read it was {how}{self._tail.last_words()}"
            raise DataError(f"{text}. The data is damaged, or made to do harm: write it anew.", party=self._config.name) from None

    def close(self) -> None:
        """Kill the process; twice is harmless."""
        self._gone = True
        kill(self.process)
        self._caller.close()

    def _lost(self, reason: SpuframeError | None) -> SpuframeError:
        return PartyDiedError(f"the reader of {self._config.name} ended. Open the table again.", party=self._config.name)
