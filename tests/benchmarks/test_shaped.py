"""The link that holds messages back: the contract of links, lower bounds of delays (never upper ones), counters that do not see it."""

from __future__ import annotations

import time

import numpy as np
import pytest

from benchmarks.shaped import NETWORKS, Network, ShapedLink
from spuframe.errors import LinkError
from spuframe.link import LinkConfig, MemoryNetwork
from spuframe.testing import check_transport

QUICK = Network(1e-4, 1e12)


def pair(network: Network, world: int = 2) -> list[ShapedLink]:
    return [ShapedLink(link, network) for link in MemoryNetwork(world).links()]


def take(link: ShapedLink, frm: int, size: int) -> float:
    """Receive; when it was there."""
    link.recv_into(frm, np.empty(size, np.uint8))
    return time.monotonic()


def test_it_keeps_the_contract_of_links():
    check_transport(lambda world, **overrides: [ShapedLink(link, QUICK) for link in MemoryNetwork(world, LinkConfig(**overrides)).links()])


def test_a_message_takes_half_a_round_trip():
    a, b = pair(Network(0.06, 1e12))
    start = time.monotonic()
    a.send(1, np.zeros(1, np.uint8))
    assert take(b, 0, 1) - start >= 0.03


def test_bytes_queue_at_the_sender_whomever_they_are_for():
    a, b, c = pair(Network(0.02, 1e6), 3)
    start = time.monotonic()
    for to in (1, 2, 1):
        a.send(to, np.zeros(10_000, np.uint8))  # 10 ms each
    assert take(b, 0, 10_000) - start >= 0.02
    assert take(c, 0, 10_000) - start >= 0.03
    assert take(b, 0, 10_000) - start >= 0.04


def test_an_idle_line_saves_nothing_up():
    a, b = pair(Network(0.0, 1e6))
    time.sleep(0.02)
    start = time.monotonic()
    a.send(1, np.zeros(10_000, np.uint8))
    assert take(b, 0, 10_000) - start >= 0.01


def test_directions_do_not_wait_for_each_other():
    a, b = pair(Network(0.0, 1e6))
    a.send(1, np.zeros(30_000, np.uint8))
    assert b._free == 0.0
    b.send(0, np.zeros(1, np.uint8))
    assert b._free < a._free


def test_waiting_uses_no_processor():
    a, b = pair(Network(0.4, 1e12))
    a.send(1, np.zeros(1, np.uint8))
    before = time.thread_time()
    take(b, 0, 1)
    assert time.thread_time() - before < 0.1  # half of what a loop would burn


def test_counters_see_the_payload_only():
    a, b = pair(QUICK)
    a.send(1, np.arange(5, dtype=np.uint64))
    take(b, 0, 40)
    assert (a.traffic.sent, a.traffic.frames, b.traffic.received) == ([0, 40], 1, [40, 0])
    with pytest.raises(LinkError):
        b.recv_into(0, np.empty((4, 4))[:, 1])
    with pytest.raises(LinkError):
        a.send(1, np.empty((4, 4))[:, 1])
    a.send(1, np.arange(3, dtype=np.uint8))  # the stream is where it was
    out = np.empty(3, np.uint8)
    b.recv_into(0, out)
    assert out.tolist() == [0, 1, 2]


def test_switched_off_nothing_is_held_back():
    a, b = pair(Network(3600.0, 1.0))
    a.on = False
    a.send(1, np.zeros(8, np.uint8))
    take(b, 0, 8)  # or the test's own time runs out


def test_the_networks_of_the_issue():
    assert {name: (n.rtt, n.bandwidth * 8) for name, n in NETWORKS.items()} == {"lan": (0.2e-3, 1e10), "metro": (5e-3, 1e9), "wan": (40e-3, 1e8)}
    assert NETWORKS["wan"].latency == 0.02
