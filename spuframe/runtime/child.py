"""Child processes: the hand on the nursery that forks them, and what they take over from this process's environment."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from signal import SIGCONT, SIGKILL
from typing import IO, Any, Protocol

from spuframe.errors import PartyDiedError, PeerTimeoutError
from spuframe.runtime.post import receive, send
from spuframe.runtime.process import Tail, above_stdio, command

log = logging.getLogger(__name__)
BORN_SECONDS = 120.0
"""Seconds that a process may take to exist: its nursery loads the libraries first."""
GONE_SECONDS = 5.0
_PASSED = (
    "PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "XDG_CACHE_HOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME",
    "PYTHONDONTWRITEBYTECODE",
)  # fmt: skip
_FAMILIES = ("LC_", "NUMBA_", "OMP_", "OPENBLAS_", "MKL_", "ARROW_", "MALLOC_", "COVERAGE_")
"""Numbers of threads, caches, allocators."""


def environment(own: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a child needs of this process's environment: where programs, libraries and caches are, the locale, numbers of threads; no more.

    Tokens and passwords of the analyst stay here: a child of an owner or a party has no use for them.

    >>> environment({"PATH": "/bin", "LC_ALL": "C", "AWS_SECRET_ACCESS_KEY": "x"})
    {'PATH': '/bin', 'LC_ALL': 'C'}
    """
    given = os.environ if own is None else own
    return {k: v for k, v in given.items() if k in _PASSED or k.startswith(_FAMILIES)}


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a connection, neither of them at a number of stdin, stdout or stderr."""
    one, two = (socket.socket(fileno=above_stdio(s.detach())) for s in socket.socketpair())
    return one, two


class Child:
    """A process that a nursery started; used like `subprocess.Popen`.

    Attributes
    ----------
    pid : int
    returncode : int or None
        As that of `subprocess.Popen`; None while it runs.
    stderr : file
    """

    def __init__(self, nursery: Nursery, number: int, stderr: IO[bytes]) -> None:
        self._nursery = nursery
        self.number = number
        self.stderr = stderr
        self.pid = 0
        self.returncode: int | None = None
        self.errno = 0
        self.known = threading.Event()
        self.ended = threading.Event()

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Raises
        ------
        subprocess.TimeoutExpired
        """
        if not self.ended.wait(timeout):
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int, *, group: bool = False) -> None:
        """Send a signal, to its whole ``group`` perhaps. Its nursery does it: there alone its number cannot be another process's by now."""
        if self.returncode is None:
            self._nursery.signal(self, number, group)

    def kill(self) -> None:
        self.send_signal(SIGKILL)

    def end(self, status: int) -> None:
        """Note how it ended; the first note counts."""
        if not self.ended.is_set():
            self.returncode = status
            self.known.set()
            self.ended.set()


class _Waited(Protocol):
    """The nursery's own process, whose end must be waited for here."""

    @property
    def pid(self) -> int: ...

    def wait(self) -> int: ...

    def send_signal(self, number: int) -> None: ...


