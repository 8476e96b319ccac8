"""Requests over a channel: many may be under way; a request may send events before its answer.

The end that asks also listens for signs of life: where nothing comes in it pings, and what does not answer a ping is given up.
"""

from __future__ import annotations

import itertools
import logging
import os
import queue
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path
from typing import Any

from spuframe.errors import FrameError, InstanceError, PeerTimeoutError, RequestError, SessionError, SpuframeError, StorageError, from_wire, to_wire
from spuframe.runtime.channel import Channel, UnreadMessage
from spuframe.shapes import Anything, Record, Shape, Text, Whole

log = logging.getLogger(__name__)

Emit = Callable[[Any], None]
Handler = Callable[[dict[str, Any], Emit], Any]


PING = "ping"
_NOBODY = 0  # the number of requests whose answers nobody waits for


class Caller:
    """The end that asks.

    Two threads serve it: one reads, one writes. A thread that takes signals only leaves a message with the writer, so that an interrupt never
    cuts one in the middle.

    Parameters
    ----------
    channel : Channel
    name : str
    lost : callable
        Makes the error of all requests under way when the connection ends; told the reason, if this end found it.
    on_lost : callable, optional
        Told that error, once.
    silence : float
        Seconds without a sign of life after which the other end is given up.
    alive : callable, optional
        Whether the process at the other end exists.
    """

    def __init__(
        self,
        channel: Channel,
        name: str,
        lost: Callable[[SpuframeError | None], SpuframeError],
        on_lost: Callable[[SpuframeError], None] | None = None,
        *,
        silence: float = 60.0,
        alive: Callable[[], bool] = lambda: True,
    ) -> None:
        self._channel = channel
        self._name = name
        self._lost = lost
        self._on_lost = on_lost
        self._silence = silence
        self._alive = alive
        self._pid = os.getpid()
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._pending: dict[int, tuple[Future[Any], Emit | None]] = {}
        self._gone: SpuframeError | None = None
        self._reason: SpuframeError | None = None
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read, name=f"spuframe-rpc {name}", daemon=True)
        self._thread.start()
        threading.Thread(target=self._write, name=f"spuframe-rpc-out {name}", daemon=True).start()

    def call(self, method: str, params: Mapping[str, Any] | None = None, on_event: Emit | None = None) -> Future[Any]:
        """Send a request; its answer or error comes with the future."""
        if os.getpid() != self._pid:
            raise forked()
        future: Future[Any] = Future()
        number = next(self._ids)
        try:
            body = self._channel.encode({"id": number, "method": method, "params": dict(params or {})})
        except FrameError as large:
            future.set_exception(large)
            return future
        with self._lock:
            if self._gone is not None:
                future.set_exception(self._gone)
                return future
            self._pending[number] = (future, on_event)
        self._outgoing.put(body)
        return future

    def request(self, method: str, params: Mapping[str, Any] | None = None, timeout: float | None = None) -> Any:
        """Send a request and wait for its answer."""
        future = self.call(method, params)
        try:
            return future.result(timeout)
        except FutureTimeoutError:
            if future.done():
                raise  # the answer itself is a timeout of a peer
            text = f"{self._name} did not answer {method!r} within {timeout} s. Look at its log, or raise the deadline."
            raise PeerTimeoutError(text, party=self._name) from None

    def close(self) -> None:
        if os.getpid() != self._pid:
            return
        self._channel.close()
        if threading.current_thread() is not self._thread:
            self._thread.join(5.0)

    def _write(self) -> None:
        """Hand over what is to be sent; between, look for signs of life."""
        ping = self._channel.encode({"id": _NOBODY, "method": PING, "params": {}})
        beat = min(self._silence / 4, 2.0)
        heard, quiet, last = self._channel.heard, 0.0, time.monotonic()
        try:
            while True:
                try:
                    body = self._outgoing.get(timeout=beat)
                except queue.Empty:
                    body = ping
                if body is None or not self._alive():
                    return
                sending = time.monotonic()
                self._channel.transmit(body)
                now = time.monotonic()
                if self._channel.heard != heard or now - sending > beat:  # a message that took long has gone somewhere
                    heard, quiet = self._channel.heard, 0.0
                else:
                    # A stop of this process itself is not the other's silence: so no step counts for more than two beats.
                    quiet += min(now - last, 2 * beat)
                last = now
                if quiet >= self._silence:
                    text = f"{self._name} gave no sign of life for {quiet:.0f} s: its process is stopped or swapped out, or the network is cut."
                    self._reason = PeerTimeoutError(text, party=self._name)
                    return
        except PeerTimeoutError as error:
            self._reason = error
        except SpuframeError:
            pass  # the reader sees the end too, and knows its reason
        finally:
            self._channel.close()

    def _read(self) -> None:
        error: SpuframeError | None = InstanceError(f"what {self._name} sent could not be taken in. Its memory or this process's ran out: free some.")
        try:
            while (message := self._channel.recv()) is not None:
                self._dispatch(message)
            error = None
        except (KeyError, TypeError, AttributeError):
            error = FrameError(f"{self._name} sent a message of another form. Install the same spuframe everywhere.", party=self._name)
        except FrameError as bad:
            error = bad
        finally:  # whatever ends this thread, nobody may wait for it
            self._end(error or self._reason)

    def _end(self, reason: SpuframeError | None) -> None:
        gone = self._lost(reason)
        with self._lock:
            self._gone = gone
            pending, self._pending = self._pending, {}
        self._channel.close()
        self._outgoing.put(None)
        for future, _ in pending.values():
            future.set_exception(gone)
        if self._on_lost is not None:
            self._on_lost(gone)

    def _dispatch(self, message: dict[str, Any]) -> None:
        number = message["id"]
        if "event" in message:
            with self._lock:
                found = self._pending.get(number)
            if found is not None and found[1] is not None:
                found[1](message["event"])
        elif "error" in message:
            self._fail(number, from_wire(message["error"]))
        else:
            answer = message["ok"]
            if (future := self._take(number)) is not None:
                future.set_result(answer)

    def _fail(self, number: int, error: SpuframeError) -> None:
        if (future := self._take(number)) is not None:
            future.set_exception(error)

    def _take(self, number: int) -> Future[Any] | None:
        with self._lock:
            found = self._pending.pop(number, None)
        return None if found is None else found[0]


