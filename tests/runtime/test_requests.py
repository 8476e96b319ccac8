"""Requests whose fields hold anything at all: typed errors, at the node and at its workers; nothing is asked twice, nothing runs."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spuframe.config import RuntimeConfig
from spuframe.errors import RequestError
from spuframe.runtime.channel import Channel
from spuframe.runtime.node import Desk
from spuframe.runtime.process import PeakMemory
from spuframe.runtime.questions import Questions
from spuframe.runtime.requests import NODE, WORKER
from spuframe.runtime.rpc import answer, serve
from spuframe.runtime.runtime import SPURuntime
from spuframe.runtime.worker import Worker
from spuframe.shapes import Record

SEAT = {
    "rank": 0, "parties": 1, "owners": [], "names": ["owner ann"], "addresses": ["127.0.0.1:7001"], "session_id": b"s",
    "protocol": "plaintext", "deadline": 5.0, "memory_limit": None,
}  # fmt: skip


def _data() -> bytes:
    sink = pa.BufferOutputStream()
    table = pa.table({"a": [0.5]})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


DATA = _data()
GOOD: dict[str, dict[str, Any]] = {
    "hello": {},
    "create": {"transport": "tcp"},
    "initialise": {"instance": "spu-0", "terms": SEAT},
    "prepare": {"instance": "spu-0", "plan": b""},
    "run": {"instance": "spu-0", "progress": True},
    "waits": {"instance": "spu-0"},
    "close_instance": {"instance": "spu-0"},
    "open_table": {
        "source": {
            "kind": "arrow",
            "data": DATA,
            "columns": ["a"],
            "ranges": {"a": [0, 1]},
            "nan_as_null": True,
            "fraction_bits": {"a": 3},
        }
    },
    "close_table": {"handle": "t0"},
    "delete": {"name": "n", "missing_ok": True},
    "status": {},
}
WORKERS: dict[str, dict[str, Any]] = {
    "listen": {"transport": "tcp", "host": "127.0.0.1", "folder": "/nowhere"},
    "initialise": {k: v for k, v in SEAT.items() if k != "owners"} | {"secret": bytes(32), "folder": "/nowhere", "key": bytes(32)},
    "run": {"plan": b"", "progress": False},
}
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | st.floats() | st.text(max_size=5) | st.just("a\0b") | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every field of a request."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from places(item, (*path, i))


def put(value: Any, path: tuple[Any, ...], new: object) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(value[path[0]], path[1:], new)
    return copy


class Wire:
    """The other end of a channel, in memory."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send(self, message: Any) -> None:
        self.sent.append(message)


def ask(handlers: Any, shapes: Any, method: str, params: object) -> dict[str, Any]:
    wire = Wire()
    answer(wire, handlers, shapes, {"id": 1, "method": method, "params": params}, "owner ann")  # type: ignore[arg-type]
    (reply,) = wire.sent
    return dict(reply)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    config = RuntimeConfig("owner ann", owner="ann", worker="tests.runtime.broken")
    with SPURuntime(config) as runtime:
        made = Desk(runtime, Questions())
        yield made
        made.close()


def test_every_request_has_a_shape_and_an_example(desk: Desk) -> None:
    assert GOOD.keys() == NODE.keys() == desk.handlers().keys()
    assert WORKERS.keys() == WORKER.keys()
    for shapes, examples in ((NODE, GOOD), (WORKER, WORKERS)):
        for method, params in examples.items():
            assert shapes[method].read(params, "the request") == params


@given(data=st.data(), new=plain)
def test_a_node_answers_anything_with_a_typed_error(desk: Desk, data: st.DataObject, new: object) -> None:
    method = data.draw(st.sampled_from([m for m in GOOD if GOOD[m]]))
    path = data.draw(st.sampled_from(list(places(GOOD[method]))))
    reply = ask(desk.handlers(), NODE, method, put(GOOD[method], path, new))
    assert "error" not in reply or "report it" not in reply["error"]["message"], reply


