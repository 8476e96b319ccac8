"""The process that starts others: it loads what they need once and forks them, so that each starts in milliseconds.

An analyst's session has one for its nodes, and each node one for its workers and readers. It is forked from, or started by, who has it before that
process knows any secret, and is told none itself: what is secret comes to a child over a descriptor that the nursery hands on unread. So a child has
of others only the code that they have in common. It runs one thread; where libraries have started more, or the system's own libraries do not
bear a fork (macOS), a child is a fresh Python instead, which takes a second and is the same otherwise.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NoReturn

from spuframe.runtime.child import Nursery
from spuframe.runtime.post import CHANNEL, receive, send
from spuframe.runtime.process import call_it, command, dumpable, end_with_parent
from spuframe.runtime.top import begin

log = logging.getLogger(__name__)
TIDY_SECONDS = 10.0
"""Seconds that a node may take to remove its folder once its session has ended without a word."""
_LOOKS = 2.0
_LIBRARIES = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""What keeps libraries from starting threads as they are loaded. Nothing that children do with them takes more than one."""
_MOST_DESCRIPTORS = 1 << 16


class Fork:
    """A forked process as its parent sees it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def wait(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def send_signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)


def fork() -> Nursery:
    """Fork a nursery from this process, which has one thread and knows no secret yet; it dies with this process."""
    ours, theirs = socket.socketpair()
    parent, pid = os.getpid(), os.fork()
    if pid:
        theirs.close()
        return Nursery(ours, Fork(pid))
    try:
        ours.close()
        end_with_parent(signal.SIGKILL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        place = keep_alone([theirs.detach()])
        Nurse(socket.socket(fileno=place), parent).serve()
    except BaseException:  # noqa: BLE001  the top of the process: its end is told by its log
        traceback.print_exc()
    finally:
        os._exit(0)


def keep_alone(descriptors: Sequence[int], stderr: int = 2, stdin: int | None = None) -> int:
    """Leave this process the given descriptors, from the number `CHANNEL` on, beside stdin, stdout and stderr; give the first one's number."""
    with open(os.devnull, "r+b", buffering=0) as null:
        wanted = [null.fileno() if stdin is None else stdin, null.fileno(), stderr, *descriptors]
        held = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 16) for fd in wanted]  # out of the way of the numbers to come
    for number, fd in enumerate(held):
        os.dup2(fd, number, inheritable=number < CHANNEL)
    os.closerange(len(held), _MOST_DESCRIPTORS)
    return CHANNEL


