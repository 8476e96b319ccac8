"""Child processes: the command that starts one, and the end of what it writes to stderr."""

from __future__ import annotations

import collections
import contextlib
import fcntl
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Protocol

from spuframe.errors import InstanceMemoryError

OUT_OF_MEMORY = 77
"""Exit status of a process that could not go on for want of memory."""
_INIT = str(Path(__file__).resolve().parent.parent / "__init__.py")


def command(module: str) -> tuple[str, ...]:
    """The command that runs ``main`` of ``module`` with this Python and this copy of spuframe, from any folder.

    The current folder is not in front (``-P``): a ``random.py`` there would take the place of Python's own. This copy of the package is loaded from
    its own place, whatever else is installed; folders that this process finds modules in come last, so that plugins are found there.
    """
    here = os.path.realpath(os.getcwd())
    places = [os.path.abspath(p) for p in sys.path]
    code = (
        "import os, sys; "
        f"places, here = {places!r}, {here!r}; "
        "own = [p for p in sys.path if p and os.path.realpath(p) != here]; "
        "sys.path[:] = own + [p for p in places if p not in own]; "
        "import importlib.util as u; "
        f"s = u.spec_from_file_location('spuframe', {_INIT!r}, submodule_search_locations=[{os.path.dirname(_INIT)!r}]); "
        "m = u.module_from_spec(s); sys.modules['spuframe'] = m; s.loader.exec_module(m); "
        f"from {module} import main; main()"
    )
    return (sys.executable, "-P", "-c", code)


def above_stdio(fd: int) -> int:
    """Move a descriptor above those of stdin, stdout and stderr, which a daemon may have closed: a child would take it for one of them."""
    if fd > 2:
        return fd
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
    os.close(fd)
    return moved


def out_of_memory(name: str) -> InstanceMemoryError:
    """Build the error of an instance that reached its limit."""
    return InstanceMemoryError(
        f"{name} ran out of the memory that one instance may use. Raise memory_limit, or work on fewer rows or columns at a time.", party=name
    )


def is_memory(error: BaseException | None) -> bool:
    """Whether an error means that memory ran out; a thread that cannot be started is one that gets no stack."""
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "start new thread" in str(error))


def end_with_threads() -> None:
    """Let this process end when one of its threads dies of an exception: what it did is done no more, and somebody waits for that."""

    def ended(args: threading.ExceptHookArgs) -> None:
        try:
            kind = args.exc_type.__name__
            sys.stderr.write(f"ERROR spuframe: the thread {args.thread.name if args.thread else ''!r} ended with {kind}, and so does the process\n")
            sys.stderr.flush()
        finally:
            os._exit(OUT_OF_MEMORY if is_memory(args.exc_value) or args.exc_type is MemoryError else 1)

    threading.excepthook = ended


_TOLD = (
    re.compile(r'\s*File "(?:.*/)?(?P<file>[^"/]+)", line (?P<line>\d+),? in (?P<name>[\w.<>]+)$'),
    re.compile(r"(?P<kind>[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt))(?::.*)?$"),
    re.compile(r"(?P<fatal>(?:Fatal Python error|LLVM ERROR): [A-Za-z ]+|terminate called after throwing an instance of '[\w:]+')"),
    re.compile(r"(?P<own>ERROR spuframe: the thread '[\w -]*' ended with \w+)"),
)
"""Lines of a log that tell no values: places in the code, kinds of errors without their texts, the words of a crash."""


class Tail:
    """The last lines of a stream, kept for a post-mortem."""

    def __init__(self, stream: IO[bytes], lines: int = 60, width: int = 400) -> None:
        self._stream = stream
        self._width = width
        self._lines: collections.deque[str] = collections.deque(maxlen=lines)
        self._thread = threading.Thread(target=self._read, name="spuframe-stderr", daemon=True)
        self._thread.start()

    def text(self) -> str:
        """What there is, once the process ended."""
        self._thread.join(0.5)
        return "\n".join(self._lines)

    def last_words(self, most: int = 4) -> str:
        """What may be told to others of the end, as a part of a sentence: where it was and of what kind, never the text of an error or of a log."""
        found = [m.groupdict() for line in self.text().splitlines() for m in [next(filter(None, (p.match(line) for p in _TOLD)), None)] if m]
        told = [f"{f['file']}:{f['line']} in {f['name']}" if "file" in f else next(iter(f.values())) for f in found]
        return f" (its log ends: {'; '.join(told[-most:])})" if told else ""

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError), self._stream:
            while line := self._stream.readline(1 << 16):
                self._lines.append(line[: self._width].decode(errors="replace").rstrip())


