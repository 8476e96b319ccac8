"""SPU beside us, in its own virtual environment: JSON lines in, JSON lines out. Started by `benchmarks.peers`, never imported.

SPU runs as it is fastest: its parties are threads over in-memory links (what `spu.utils.simulation.Simulator` sets up); programs are compiled
and inputs shared beforehand, so that ``run`` times `Runtime.run` alone, from a barrier to the last thread's end. Memory and traffic are of
further runs that nobody times: traffic needs SPU's profiler.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import resource
import sys
import tempfile
import threading
import time
from typing import Any

import numpy as np

import benchmarks.data as data

Plain = Any


def program(case: str, n: int) -> tuple[Any, list[Plain], Any]:
    """The function in jax, its inputs, and a check of its outputs that gives the largest error (or fails)."""
    import jax
    import jax.numpy as jnp

    if case == "fixed multiply":
        x, y = data.reals("x", n), data.reals("y", n)
        return jnp.multiply, [x, y], lambda out: np.abs(out - x * y).max()
    if case == "less":
        a, b = data.integers("a", n, 62), data.integers("b", n, 62)
        return jnp.less, [a, b], lambda out: float((out.astype(bool) != (a < b)).sum())
    if case == "matmul":
        a, b = data.reals("a", n * n, 1.0).reshape(n, n), data.reals("b", n * n, 1.0).reshape(n, n)
        return jnp.matmul, [a, b], lambda out: np.abs(out - a @ b).max()
    if case == "sigmoid":
        x = data.reals("x", n, 8.0)
        return jax.nn.sigmoid, [x], lambda out: np.abs(out - 1 / (1 + np.exp(-x))).max()
    if case == "reciprocal":
        x = data.positive("x", n, 1e-4, 1e4)
        return jnp.reciprocal, [x], lambda out: np.abs(out * x - 1).max()
    if case == "exp":
        x = data.reals("x", n, 10.0)
        return jnp.exp, [x], lambda out: np.abs(out / np.exp(x) - 1).max()
    if case == "sort":
        k = data.int32("k", n)
        return jnp.sort, [k], lambda out: float((out != np.sort(k)).sum())
    if case == "group sum":
        k, v = data.groups("g", n, max(1, n // 10))

        def group_sum(key: Any, value: Any) -> Any:
            # sorted by key, then a segmented scan: the last row of every group has its sum (jnp.cumsum is quadratic in SPU)
            key, value = jax.lax.sort((key, value), num_keys=1)
            change = key[1:] != key[:-1]
            one = jnp.ones(1, bool)

            def join(a: Any, b: Any) -> Any:
                return a[0] | b[0], b[1] + jnp.where(b[0], 0, a[1])

            _, total = jax.lax.associative_scan(join, (jnp.concatenate([one, change]), value))
            return jnp.concatenate([change, one]), key, total

        def check(last: Any, key: Any, total: Any) -> float:
            true = np.bincount(k, weights=v)
            mine = np.zeros(len(true))
            mine[key[last.astype(bool)]] = total[last.astype(bool)]
            return float(np.abs(mine - true).max())

        return group_sum, [k, v], check
    if case == "logistic regression":
        x, y = data.classes(n, 100)

        def fit(a: Any, b: Any) -> Any:
            def epoch(_: int, w: Any) -> Any:
                for low, high in data.batches(n):
                    part = a[low:high]
                    error = jax.nn.sigmoid(part @ w) - b[low:high]
                    w = w - data.LR_RATE / (high - low) * (error @ part)
                return w

            return jax.lax.fori_loop(0, data.LR_EPOCHS, epoch, jnp.zeros(a.shape[1]))

        return fit, [x, y], lambda w: np.abs(w - data.plain_lr(x, y)).max()  # a difference of AUCs can cancel to zero
    raise KeyError(case)


class Prepared:
    """A compiled program, its shared inputs, and one runtime for each party."""

    def __init__(self, protocol: str, case: str, n: int) -> None:
        import jax
        import jax.numpy as jnp
        from spu import libspu
        from spu.api import Io
        from spu.utils import frontend

        jax.config.update("jax_enable_x64", True)
        fn, plain, self.check = program(case, n)
        self.parties = {"aby3": 3, "semi2k": 2}[protocol]
        self.config = libspu.RuntimeConfig(protocol=getattr(libspu.ProtocolKind, protocol.upper()), field=libspu.FieldType.FM64)
        plain = [np.array(jnp.array(p)) for p in plain]
        self.names = names = [f"in{i}" for i in range(len(plain))]
        start = time.perf_counter()
        self.executable, _ = frontend.compile(
            frontend.Kind.JAX, fn, plain, {}, names, [libspu.Visibility.VIS_SECRET] * len(plain), lambda out: [f"out{i}" for i in range(len(out))]
        )
        self.compile_seconds = time.perf_counter() - start
        self.io = Io(self.parties, self.config)
        shares = dict(zip(names, (self.io.make_shares(p, libspu.Visibility.VIS_SECRET) for p in plain)))
        self.runtimes = self._open("timed", self.config, lambda name, rank: shares[name][rank])

    def _open(self, link: str, config: Any, share: Any) -> list[Any]:
        """A runtime for each party, with its shares of the inputs, over links of their own."""
        from spu import libspu
        from spu.api import Runtime

        desc = libspu.link.Desc()
        for rank in range(self.parties):
            desc.add_party(f"id_{rank}", f"{link}_{rank}_{id(self)}")
        made: list[Any] = [None] * self.parties

        def make(rank: int) -> None:
            made[rank] = Runtime(libspu.link.create_mem(desc, rank), libspu.RuntimeConfig(config))
            for name in self.names:
                made[rank].set_var(name, share(name, rank))

        self._all(make)
        return made

    def _all(self, work: Any) -> None:
        failures: list[BaseException] = []

        def guarded(rank: int) -> None:
            try:
                work(rank)
            except BaseException as error:  # noqa: BLE001 the top of a thread: raised again below
                failures.append(error)

        threads = [threading.Thread(target=guarded, args=(rank,), daemon=True) for rank in range(self.parties)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def run(self) -> float:
        """Seconds from the barrier to the last party's end."""
        barrier = threading.Barrier(self.parties)
        starts, ends = [0.0] * self.parties, [0.0] * self.parties

        def party(rank: int) -> None:
            barrier.wait()
            starts[rank] = time.perf_counter()
            self.runtimes[rank].run(self.executable)
            ends[rank] = time.perf_counter()

        self._all(party)
        return max(ends) - min(starts)

    def memory(self) -> dict[str, int]:
        """Bytes of this process's largest resident set in a run, all parties and jax with it, and what of it the run added."""
        gc.collect()
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
        with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # the peak starts anew
        resident = _status("VmRSS")
        self.run()
        peak = _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return {"peak": peak, "extra": max(0, peak - resident) if resident else 0}

    def traffic(self) -> str:
        """What SPU's profiler prints of a run: a line for each party with what that sent and received."""
        from spu import libspu

        config = libspu.RuntimeConfig(self.config)
        config.enable_pphlo_profile = True
        profiled = self._open("profiled", config, lambda name, rank: self.runtimes[rank].get_var(name))
        kept = os.dup(1)
        with tempfile.TemporaryFile() as log:
            os.dup2(log.fileno(), 1)  # it prints from C++
            try:
                self._all(lambda rank: profiled[rank].run(self.executable))
            finally:
                os.dup2(kept, 1)
                os.close(kept)
            log.seek(0)
            return log.read().decode(errors="replace")

    def error(self) -> float:
        names = list(self.executable.output_names)
        out = [self.io.reconstruct([r.get_var(name) for r in self.runtimes]) for name in names]
        return float(self.check(*out))


def _status(key: str) -> int:
    """Bytes from this process's status; 0 where the system has none."""
    try:
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(key + ":"))
    except (OSError, StopIteration):
        return 0


def main() -> None:
    """Answer requests until the input ends."""
    # SPU and XLA write to standard output: keep the answers' pipe to ourselves
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    prepared: Prepared | None = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "versions":
                import jax
                import spu

                reply: dict[str, Any] = {"spu": spu.__version__, "jax": jax.__version__, "numpy": np.__version__}
            elif request["do"] == "prepare":
                prepared = None
                prepared = Prepared(request["protocol"], request["case"], request["n"])
                reply = {"compile_seconds": prepared.compile_seconds}
            elif request["do"] == "run" and prepared is not None:
                reply = {"seconds": prepared.run()}
            elif request["do"] == "check" and prepared is not None:
                reply = {"error": prepared.error()}
            elif request["do"] == "memory" and prepared is not None:
                reply = prepared.memory()
            elif request["do"] == "traffic" and prepared is not None:
                reply = {"log": prepared.traffic()}
            else:
                reply = {"failed": f"unknown request {request['do']!r}, or nothing prepared"}
        except Exception as error:  # noqa: BLE001 the top of this process: the other end reports it
            reply = {"failed": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(reply) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