def forked() -> SessionError:
    """Build the error of a process that uses what its parent opened."""
    return SessionError(
        "this process is a fork of the one that opened the session, and cannot use it: two processes cannot share its connections. "
        "Run plans in the process that opened it, or open a session of its own here."
    )


_ENVELOPE = Record({"id": Whole(), "method": Text(64), "params": Anything()})


def serve(channel: Channel, handlers: Mapping[str, Handler], shapes: Mapping[str, Shape], name: str) -> None:
    """Answer requests, each in a thread of its own, until the stream ends; what is no request is answered too, and nothing else happens."""
    while True:
        try:
            message = channel.recv()
            if message is None:
                return
            message = _ENVELOPE.read(message, "a request")
        except UnreadMessage as error:
            channel.send({"id": error.number, "error": to_wire(FrameError(error.message, party=name))})
            continue
        except RequestError as error:
            number = message.get("id") if isinstance(message, dict) else None
            channel.send({"id": number if type(number) is int else _NOBODY, "error": to_wire(error)})
            continue
        if message["method"] == PING:
            channel.send({"id": message["id"], "ok": None})
            continue
        thread = threading.Thread(
            target=answer, args=(channel, handlers, shapes, message, name), name=f"spuframe-{message['method']}", daemon=True
        )
        thread.start()


def answer(channel: Channel, handlers: Mapping[str, Handler], shapes: Mapping[str, Shape], message: dict[str, Any], name: str) -> None:
    """Answer one request, once its parameters have the shape of its method; whatever happens, there is an answer."""
    number, method = message["id"], message["method"]

    def emit(event: Any) -> None:
        channel.send({"id": number, "event": event})

    try:
        handler = handlers.get(method)
        if handler is None:
            raise InstanceError(f"{name} knows no request {method!r}. Install the same spuframe everywhere.")
        reply = {"id": number, "ok": handler(shapes[method].read(message["params"], f"request {method!r} to {name}"), emit)}
    except SpuframeError as error:
        reply = {"id": number, "error": to_wire(error)}
    except Exception as error:  # noqa: BLE001  the top of a request: the other end must get an answer
        reply = {"id": number, "error": to_wire(unexpected(error, name))}
    try:
        try:
            channel.send(reply)
        except FrameError as error:
            channel.send({"id": number, "error": to_wire(error)})
    except SpuframeError:
        log.info("nobody waits for the answer any more", extra={"method": method})


def unexpected(error: BaseException, name: str) -> InstanceError:
    """Build the typed error for one that nobody foresaw: its type and place, but not its text, which may hold values."""
    if (full := StorageError.of(error, name)) is not None:
        return full
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "site-packages" not in f.filename and f.filename.endswith(".py")] or frames
    place = f" at {Path(ours[-1].filename).name}:{ours[-1].lineno} in {ours[-1].name}" if ours else ""
    # Like Python's own report, without the text: so that the end of the log tells place and kind (`process.Tail.last_words`).
    log.error("unexpected:\n%s%s", "".join(traceback.format_tb(error.__traceback__)), type(error).__name__)
    return InstanceError(f"{name} failed with {type(error).__name__}{place}. This is a fault of spuframe or a plugin: report it.", party=name)
