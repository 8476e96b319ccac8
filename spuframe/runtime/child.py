"""Child processes that talk to this one over an inherited socket, and what they take over from its environment."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor

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


def start(command: Sequence[str], starter: Executor) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start a process whose last argument is the descriptor of its end of a connection; give it and this end.

    ``starter`` is a thread that lives as long as the process may: the system takes the end of the *thread* that started it for that of its parent
    (`process.end_with_parent`).
    """
    ours, theirs = socket.socketpair()

    def begin() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*command, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=[theirs.fileno()],
            env=environment(),
        )

    with theirs:
        return starter.submit(begin).result(), ours
