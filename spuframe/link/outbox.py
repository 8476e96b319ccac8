"""What one peer has not taken yet, and the thread that hands it over."""

from __future__ import annotations

import threading
import time
from collections import deque

from spuframe.errors import LinkError, PeerClosedError, PeerTimeoutError
from spuframe.link.streams import Stream

_IDLE = 5.0  # seconds without work, after which the thread ends; the next backlog starts another


class Outbox:
    """Sends frames in order: at once where the kernel takes them, else from a thread of its own.

    Parameters
    ----------
    stream : Stream
        Where the bytes go.
    name : str
        The peer, for errors.
    deadline : float
        Seconds without progress before the peer counts as stalled.
    """

    def __init__(self, stream: Stream, name: str, deadline: float) -> None:
        self._stream = stream
        self._name = name
        self._deadline = deadline
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._queue: deque[list[memoryview]] = deque()
        self._started = False  # whether a part of the queue's head has gone
        self._thread: threading.Thread | None = None
        self._stopped = False
        self.failure: LinkError | None = None

    def put(self, header: bytes, payload: memoryview) -> None:
        """Send a frame, or queue what cannot be sent now. Never waits for the peer."""
        with self._lock:
            if self.failure is not None:
                raise self.failure
            frame = [memoryview(header), payload]
            started = False
            if not self._queue:
                try:
                    taken = self._stream.send_now(frame)
                except (OSError, ValueError):  # ValueError: closed by another thread meanwhile
                    self.failure = self._closed()
                    raise self.failure from None
                if taken == len(header) + len(payload):
                    return
                _advance(frame, taken)
                started = taken > 0
            self._queue.append(frame)
            if len(self._queue) == 1:
                self._started = started
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="spuframe-link-send", daemon=True)
                self._thread.start()
            else:
                self._changed.notify_all()

    def drop_unsent(self) -> None:
        """Forget the frames of which nothing has gone yet."""
        with self._changed:
            # The thread may hold the head in a blocking send: where one runs, the head counts as started.
            keep = 1 if self._started or self._thread is not None else 0
            while len(self._queue) > keep:
                self._queue.pop()

    def idle(self) -> bool:
        """Whether nothing is left to hand over."""
        with self._lock:
            return not self._queue

    def stop(self) -> None:
        """End the thread; to be called after the stream is closed, which wakes it."""
        with self._changed:
            self._stopped = True
            self._queue.clear()
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(1.0)

    def _run(self) -> None:
        progress = time.monotonic()
        while True:
            with self._changed:
                while not self._queue and not self._stopped:
                    if not self._changed.wait(_IDLE) and not self._queue:
                        self._thread = None
                        return
                    progress = time.monotonic()
                if self._stopped:
                    return
                frame = self._queue[0]
            try:
                taken = self._stream.send(frame)
            except (OSError, ValueError):
                self._fail(self._closed())
                return
            now = time.monotonic()
            if taken is None:
                if now - progress >= self._deadline:
                    text = f"{self._name} took no bytes for {now - progress:.1f} s. Look at its log, or raise the deadline."
                    self._fail(PeerTimeoutError(text, party=self._name))
                    return
                continue
            progress = now
            with self._changed:
                self._started = True
                if _advance(frame, taken):
                    self._started = False
                    if self._queue and self._queue[0] is frame:
                        self._queue.popleft()

    def _fail(self, error: LinkError) -> None:
        with self._changed:
            self.failure = error
            self._queue.clear()
            self._changed.notify_all()

    def _closed(self) -> PeerClosedError:
        return PeerClosedError(f"{self._name} closed the link. Its own log says why; start the session again.", party=self._name)


def _advance(frame: list[memoryview], taken: int) -> bool:
    """Drop the first ``taken`` bytes of a frame, in place; True if that was all."""
    for index, buffer in enumerate(frame):
        step = min(taken, buffer.nbytes)
        frame[index] = buffer[step:]
        taken -= step
    return not any(buffer.nbytes for buffer in frame)
