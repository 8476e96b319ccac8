from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spuframe.errors import (
    AddressInUseError,
    AuthenticationError,
    FrameError,
    LinkError,
    PeerClosedError,
    PeerTimeoutError,
    PolicyError,
    SpuframeError,
)
from spuframe.link import LinkConfig, TLSConfig, framing, listen
from spuframe.link.mesh import Pair
from spuframe.link.stream_link import StreamLink
from spuframe.link.streams import PlainStream
from spuframe.testing.transport import check_transport

from .helpers import SECRET, certificates, mesh, open_tcp


@pytest.fixture(scope="module")
def tls(tmp_path_factory) -> TLSConfig:
    return certificates(tmp_path_factory.mktemp("tls"))


def test_conformance():
    check_transport("tcp")


def test_conformance_with_tls(tls):
    check_transport(lambda world, **overrides: mesh(world, tls, **overrides))


# --- opening ---------------------------------------------------------------------------------------------------------


def test_two_listeners_on_one_port():
    with listen() as listener:
        port = listener.getsockname()[1]
        with pytest.raises(AddressInUseError, match=rf"something else listens on 127\.0\.0\.1:{port}\. Stop it, or take another"):
            listen("127.0.0.1", port)


def test_listen_elsewhere():
    with pytest.raises(LinkError, match="Name an address of this machine"):
        listen("192.0.2.1")


def open_two(first: dict, second: dict, **options) -> list[object]:
    """Open ranks 0 and 1 with different arguments; the link or the error of each."""
    listener = listen()
    here = listener.getsockname()[:2]
    config = LinkConfig(**{"deadline": 1.0, "names": ("party 0", "party 1"), **options})

    def open_rank(rank: int, given: dict) -> object:
        given = dict(given)
        addresses = [here, *[("127.0.0.1", 0)] * (1 + given.pop("extra_ranks", 0))]
        args = {"secret": SECRET, "session_id": b"session", "config": config, "addresses": addresses, **given}
        try:
            return open_tcp(rank, listener=listener if rank == 0 else None, **args)
        except SpuframeError as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(open_rank, range(2), (first, second)))


@pytest.mark.parametrize(
    "other",
    [{"secret": bytes(32)}, {"session_id": b"another"}, {"extra_ranks": 1}],
    ids=["secret", "session", "world"],
)
def test_another_secret_session_or_world(other):
    zero, one = open_two({}, other)
    for error, blamed in ((one, "party 0"), (zero, "party 1")):
        assert isinstance(error, AuthenticationError) and error.party == blamed
        assert f"{blamed} did not prove that it belongs to this session" in str(error)
        assert SECRET.hex() not in str(error) and repr(SECRET) not in repr(error)


def test_refusal_does_not_wait_for_the_deadline():
    # Rank 1 knows at once that it talks to a wrong party: at its deadline it would be a PeerTimeoutError.
    listener = listen()
    addresses = [listener.getsockname()[:2], ("127.0.0.1", 1)]
    with ThreadPoolExecutor(1) as pool:
        zero = pool.submit(open_tcp, 0, addresses, SECRET, b"s", LinkConfig(deadline=1.0), listener=listener)
        with pytest.raises(AuthenticationError):
            open_tcp(1, addresses, bytes(32), b"s", LinkConfig(deadline=250.0))
        with pytest.raises(AuthenticationError):
            zero.result(30)


def test_short_secret():
    with pytest.raises(AuthenticationError, match="at least 16 bytes, got 3"):
        open_tcp(0, [("127.0.0.1", 0)], b"abc", b"session")


def test_missing_peers_are_named():
    config = LinkConfig(deadline=0.3, names=("party 0", "party 1", "party 2"))
    with listen() as free:
        address = free.getsockname()[:2]
    with pytest.raises(PeerTimeoutError, match="party 0 could not be reached"):
        open_tcp(2, [address, address, address], SECRET, b"session", config)
    with pytest.raises(PeerTimeoutError, match=r"party 1 did not connect within 0\.3 s"):
        open_tcp(0, [address, address, address], SECRET, b"session", config)


def test_no_link_with_oneself_alone():
    with open_tcp(0, [("127.0.0.1", 0)], SECRET, b"session") as link:
        assert link.world == 1
        with pytest.raises(LinkError, match="another rank below 1"):
            link.send(0, np.zeros(1))


def test_unknown_option_and_rank():
    with pytest.raises(LinkError, match=r"`options` must be among \['handshake_timeout'\]"):
        open_tcp(0, [("127.0.0.1", 0)], SECRET, b"session", LinkConfig(options={"speed": 1}))
    with pytest.raises(LinkError, match="`rank` must be below"):
        open_tcp(3, [("127.0.0.1", 0)], SECRET, b"session")