@given(data=st.data(), new=plain)
def test_a_worker_answers_anything_with_a_typed_error(data: st.DataObject, new: object) -> None:
    worker = Worker(None, None, PeakMemory())  # type: ignore[arg-type]
    method = data.draw(st.sampled_from(list(WORKERS)))
    path = data.draw(st.sampled_from(list(places(WORKERS[method]))))
    params = put(WORKERS[method], path, new)
    try:
        WORKER[method].read(params, "the request")
    except RequestError:
        reply = ask(worker._handlers, WORKER, method, params)
        assert reply["error"]["type"] == "RequestError" and "report it" not in reply["error"]["message"]


@pytest.mark.parametrize("path", [5, None, ["a"], b"a", "a\0b", {"a": 1}, 1.5, True, ""])
def test_a_path_is_a_text(desk: Desk, path: object) -> None:
    reply = ask(desk.handlers(), NODE, "open_table", {"source": {"kind": "csv", "path": path}})
    assert reply["error"]["type"] == "RequestError" and "`path` must be a text" in reply["error"]["message"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sep", 5), ("encoding", ["utf-8"]), ("thousands", b","), ("decimal", None), ("dates", ["born"]), ("dates", {"born": 5}), ("na_values", "x"),
        ("na_values", {"x": 1}), ("ranges", {"a": 5}), ("ranges", {"a": [1, 2, 3]}), ("fraction_bits", {"a": 1.5}), ("columns", "a"), ("data", b""),
        ("nan_as_null", 1), ("colums", ["a"]),
    ],
)  # fmt: skip
def test_the_options_of_a_file_have_types(desk: Desk, field: str, value: object) -> None:
    reply = ask(desk.handlers(), NODE, "open_table", {"source": {"kind": "csv", "path": "none.csv", field: value}})
    assert reply["error"]["type"] == "RequestError" and field in reply["error"]["message"]


@pytest.mark.parametrize("params", [{"x": 1}, [], None, {"instance": "spu-0", "progress": True, "more": 1}])
def test_fields_that_nobody_declared(desk: Desk, params: object) -> None:
    assert ask(desk.handlers(), NODE, "run", params)["error"]["type"] == "RequestError"


@pytest.mark.parametrize(
    ("message", "number"),
    [
        (5, 0), ([], 0), ({}, 0), ("hello", 0), ({"id": "x", "method": "hello", "params": {}}, 0), ({"id": 7, "method": 5, "params": {}}, 7),
        ({"id": 8, "method": ["hello"], "params": {}}, 8), ({1: 2}, 0), ({"id": 9, "method": "hello", "params": {1: 2}}, 9), ({"id": 6, b"x": 1}, 6),
    ],
)  # fmt: skip
def test_what_is_no_request_is_answered_and_the_session_goes_on(desk: Desk, message: object, number: int) -> None:
    ours, theirs = socket.socketpair()
    with Closing(Channel(ours, "the node")) as out, Closing(Channel(theirs, "the session", 1 << 20)) as channel:
        thread = threading.Thread(target=serve, args=(channel, desk.handlers(), NODE, "owner ann"), daemon=True)
        thread.start()
        for wrong, told in ((message, number), ({"id": 5, "method": "hello", "params": bytes(3 << 20)}, 5), (b"x" * (2 << 20), 0)):
            out.send(wrong)
            answer = out.recv()
            assert answer["id"] == told and answer["error"]["type"] in ("RequestError", "FrameError") and "report it" not in answer["error"]["message"]
        assert "quota" in answer["error"]["message"]
        out.send({"id": 2, "method": "hello", "params": {}})
        assert out.recv()["ok"]["name"] == "owner ann"


class Closing:
    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def __enter__(self) -> Channel:
        return self.channel

    def __exit__(self, *exc: object) -> None:
        self.channel.close()


def test_a_shape_tells_the_place_and_never_the_value() -> None:
    with pytest.raises(RequestError) as caught:
        NODE["initialise"].read({"instance": "i", "terms": SEAT | {"protocol": 4711}}, "the request")
    assert "`terms`: `protocol` must be a text, got int" in str(caught.value) and "4711" not in str(caught.value)
    assert isinstance(NODE["hello"], Record)
