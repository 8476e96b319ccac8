"""Our figures: three processes on loopback TCP. ``python -m benchmarks.run --help``."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

from benchmarks import endtoend, history, report, start, sweeps
from benchmarks.bars import verdicts
from benchmarks.cases import Case, find, modules
from benchmarks.endtoend import SessionCase
from benchmarks.harness import BenchmarkError, Cluster, Result, measure
from benchmarks.limits import Limits
from benchmarks.recorded import at_size
from benchmarks.shaped import NETWORKS
from benchmarks.start import StartCase
from spuframe.errors import SpuframeError

AnyCase = Case | SessionCase | StartCase
HEAD = [
    "operation", "n", "batch", "seconds", "best", "cold", "CPU s", "rows/s", "B/row/party", "rounds", "before", "B/row/party", "limit", "% of limit",
    "peak MiB", "of it run", "recorded peer", "ratio", "bar",
]  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    """Run what the arguments ask for; 1 if a case failed."""
    parser = _parser()
    options = parser.parse_args(argv)
    cases: list[tuple[str, AnyCase]] = [(start.MODULE, case) for case in start.CASES]
    cases += [(module, case) for module in modules() for case in find(module)]
    cases += [(endtoend.MODULE, case) for case in endtoend.CASES]
    known = [case.name for _, case in cases]
    wanted = options.only or ([options.profile] if options.profile else known)
    for name in wanted:
        if name not in known:
            sys.exit(f"no case {name!r}: there are {', '.join(known)}")
    chosen = [(module, case) for module, case in cases if case.name in wanted]
    if options.sweep_network or options.profile or options.network or options.fresh:
        odd = [case.name for _, case in chosen if not isinstance(case, Case)]
        if odd and (options.only or options.profile):
            sys.exit(f"{odd[0]!r} runs on its own processes: not with --profile, --network, --sweep-network or --fresh")
        chosen = [(module, case) for module, case in chosen if isinstance(case, Case)]
    if options.sweep_network:
        return sweeps.networks(options)
    if options.profile:
        module, case = chosen[0]
        assert isinstance(case, Case)
        return profile(options, module, case)
    return bench(options, chosen, _release(parser, options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description="Figures of this machine.")
    parser.add_argument("--only", action="append", metavar="CASE", help="this case (may be given several times)")
    parser.add_argument("--quick", action="store_true", help="small sizes, in one set of processes")
    parser.add_argument("--sweep", action="store_true", help="the cases over n = 1e3 ... 1e7")
    parser.add_argument("--full", action="store_true", help="also the sizes of the sweep that take many minutes")
    parser.add_argument("--network", choices=NETWORKS, help="messages take as long as there")
    parser.add_argument("--sweep-network", action="store_true", help="a few cases on all networks, with two sizes of batches")
    parser.add_argument("--fresh", action="store_true", help="no machine code from earlier runs: the cold column compiles")
    parser.add_argument("--repeat", type=int, default=3, help="warm runs at least (3)")
    parser.add_argument("--n", type=int, help="this size instead of the case's own")
    parser.add_argument("--chunk-rows", type=int, metavar="ROWS", help="rows that a kernel takes at a time")
    parser.add_argument("--batch-rows", type=int, help="rows a batch; otherwise what the planner's cost model chooses")
    parser.add_argument("--protocol", default="aby3")
    parser.add_argument("--parties", type=int, default=3)
    parser.add_argument("--profile", metavar="CASE", help="the time per kernel of one case")
    parser.add_argument("--json", default="latest", metavar="NAME", help="benchmarks/results/NAME.json (latest)")
    parser.add_argument("--release", metavar="VERSION", help="keep the figures as benchmarks/history/VERSION.json")
    parser.add_argument("--compare", metavar="VERSION", help="print ratios against benchmarks/history/VERSION.json")
    return parser


def _release(parser: argparse.ArgumentParser, options: argparse.Namespace) -> dict[str, Any] | None:
    """Check both versions before anything takes time; the figures to compare with."""
    partial = options.only or options.quick or options.sweep or options.network or options.fresh or options.n or options.batch_rows or options.chunk_rows
    if options.release and partial:
        parser.error("a release's figures are those of all cases at their own sizes: --release stands alone")
    try:
        if options.release:
            history.path_of(options.release)
        return history.read(options.compare) if options.compare else None
    except (ValueError, LookupError) as error:
        parser.error(str(error))


def bench(options: argparse.Namespace, chosen: Sequence[tuple[str, AnyCase]], then: dict[str, Any] | None) -> int:
    known = report.facts()
    network = NETWORKS.get(options.network or "")
    print(report.headline(known))
    where = "on loopback TCP" if network is None else f"on loopback TCP held back as over {options.network} ({network})"
    print(f"protocol {options.protocol}, {options.parties} processes {where}")
    print(f"median of >= {options.repeat} warm runs")
    results: list[Result] = []
    failed: list[str] = []
    with contextlib.ExitStack() as stack:
        processes = Processes(options, stack)
        limits = _limits(processes, chosen)
        if limits is not None:
            print(f"limits measured: {limits}")
        for module, case in chosen:
            for n in _sizes(options, case):
                report.progress(f"{case.name}, n = {n} ...")
                try:
                    if isinstance(case, StartCase):
                        results.append(start.measure(case, options.repeat))
                    elif isinstance(case, SessionCase):
                        results.append(endtoend.measure(case, n, options.repeat, options.protocol, options.parties))
                    else:
                        cluster, budget = processes.cluster(), 0.0 if options.quick else 2.0
                        results.append(measure(cluster, module, case, n, options.repeat, budget, limits))
                except (BenchmarkError, SpuframeError) as error:
                    failed.append(f"{case.name}, n = {n}: {error}")
                    processes.close()
    report.progress("")
    ours = {(r.case, r.n): r.seconds for r in results}
    print("\n" + report.table(HEAD, [line(r, ours) for r in results]))
    print("\nlimit: seconds that the bytes at link speed, the rounds at the latency and the keystream at AES speed take on this machine")
    print("before: what making the material of a run takes, seconds and bytes, where a protocol uses any; not in the other figures")
    print("ratio, bar: recorded seconds of the peer (another day, not measured in this run) / ours; `make bench-peers` measures both in one run")
    if options.sweep:
        print("\n" + sweeps.halves(results))
    plain = [_plain(r, ours) for r in results]
    if then is not None:
        print("\n" + history.compare(then, plain))
    content = {"machine": known, "limits": limits and limits.to_plain(), "options": vars(options), "results": plain, "failed": failed}
    written = [report.save(options.json, content)]
    if options.release and not failed:
        written.append(history.write(options.release, known, plain))
    for path in written:
        print(f"written to {path.relative_to(path.parent.parent.parent)}")
    return report.failures(failed)


class Processes:
    """The computing parties of a run: new ones for each case, so that its first run is cold and its peak memory its own; with --quick, one set."""

    def __init__(self, options: argparse.Namespace, stack: contextlib.ExitStack) -> None:
        self.options = options
        self.open: Cluster | None = None
        stack.callback(self.close)

    def cluster(self) -> Cluster:
        if self.open is None or not self.options.quick:
            self.close()
            self._folder = contextlib.ExitStack()
            cache = self._folder.enter_context(tempfile.TemporaryDirectory()) if self.options.fresh else None
            options = self.options
            network = NETWORKS.get(options.network or "")
            cluster = Cluster(options.protocol, options.parties, options.batch_rows, network, cache, options.chunk_rows)
            self.open = self._folder.enter_context(cluster)
        return self.open

    def close(self) -> None:
        if self.open is not None:
            self._folder.close()
            self.open = None


def _limits(processes: Processes, chosen: Sequence[tuple[str, AnyCase]]) -> Limits | None:
    return processes.cluster().probe() if any(isinstance(case, Case) for _, case in chosen) else None


def _sizes(options: argparse.Namespace, case: AnyCase) -> tuple[int, ...]:
    if options.sweep:
        most = case.most if isinstance(case, Case) and not options.full else 1 << 62
        return tuple(n for n in case.sweep if n <= most)
    return (options.n or (case.quick if options.quick else case.n),)


def _plain(result: Result, ours: dict[tuple[str, int], float]) -> dict[str, Any]:
    return {
        **result.to_plain(),
        "recorded": [{"peer": r.peer, "seconds": r.seconds, "bytes_per_row": r.bytes_per_row} for r in at_size(result.case, result.n)],
        "bars": [v.to_plain() for v in verdicts(result.case, result.n, result.seconds, ours)],
    }


def line(result: Result, ours: dict[tuple[str, int], float]) -> list[str]:
    """One row of the table."""
    peers = at_size(result.case, result.n)
    return [
        result.case,
        f"{result.n:,}",
        report.optional(result.batch_rows, report.whole),
        report.seconds(result.seconds),
        report.seconds(min(result.runs)),
        report.seconds(result.cold),
        report.optional(result.cpu, report.seconds),
        report.count(result.rows / result.seconds),
        report.optional(result.bytes_per_row, report.tenths),
        report.optional(result.rounds, report.whole),
        report.optional(result.before, report.seconds),
        report.optional(result.told, lambda told: report.tenths(told / result.rows)),
        report.optional(result.limit, report.seconds),
        report.optional(result.of_limit, report.percent),
        report.optional(result.peak, report.mib),
        report.optional(result.extra, report.mib),
        "; ".join(f"{r.peer} {report.seconds(r.seconds)}" for r in peers),
        "; ".join(f"{r.seconds / result.seconds:.1f}x" for r in peers),
        "; ".join(map(str, verdicts(result.case, result.n, result.seconds, ours))),
    ]


def profile(options: argparse.Namespace, module: str, case: Case) -> int:
    """Where the time of a case goes: per kernel, and what of it waits at the link."""
    (n,) = _sizes(options, case) if not options.sweep else (case.n,)
    with Cluster(options.protocol, options.parties, options.batch_rows, NETWORKS.get(options.network or "")) as cluster:
        cluster.prepare(module, case, n)
        for _ in range(2):
            cluster.run()
        run, parties = cluster.profile()
        cluster.check()
    print(f"{case.name}, n = {n:,}: {report.seconds(run.seconds)} s, {run.rounds} rounds, {max(run.sent):,} bytes sent by a party\n")
    for rank, kernels in enumerate(parties):
        inside = sum(k["seconds"] for k in kernels.values())
        rows = [
            [name, f"{k['calls']:,.0f}", report.seconds(k["seconds"]), f"{100 * k['seconds'] / run.seconds:.0f}%", report.seconds(k["link"]),
             f"{k['rounds']:,.0f}", f"{k['bytes'] / 1e6:,.2f}"]
            for name, k in sorted(kernels.items(), key=lambda item: -item[1]["seconds"])
        ]  # fmt: skip
        rest = max(0.0, run.seconds - inside)
        rows.append(["local, outside kernels", "", report.seconds(rest), f"{100 * rest / run.seconds:.0f}%", "", "", ""])
        print(report.table([f"party {rank}", "calls", "seconds", "share", "at the link", "rounds", "MB"], rows), end="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
