"""A worker whose engine does what the plan's options say, in place of the SPU."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from spuframe.errors import DuplicateKeyError
from spuframe.runtime import worker


class StandIn:
    def __init__(self, protocol: Any, parties: int, link: Any, session_id: bytes, store: Any, tables: Any) -> None:
        self.link, self.tables = link, tables

    def open(self) -> None:
        self.exchange()

    def exchange(self) -> int:
        """One round among all ranks: the sum of all ranks' numbers."""
        mine, total = np.array([self.link.rank + 1], np.int64), 0
        self.link.traffic.rounds += 1
        others = [r for r in range(self.link.world) if r != self.link.rank]
        for peer in others:
            self.link.send(peer, mine)
        for peer in others:
            out = np.empty(1, np.int64)
            self.link.recv_into(peer, out)
            total += int(out[0])
        return total + self.link.rank + 1

    def run(self, plan: Mapping[str, Any], progress: Callable[[int, int], None]) -> dict[str, Any]:
        do, at = plan["options"]["do"], plan["options"].get("at", 0)
        here = self.link.rank == at
        if do == "forever":
            progress(1, 2)
            while True:
                self.exchange()
                time.sleep(0.005)
        if do == "chain":  # everyone waits for the next rank; the last for nobody
            if self.link.rank + 1 < self.link.world:
                time.sleep(0.3 * self.link.rank)  # the first in the chain gives up first
                self.link.recv_into(self.link.rank + 1, np.empty(1, np.int64))
            time.sleep(60)
        if do == "value error" and here:
            raise ValueError("a text with the secret 4711")
        if do == "duplicate":
            raise DuplicateKeyError("the key is not unique. Use another one.")
        if do == "exit" and here:
            sys.stderr.write("last words\n")
            sys.exit(3)
        if do == "memory" and here:
            np.ones(1 << 29, np.int64)
        total = self.exchange()
        progress(1, 1)
        profile = {"rounds": 1, "sent": 8 * (self.link.world - 1), "steps": [{"op": f"sum {total}"}], "prepared": {}}
        return {"deliveries": [], "profile": profile}


def main() -> None:
    worker.main(StandIn)
