"""What the figures do as rows, latency and bandwidth change."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from benchmarks import report
from benchmarks.cases import by_name, find, modules
from benchmarks.harness import BenchmarkError, Cluster, Result, measure
from benchmarks.shaped import NETWORKS
from spuframe.ir.physical import BATCH_ROWS

NETWORK_CASES = ("fixed multiply", "less", "sort", "join", "logistic regression")
HEAD = ["operation", "n", "network", "batch", "seconds", "rounds", "chosen batch", "seconds", "rounds", "faster", "limit", "% of limit", "B/row/party"]


def half_point(points: Sequence[tuple[int, float]]) -> float | None:
    """The n from which on half of the largest rows/s is reached, between two sizes on a double logarithmic line.

    None if the smallest size reaches it, or there is only one size.

    >>> round(half_point([(1000, 1e5), (10_000, 1e6), (100_000, 1e6)]))
    5000
    """
    ordered = sorted(points)
    half = max((speed for _, speed in ordered), default=0.0) / 2
    for (n0, s0), (n1, s1) in itertools.pairwise(ordered):
        if s0 < half <= s1:
            return float(n0 * (n1 / n0) ** (math.log(half / s0) / math.log(s1 / s0)))
    return None


def halves(results: Sequence[Result]) -> str:
    """Per case: the largest rows/s, and from which n half of it is reached."""
    rows = []
    for name in dict.fromkeys(r.case for r in results):
        points = [(r.n, r.rows / r.seconds) for r in results if r.case == name]
        if len(points) < 2:
            continue
        peak_n, peak = max(points, key=lambda p: p[1])
        half = half_point(points)
        reached = f"below {min(points)[0]:,}" if half is None else f"{float(f'{half:.2g}'):,.0f}"
        rows.append([name, report.count(peak), f"{peak_n:,}", reached])
    head = ["operation", "most rows/s", "at n", "half of it from n"]
    return f"where latency ends and throughput begins\n{report.table(head, rows)}" if rows else ""


def networks(options: Any) -> int:
    """The table of operations per network: batches as on the loopback, and as the cost model chooses."""
    rows: list[list[str]] = []
    plain: list[dict[str, Any]] = []
    failed: list[str] = []
    known = report.facts()
    print(report.headline(known))
    print(f"protocol {options.protocol}, {options.parties} processes; messages held back as on: ", end="")
    print("; ".join(f"{name} {network}" for name, network in NETWORKS.items()), end="\n\n")
    for case_name in options.only or NETWORK_CASES:
        case = by_name(case_name)
        module = next(m for m in modules() if any(c.name == case_name for c in find(m)))
        n = options.n or (case.quick if options.quick else case.n)
        for name, network in NETWORKS.items():
            found: list[Result] = []
            try:
                for batch_rows in (BATCH_ROWS, None):
                    report.progress(f"{case_name}, {name} ...")
                    cluster = Cluster(options.protocol, options.parties, batch_rows, network)
                    if batch_rows is None and cluster.batch(case.rows(n)) == BATCH_ROWS:
                        found.append(found[0])
                        continue
                    with cluster:
                        limits = cluster.probe()
                        found.append(measure(cluster, module, case, n, min(options.repeat, 2), 0.0, limits))
            except BenchmarkError as error:
                failed.append(f"{case_name}, {name}: {error}")
                continue
            rows.append(_line(name, *found))
            different = found if found[0] is not found[1] else found[:1]
            plain += [{**result.to_plain(), "network": name} for result in different]
    report.progress("")
    print(report.table(HEAD, rows))
    print("\nchosen batch: spuframe.plan.batches.choose_batch_rows(rows, latency, bandwidth); % of limit: of the run with it")
    path = report.save(options.json, {"machine": known, "options": vars(options), "results": plain, "failed": failed})
    print(f"written to {path.relative_to(report.RESULTS.parent.parent)}")
    return report.failures(failed)


def _line(network: str, default: Result, chosen: Result) -> list[str]:
    assert default.rounds is not None and chosen.rounds is not None
    return [
        chosen.case,
        f"{chosen.n:,}",
        network,
        f"{default.batch_rows:,}",
        report.seconds(default.seconds),
        f"{default.rounds:,}",
        f"{chosen.batch_rows:,}",
        report.seconds(chosen.seconds),
        f"{chosen.rounds:,}",
        f"{default.seconds / chosen.seconds:.2f}x",
        report.optional(chosen.limit, report.seconds),
        report.optional(chosen.of_limit, report.percent),
        report.optional(chosen.bytes_per_row, report.tenths),
    ]