class Process(Protocol):
    """What can be asked of a process that was started here, by whatever means."""

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def kill(self) -> None: ...


def how_ended(process: Process) -> str:
    """Say in words how a process ended."""
    code = process.poll()
    if code is None:
        return "closed its connection"
    return f"killed by signal {-code}" if code < 0 else f"exit status {code}"


def kill(process: Process, timeout: float = 5.0) -> None:
    """Kill a process and wait for its end, so that no zombie stays."""
    with contextlib.suppress(OSError):
        process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout)


def peak_memory() -> int:
    """Bytes of this process's largest resident set since `PeakMemory.reset`, or ever."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


class PeakMemory:
    """Bytes of this process's largest resident set since `reset`, where the system can do that, else ever. Made before `no_core_files`."""

    def __init__(self) -> None:
        try:  # a process that is not dumpable owns this file no more, but one that is open stays so
            self._file: int | None = os.open("/proc/self/clear_refs", os.O_WRONLY | os.O_CLOEXEC)
        except OSError:
            self._file = None

    def reset(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.write(self._file, b"5")

    def value(self) -> int:
        return peak_memory()


def set_memory_limit(limit: int) -> None:
    """Let this process have ``limit`` bytes of data beside what the interpreter and its libraries hold now; what does not fit raises `MemoryError`.

    What is needed later must be loaded before. The libraries' own share differs from machine to machine by hundreds of megabytes (a thread pool's
    stacks count, a core each), so a limit on everything would say little.
    """
    import resource

    import pyarrow as pa

    pa.set_memory_pool(pa.system_memory_pool())  # the default one reserves a gigabyte ahead, which no limit would see
    pa.array([0]).sum()
    total = limit + _data()
    resource.setrlimit(resource.RLIMIT_DATA, (total, total))


def _data() -> int:
    """Bytes of this process's data, as the system counts them against the limit; 0 where it does not tell."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    return 0


def no_core_files() -> None:
    """Let a crash of this process, and of its children, leave no copy of its memory behind, and no debugger of this user read it while it runs."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    dumpable(False)


def dumpable(yes: bool) -> None:
    """Let this process's memory be read by debuggers of this user, or not; where the system knows the difference."""
    _prctl(4, int(yes))  # PR_SET_DUMPABLE


def call_it(name: str) -> None:
    """Give this process the name that `ps` and `top` show, where the system can do that."""
    _prctl(15, name.encode()[:15])  # PR_SET_NAME


def end_with_parent(number: int) -> None:
    """Let the system send this process a signal, even while it is stopped, once the thread that started it has ended; where it can do that."""
    _prctl(1, number)  # PR_SET_PDEATHSIG


def _prctl(option: int, value: int | bytes) -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def keep_freed_memory(largest: int = 1 << 25, kept: int = 1 << 26) -> None:
    """Let the allocator keep what is freed, for arrays of up to ``largest`` bytes and up to ``kept`` bytes at the end of the heap.

    By default glibc gives the memory of every large temporary back at once: the next one is made of new pages, which the kernel has to zero.
    For arrays of a batch's size that takes longer than computing on them. Without glibc nothing happens.
    """
    import ctypes

    with contextlib.suppress(OSError):
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None and sys.platform == "linux":
            for option, value in ((-3, largest), (-1, kept), (-2, 1 << 24)):  # M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, M_TOP_PAD
                mallopt(option, value)


def alive(pid: int) -> bool:
    """Whether a process of that id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
