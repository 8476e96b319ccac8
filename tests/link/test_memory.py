from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from spuframe.errors import LinkError
from spuframe.link import LinkConfig, MemoryNetwork
from spuframe.testing.transport import check_transport


def test_conformance():
    check_transport(lambda world, **overrides: MemoryNetwork(world, LinkConfig(**overrides)).links())


def test_close_by_another_thread_wakes_a_receive():
    a, _ = MemoryNetwork(2).links()
    started = threading.Event()

    def wait() -> None:
        started.set()
        a.recv_into(1, np.zeros(1))

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(wait)
        started.wait(10)
        a.close()
        with pytest.raises(LinkError, match="this link is closed"):
            future.result(10)


def test_world_must_be_positive():
    with pytest.raises(LinkError, match="at least 1, got 0"):
        MemoryNetwork(0)


def test_a_rank_alone_has_no_peer():
    (link,) = MemoryNetwork(1).links()
    with pytest.raises(LinkError, match="another rank below 1"):
        link.send(0, np.zeros(1))