class Nursery:
    """The hand on a process that has loaded what its children need, and forks them (`spuframe.runtime.nursery`).

    Parameters
    ----------
    sock : socket
        To it; its end is the nursery's, and that of all its children.
    process : Popen or Fork
    tail : Tail, optional
        Of its stderr, where that is not ours.
    """

    def __init__(self, sock: socket.socket, process: _Waited, tail: Tail | None = None) -> None:
        self._sock = sock
        self._process = process
        self._tail = tail
        self._numbers = itertools.count()
        self._sending = threading.Lock()
        self._children: dict[int, Child] = {}
        self._closing = False
        self._gone = threading.Event()
        threading.Thread(target=self._listen, name="spuframe-nursery", daemon=True).start()

    @classmethod
    def start(cls) -> Nursery:
        """Start one, from a process that may have threads."""
        ours, theirs = pair()
        with theirs:
            process = subprocess.Popen(
                [*command("spuframe.runtime.nursery"), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
                env=environment(),
                start_new_session=True,  # a Ctrl-C in the terminal is for the analyst alone
            )
        assert process.stderr is not None
        return cls(ours, process, Tail(process.stderr))

    @property
    def pid(self) -> int:
        return self._process.pid

    def load(self, modules: Sequence[str], protocols: Sequence[str]) -> Nursery:
        """Have the modules of coming children loaded, and what they want to have loaded for these protocols; nobody waits for it here."""
        with contextlib.suppress(PartyDiedError):  # seen when it is asked for something
            self._ask({"do": "load", "modules": list(modules), "protocols": list(protocols)})
        return self

    def begin(self, module: str, channel: int, words: Sequence[str] = (), stdin: int | None = None) -> Child:
        """Start a process that runs ``main`` of a module.

        Its `sys.argv` are the module, the words and the number of the one descriptor that it has beside stdin, stdout and stderr.

        Parameters
        ----------
        module : str
        channel : int
            The descriptor for it; still the caller's to close here.
        words : sequence of str
        stdin : int, optional
            The same; then the process heads a session of its own in the current folder, and is asked to end (not killed) when the nursery ends.

        Raises
        ------
        PartyDiedError, PeerTimeoutError
            The nursery ended, or gives no sign of life.
        OSError
            The system has no room for a process.
        """
        ours, theirs = map(above_stdio, os.pipe())
        child = Child(self, next(self._numbers), os.fdopen(ours, "rb"))
        try:
            self._children[child.number] = child
            heads = stdin is not None
            given = {"module": module, "words": list(words), "heads": heads, "folder": os.getcwd() if heads else None}
            self._ask({"do": "start", "number": child.number} | given, [channel, theirs] + ([] if stdin is None else [stdin]))
            if not child.known.wait(BORN_SECONDS):
                raise PeerTimeoutError(f"the process that starts others started none within {BORN_SECONDS:g} s. Look at its log, and try again.")
            if not child.pid:
                raise OSError(child.errno, os.strerror(child.errno)) if child.errno else self._died()
        except BaseException:
            child.kill()  # it may be born yet, and nobody would know it
            child.stderr.close()
            raise
        finally:
            os.close(theirs)
        return child

    def talk(self, module: str, *words: str) -> tuple[Child, socket.socket]:
        """Start a process that has a connection to this one; give both."""
        ours, theirs = pair()
        try:
            with theirs:
                return self.begin(module, theirs.fileno(), words), ours
        except BaseException:
            ours.close()
            raise

    def signal(self, child: Child, number: int, group: bool) -> None:
        self._wake()
        with contextlib.suppress(PartyDiedError):  # then it has ended as well
            self._ask({"do": "signal", "number": child.number, "signal": number, "group": group})

    def close(self) -> None:
        """End the nursery and its children; twice is harmless."""
        self._closing = True
        self._wake()
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)
        if not self._gone.wait(GONE_SECONDS):
            self._process.send_signal(SIGKILL)
            self._gone.wait(GONE_SECONDS)

    def _wake(self) -> None:
        """Have it go on where it is stopped: who ends a process may not wait for it."""
        if not self._gone.is_set():
            self._process.send_signal(SIGCONT)

    def _ask(self, message: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
        try:
            with self._sending:
                send(self._sock, message, descriptors)
        except OSError:
            raise self._died() from None

    def _listen(self) -> None:
        """Note who was born and who ended, until the nursery ends; whatever it says, those who wait for it are told its end."""
        try:
            with self._sock:
                while (note := receive(self._sock)) is not None:
                    child = self._children[note["number"]]
                    child.pid = note.get("pid", child.pid)
                    child.errno = note.get("errno", 0)
                    child.known.set()
                    if "status" in note or child.errno:
                        del self._children[child.number]
                    if "status" in note:
                        child.end(note["status"])
        finally:
            self._ended()

    def _ended(self) -> None:
        """Note that the nursery ends, which it does as soon as nobody is at this end of its socket, and with it all children."""
        status = self._process.wait()
        for child in list(self._children.values()):
            child.end(status or -SIGKILL)  # with its nursery
        self._gone.set()
        if not self._closing:
            log.error("the process that starts others ended (%s); the end of its stderr:\n%s", status, "" if self._tail is None else self._tail.text())

    def _died(self) -> PartyDiedError:
        told = "" if self._tail is None else self._tail.last_words()
        return PartyDiedError(f"the process that starts others has ended{told}. Open a new session.")