class Nurse:
    """What a nursery does.

    Parameters
    ----------
    sock : socket
        To who has it.
    parent : int
        The process that must live.
    """

    def __init__(self, sock: socket.socket, parent: int) -> None:
        self._sock = sock
        self._parent = parent
        self._children: dict[int, tuple[int, bool]] = {}
        """Process to the number that it was asked for with, and whether it heads a session."""

    def serve(self) -> None:
        """Do what is asked, one thing after another, until who has it has ended or wants nothing more; then end all children."""
        call_it("spuframe nursery")
        woken, wake = os.pipe()
        for fd in (woken, wake):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGCONT):
            signal.signal(number, lambda *_: None)
        while os.getppid() == self._parent:
            # Its parent's end wakes it by a signal, where there is one, and is looked for besides.
            ready, _, _ = select.select([self._sock.fileno(), woken], [], [], _LOOKS)
            if woken in ready:
                os.read(woken, 4096)
                self._reap()
            if self._sock.fileno() in ready and not self._asked():
                break
        self._end()

    def _asked(self) -> bool:
        """Take one request; False at the end of them."""
        given: list[int] = []
        message = receive(self._sock, given)
        try:
            if message is None:
                return False
            if message["do"] == "load":
                load(message["modules"], message["protocols"])
            elif message["do"] == "start":
                self._start(message, given)
            elif message["do"] == "signal":
                self._signal(message["number"], message["signal"], message["group"])
        finally:
            for fd in given:
                os.close(fd)
        return True

    def _start(self, message: Mapping[str, Any], given: Sequence[int]) -> None:
        channel, stderr, *rest = given
        stdin, heads = (rest[0] if rest else None), message["heads"]
        argv = [message["module"], *message["words"], str(CHANNEL)]
        try:
            if message["folder"] is not None:
                with contextlib.suppress(OSError):  # it may be gone
                    os.chdir(message["folder"])
            if alone():
                nursery, pid = os.getpid(), os.fork()
                if not pid:
                    self._become(nursery, argv, channel, stderr, stdin, heads)
            else:
                pid = spawn(argv, channel, stderr, stdin, heads)
        except OSError as error:
            self._tell({"number": message["number"], "errno": error.errno or 0})
            return
        self._children[pid] = message["number"], heads
        self._tell({"number": message["number"], "pid": pid})

    def _become(self, nursery: int, argv: list[str], channel: int, stderr: int, stdin: int | None, heads: bool) -> NoReturn:
        """Go on as a child, to its end."""
        status = 1
        try:
            end_with_parent(signal.SIGKILL)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGCONT):
                signal.signal(number, signal.SIG_DFL)
            if heads:
                os.setsid()
            self._sock.detach()  # closed below, by its number
            keep_alone([channel], stderr, stdin)
            if os.getppid() != nursery:  # it ended before that was set
                raise SystemExit(1)
            dumpable(True)  # as a fresh process is, until it is one of ours: see `PeakMemory`
            call_it(f"spuframe {argv[0].rpartition('.')[2]}")
            sys.argv = argv
            import_module(argv[0]).main()
            status = 0
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 1
        except BaseException:  # noqa: BLE001  the top of the process: its end is told by its status and its log
            traceback.print_exc()
        finally:
            with contextlib.suppress(OSError):
                sys.stderr.flush()
            os._exit(status)

    def _signal(self, number: int, what: int, group: bool) -> None:
        for pid, (asked, _) in self._children.items():
            if asked == number:  # not reaped yet, so that the process's number is still its own
                with contextlib.suppress(OSError):
                    (os.killpg if group else os.kill)(pid, what)

    def _reap(self) -> None:
        """Tell of children that ended."""
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            number, _ = self._children.pop(pid)
            self._tell({"number": number, "status": os.waitstatus_to_exitcode(status)})

    def _tell(self, note: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError):  # nobody listens any more
            send(self._sock, note)

    def _end(self) -> None:
        """End the children: a node is asked to, any other process is killed."""
        for pid, (_, heads) in self._children.items():
            for number in (signal.SIGTERM, signal.SIGCONT) if heads else (signal.SIGKILL,):
                os.kill(pid, number)
        until = time.monotonic() + TIDY_SECONDS
        while self._children and time.monotonic() < until:
            self._reap()
            time.sleep(0.005)
        for pid, (_, heads) in self._children.items():
            if heads:
                with contextlib.suppress(OSError):
                    os.killpg(pid, signal.SIGKILL)


def load(modules: Sequence[str], protocols: Sequence[str]) -> None:
    """Import modules, and what they want to have ahead (their ``load``); an error shows again when it matters."""
    os.environ.update(_LIBRARIES)
    for name in modules:
        try:
            module = import_module(name)
            if hasattr(module, "load"):
                module.load(protocols)
        except Exception as error:  # noqa: BLE001  of whatever is installed: the child that needs it tells
            log.warning("%s could not be loaded ahead (%s)", name, type(error).__name__)
    gc.collect()
    gc.freeze()  # what is here stays: collections in children need not touch its pages


def alone() -> bool:
    """Whether a fork of this process is a whole one: it has one thread, and libraries that bear it."""
    if sys.platform != "linux" or threading.active_count() > 1:
        return False
    return len(os.listdir("/proc/self/task")) == 1


def spawn(argv: Sequence[str], channel: int, stderr: int, stdin: int | None, heads: bool) -> int:
    """Start a child as a fresh Python; give its process."""
    module, *words = argv
    code = command(module)
    with open(os.devnull, "r+b", buffering=0) as null:
        wanted = [null.fileno() if stdin is None else stdin, null.fileno(), stderr, channel]
        held = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 16) for fd in wanted]
    try:
        actions = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(held)]
        return os.posix_spawn(code[0], [*code, *words], os.environ, file_actions=actions, setsid=heads)
    finally:
        for fd in held:
            os.close(fd)


def main() -> None:
    """Run a nursery on the socket at descriptor ``argv[1]``."""
    begin(threads=False, orphaned=signal.SIGCONT)  # goes on, and ends its children
    sock = socket.socket(fileno=int(sys.argv[1]))
    sock.set_inheritable(False)
    Nurse(sock, os.getppid()).serve()
    os._exit(0)


if __name__ == "__main__":
    main()