def test_late_listener_is_reached():
    with listen() as free:
        addresses = [free.getsockname()[:2], ("127.0.0.1", 1)]
    config = LinkConfig(deadline=20.0)
    with ThreadPoolExecutor(1) as pool:
        one = pool.submit(open_tcp, 1, addresses, SECRET, b"session", config)
        time.sleep(0.2)
        with open_tcp(0, addresses, SECRET, b"session", config), one.result(20):
            pass


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_strangers_do_not_break_the_mesh(secure, tls):
    listener = listen()
    address = listener.getsockname()[:2]
    addresses = [address, ("127.0.0.1", 1)]
    config = LinkConfig(deadline=30.0, options={"handshake_timeout": 0.5})
    strangers = []

    def stranger(data: bytes, close: bool) -> None:
        sock = socket.create_connection(address)
        sock.sendall(data)
        if close:
            sock.close()
        else:
            strangers.append(sock)

    for _ in range(10):
        stranger(b"", close=False)  # silent
        stranger(b"GET / HTTP/1.1\r\n\r\n" * 10, close=False)
        stranger(b"SPUF" + bytes(200), close=False)  # begins like one of ours
        stranger(b"SPUF", close=True)
    args = {"tls": tls if secure else None}
    with ThreadPoolExecutor(1) as pool:
        zero = pool.submit(open_tcp, 0, addresses, SECRET, b"session", config, listener=listener, **args)
        one = open_tcp(1, addresses, SECRET, b"session", config, **args)
        with one, zero.result(30) as link:
            one.send(0, np.arange(5))
            out = np.zeros(5, np.int64)
            link.recv_into(1, out)
            assert out.tolist() == list(range(5))
    for sock in strangers:
        sock.close()


def test_more_silent_strangers_than_slots():
    listener = listen()
    addresses = [listener.getsockname()[:2], ("127.0.0.1", 1)]
    config = LinkConfig(deadline=30.0, options={"handshake_timeout": 0.3})
    with ThreadPoolExecutor(1) as pool:
        zero = pool.submit(open_tcp, 0, addresses, SECRET, b"session", config, listener=listener)
        strangers = [socket.create_connection(addresses[0]) for _ in range(90)]
        with open_tcp(1, addresses, SECRET, b"session", config), zero.result(30) as link:
            assert link.world == 2
    for sock in strangers:
        sock.close()


def test_a_stranger_that_listens_is_refused_at_once():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def babble() -> None:
            sock, _ = server.accept()
            with sock:
                sock.sendall(b"220 mail.example.org ESMTP ready, and some more bytes to fill a hello\r\n" * 3)
                with contextlib.suppress(ConnectionResetError):
                    sock.recv(1)

        thread = threading.Thread(target=babble)
        thread.start()
        with pytest.raises(AuthenticationError, match="rank 0 did not prove"):
            open_tcp(1, [server.getsockname(), ("127.0.0.1", 1)], SECRET, b"session", LinkConfig(deadline=60.0))
        thread.join(10)


def test_proofs_cannot_be_reflected():
    # A stranger plays the connector's own words back to it.
    with socket.create_server(("127.0.0.1", 0)) as server:

        def echo() -> None:
            sock, _ = server.accept()
            with sock:
                data = sock.recv(1000)
                sock.sendall(data + bytes(32))
                with contextlib.suppress(ConnectionResetError):
                    sock.recv(1)

        thread = threading.Thread(target=echo)
        thread.start()
        with pytest.raises(AuthenticationError):
            open_tcp(1, [server.getsockname(), ("127.0.0.1", 1)], SECRET, b"session", LinkConfig(deadline=60.0))
        thread.join(10)


# --- TLS -------------------------------------------------------------------------------------------------------------


def test_a_network_without_tls_is_refused(caplog):
    addresses = [("192.0.2.1", 4000), ("192.0.2.2", 4000)]
    with pytest.raises(LinkError, match=r"'192\.0\.2\.1' is not the loopback, and without TLS"):
        open_tcp(1, addresses, SECRET, b"session", LinkConfig(deadline=0.1))
    everywhere = listen("0.0.0.0")
    with pytest.raises(LinkError, match=r"'0\.0\.0\.0' is not the loopback"):
        open_tcp(0, addresses, SECRET, b"session", LinkConfig(deadline=0.1), listener=everywhere)
    everywhere = listen("0.0.0.0")
    with caplog.at_level(logging.WARNING), pytest.raises(PeerTimeoutError):
        open_tcp(0, addresses, SECRET, b"session", LinkConfig(deadline=0.1), listener=everywhere, insecure_no_tls=True)
    assert "INSECURE" in caplog.text


