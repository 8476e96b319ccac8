from __future__ import annotations

import subprocess
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from spuframe.kernels import jit as kernels
from spuframe.kernels.jit import Compiled, jit


@jit
def double(x):
    return x + x


@jit
def quadruple(words, out):
    """Four times."""
    for i in range(words.size):
        out[i] = double(double(words[i]))


def test_compiled_functions_call_each_other() -> None:
    for word in ("u1", "u4", "u8"):
        x = np.arange(40, dtype=word)
        out = np.empty_like(x)
        quadruple(x, out)
        np.testing.assert_array_equal(out, x * x.dtype.type(4))


def test_the_function_keeps_its_name_and_words() -> None:
    assert quadruple.__name__ == "quadruple" and quadruple.__doc__ == "Four times."


def test_first_calls_from_many_threads() -> None:
    @jit
    def triple(x):
        return x * 3

    results: list[int] = []
    threads = [threading.Thread(target=lambda: results.append(triple(14))) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == [42] * 4


def test_machine_code_on_disk_is_loaded_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    for word in ("u2", "i4"):
        double(np.arange(3, dtype=word))
    fresh = Compiled(double.__wrapped__)
    monkeypatch.setattr(kernels, "sys", SimpleNamespace(modules={"made": SimpleNamespace(one=fresh, other=3), "gone": None}))
    kernels.load_cached()
    loaded = fresh.dispatcher()
    assert len(loaded.signatures) >= 2 and set(loaded.stats.cache_hits) == set(loaded.signatures) and not loaded.stats.cache_misses
    assert fresh(np.arange(3, dtype="u2")).tolist() == [0, 2, 4]


def test_importing_the_kernels_does_not_import_numba() -> None:
    code = "import sys, spuframe.kernels.arithmetic, spuframe.kernels.prg; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