def test_a_certificate_of_another_authority(tls, tmp_path):
    other = certificates(tmp_path / "other")
    zero, one = open_two({"tls": tls}, {"tls": other})
    assert isinstance(one, AuthenticationError)
    assert isinstance(zero, LinkError)


def test_tls_against_plain(tls):
    zero, one = open_two({}, {"tls": tls})
    assert isinstance(zero, LinkError) and isinstance(one, LinkError)


def test_tls_also_needs_the_secret(tls):
    zero, one = open_two({"tls": tls}, {"tls": tls, "secret": bytes(32)})
    assert isinstance(zero, AuthenticationError) and isinstance(one, AuthenticationError)


def test_tls_files_that_cannot_be_used(tmp_path):
    missing = TLSConfig(tmp_path / "a", tmp_path / "b", tmp_path / "c")
    with pytest.raises(AuthenticationError, match="cannot be used: No such file"):
        open_tcp(1, [("127.0.0.1", 1), ("127.0.0.1", 1)], SECRET, b"session", LinkConfig(deadline=1.0), tls=missing)


# --- failing ---------------------------------------------------------------------------------------------------------


def _victim(address: tuple[str, int]) -> None:
    link = open_tcp(1, [address, ("127.0.0.1", 1)], SECRET, b"session", LinkConfig(deadline=60.0))
    link.send(0, np.zeros(1, np.uint8))
    link.recv_into(0, np.zeros(1, np.uint8))  # never comes


def test_a_killed_process_is_seen_at_once():
    listener = listen()
    address = listener.getsockname()[:2]
    process = multiprocessing.get_context("spawn").Process(target=_victim, args=(address,), daemon=True)
    process.start()
    config = LinkConfig(deadline=60.0, names=("party 0", "party 1"))
    link = open_tcp(0, [address, ("127.0.0.1", 1)], SECRET, b"session", config, listener=listener)
    link.recv_into(1, np.zeros(1, np.uint8))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(link.recv_into, 1, np.zeros(100, np.uint8))
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(PeerClosedError, match="party 1 closed the link"):
            waiting.result(30)
    process.join(10)
    link.close()


def raw_pair(**config) -> tuple[StreamLink, socket.socket]:
    """A link (rank 0) whose peer is a bare socket."""
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    ours.close()
    theirs.close()
    with socket.create_server(("127.0.0.1", 0)) as server:
        theirs = socket.create_connection(server.getsockname())
        ours, _ = server.accept()
    settings = {"deadline": 10.0, "names": ("party 0", "party 1"), **config}
    limits = LinkConfig(**settings)
    return StreamLink(0, {1: PlainStream(Pair(ours, ours), limits.slice)}, limits), theirs


def receive(link: StreamLink, size: int = 8) -> SpuframeError:
    with pytest.raises(SpuframeError) as caught:
        link.recv_into(1, np.zeros(size, np.uint8))
    return caught.value


@pytest.mark.timeout(60)  # the whole frame would take 200 s
def test_a_peer_that_drips_does_not_stretch_the_deadline():
    link, peer = raw_pair(deadline=0.5)
    stop = threading.Event()

    def drip() -> None:
        peer.sendall(framing.encode_header(framing.DATA, 0, 10_000))
        with contextlib.suppress(ConnectionError):
            while not stop.wait(0.02):
                peer.sendall(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    error = receive(link, 10_000)
    assert isinstance(error, PeerTimeoutError) and error.party == "party 1"
    stop.set()
    thread.join(10)
    link.close()
    peer.close()


@pytest.mark.parametrize(
    ("data", "kind", "text"),
    [
        (framing.encode_header(framing.DATA, 1, 8) + bytes(8), FrameError, "frame number 1 where number 0"),
        (framing.encode_header(framing.DATA, 0, 1 << 60), FrameError, "the limit is 2147483648"),
        (framing.encode_header(framing.DATA, 0, 9) + bytes(9), FrameError, "sent 9 bytes where 8 must come"),
        (framing.encode_header(7, 0, 8) + bytes(8), FrameError, "unknown kind 7"),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", FrameError, "no frame"),
        (struct.pack("<2sBBQQ", b"sf", 9, 0, 0, 8) + bytes(8), FrameError, "version 9"),
        (framing.encode_header(framing.BYE, 0, 0), PeerClosedError, "party 1 closed the link"),
        (framing.encode_header(framing.DATA, 0, 8) + b"half", PeerClosedError, "party 1 closed the link"),
        (framing.encode_header(framing.DATA, 0, 8)[:11], PeerClosedError, "party 1 closed the link"),
        (framing.encode_header(framing.ABORT, 0, 1 << 40), FrameError, "aborted with an error of"),
        (framing.encode_header(framing.ABORT, 0, 3) + b"\xc1ab", FrameError, "bytes that are no error"),
        (b"", PeerClosedError, "party 1 closed the link"),
    ],
)
def test_what_a_bad_peer_may_send(data, kind, text):
    link, peer = raw_pair()
    peer.sendall(data)
    peer.close()
    error = receive(link)
    assert type(error) is kind and text in str(error) and error.party == "party 1"
    assert receive(link) is error, "a stream that failed stays failed"
    link.close()


@pytest.mark.parametrize("size", [0, 1, 8, 70, 100_000])
def test_an_abort_arrives_whatever_was_expected(size):
    link, peer = raw_pair()
    body = framing.encode_abort(PolicyError("column 'age' is closed", party="owner a"))
    peer.sendall(framing.encode_header(framing.ABORT, 0, len(body)) + body)
    error = receive(link, size)
    assert isinstance(error, PolicyError) and error.message == "column 'age' is closed" and error.party == "owner a"
    link.close()
    peer.close()


def test_a_long_error_is_cut():
    assert len(framing.encode_abort(PolicyError("\N{GRINNING FACE}" * 100_000))) <= framing.MAX_ABORT


def test_a_sender_learns_why_its_peer_left():
    a, b = mesh(2, names=("party 0", "party 1"))
    b.send(0, np.zeros(5, np.uint8))  # stands before the abort in the stream
    b.abort(PolicyError("not allowed"))
    with pytest.raises(PolicyError, match="not allowed"):
        for _ in range(2000):
            a.send(1, np.zeros(1000, np.uint8))
            time.sleep(0.001)
    a.close()


def test_a_peer_that_reads_nothing_stalls_the_sender():
    link, peer = raw_pair(deadline=0.3)
    with pytest.raises(PeerTimeoutError, match="party 1 took no bytes"):
        for _ in range(1000):
            link.send(1, np.zeros(8 << 20, np.uint8))
            time.sleep(0.01)
    link.close()
    peer.close()


@pytest.mark.timeout(60)
def test_abort_does_not_wait_for_a_peer_that_reads_nothing():
    link, peer = raw_pair(deadline=250.0)
    for _ in range(4):
        link.send(1, np.zeros(16 << 20, np.uint8))
    link.abort(PolicyError("stop"))
    assert not [t for t in threading.enumerate() if t.name.startswith("spuframe-link")]
    peer.close()


headers = st.builds(
    lambda kind, tag, length: struct.pack("<2sBBQQ", b"sf", framing.VERSION, kind, tag, length),
    st.integers(0, 4),
    st.integers(0, 2) | st.integers(0, 2**64 - 1),
    st.integers(0, 40) | st.integers(0, 2**64 - 1),
)


@given(data=st.lists(headers | st.binary(max_size=60), max_size=6).map(b"".join), size=st.integers(0, 40))
@example(data=framing.encode_header(framing.ABORT, 0, 1) + b"\x80", size=0)
@example(data=framing.encode_header(framing.ABORT, 0, 40) + b"\x81\xa4type\x91" * 6, size=3)
def test_random_bytes_never_hang_nor_raise_anything_else(data, size):
    link, peer = raw_pair()
    peer.sendall(data)
    peer.close()
    with pytest.raises(LinkError):
        for _ in range(10):
            link.recv_into(1, np.zeros(size, np.uint8))
    link.close()


@given(data=st.binary(max_size=200))
def test_random_bytes_are_always_some_error(data):
    error = framing.decode_abort(data, "party 1")
    assert isinstance(error, SpuframeError)


def test_silent_strangers_give_way_to_a_peer():
    from spuframe.link.sockets import MAX_UNPROVEN

    listener = listen()
    address = listener.getsockname()[:2]
    config = LinkConfig(deadline=30.0, options={"handshake_timeout": 30.0})
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        zero = pool.submit(open_tcp, 0, [address, ("127.0.0.1", 1)], SECRET, b"session", config, listener=listener)
        for _ in range(MAX_UNPROVEN + 16):
            stack.enter_context(socket.create_connection(address))
        one = pool.submit(open_tcp, 1, [address, ("127.0.0.1", 1)], SECRET, b"session", config)
        for link in (one.result(), zero.result()):
            link.close()
