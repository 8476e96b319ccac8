"""Limits, bars, history and sweeps: the arithmetic of the tables."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks import bars, cases, history, peers, sweeps
from benchmarks import run as bench
from benchmarks.harness import BenchmarkError, Result
from benchmarks.limits import Limits, combine
from spuframe.kernels.prg import Stream

# What SPU 0.9.5 prints of a product of 1,000 fixed-point numbers (aby3).
SPU_LOG = """\
[2026-11-24 16:34:26.524] [info] [api.cc:172] [Profiling] SPU execution multiply completed, input processing took 2.724e-06s, \
execution took 0.001642468s, output processing took 1.322e-06s, total time 0.001646514s.
[2026-11-24 16:34:26.524] [info] [api.cc:220] HLO profiling: total time 0.00031541
[2026-11-24 16:34:26.524] [info] [api.cc:223] - pphlo.multiply, executed 1 times, duration 0.00031541s, send bytes 20000 recv bytes 24000, \
send actions 3, recv actions 4
[2026-11-24 16:34:26.524] [info] [api.cc:233] Link details: total send bytes 20000, recv bytes 24000, send actions 3, recv actions 4
[2026-11-24 16:34:26.524] [info] [api.cc:233] Link details: total send bytes 20000, recv bytes 20000, send actions 3, recv actions 3
[2026-11-24 16:34:26.524] [info] [api.cc:223] - pphlo.multiply, executed 1 times, duration 0.003349573s, send bytes 12000 recv bytes 8000, \
send actions 2, recv actions 1
[2026-11-24 16:34:26.524] [info] [api.cc:233] Link details: total send bytes 12000, recv bytes 8000, send actions 2, recv actions 1
"""
MACHINE = {"date": "2026-01-01", "cpu": "a cpu", "cores": 2, "load": [0.0]}


def result(case: str, n: int, seconds: float, **more: object) -> Result:
    return Result(case, n, n, seconds, 2 * seconds, [seconds, 3 * seconds], **more)  # type: ignore[arg-type]


def test_the_limit_is_that_of_the_busiest_party():
    limits = Limits(0.01, 1e6, 1e9)
    assert limits.seconds(3, [0, 0, 0], [0, 0, 0]) == pytest.approx(0.03)
    assert limits.seconds(1, [10**6, 0, 10], [0, 10**9, 0]) == pytest.approx(1.01)  # not the sum of two parties'
    found = result("x", 10, 2.02, limit=limits.seconds(1, [10**6], [0]))
    assert found.of_limit == pytest.approx(0.5)
    assert combine([{"latency": 2.0, "bandwidth": 1.0, "aes": 4.0}, {"latency": 1.0, "bandwidth": 3.0, "aes": 4.0}]) == Limits(1.0, 2.0, 4.0)


def test_a_stream_counts_its_keystream():
    stream = Stream(bytes(16))
    stream.fill(np.empty(1 << 20, np.uint8))
    assert 1 << 20 <= stream.drawn <= (1 << 20) + (1 << 17)


def test_every_bar_has_a_case_and_another_side():
    names = {case.name for module in cases.modules() for case in cases.find(module)} | {"import spuframe"}
    for bar in bars.BARS:
        assert bar.case in names
        assert bars.verdicts(bar.case, bar.n, 1.0, {("less", bar.n): 1.0}), f"nothing to compare {bar} with"
    assert len(bars.BARS) == 12


def test_bars_are_read_the_right_way_round():
    (start,) = bars.verdicts("import spuframe", 1, 0.4, {})
    assert start.good and "0.5 s: reached" in str(start)
    assert not bars.verdicts("import spuframe", 1, 0.6, {})[0].good
    (narrow,) = bars.verdicts("less, 16 bits", 1_000_000, 0.1, {("less", 1_000_000): 0.29})
    assert not narrow.good and narrow.reached == pytest.approx(2.9)
    assert bars.verdicts("less, 16 bits", 1_000_000, 0.1, {}) == []  # without the other nothing is said
    assert bars.verdicts("matmul", 50, 0.1, {}) == []  # nor at another size
    recorded, measured = bars.verdicts("matmul", 1000, 1.0, {}), bars.verdicts("matmul", 1000, 1.0, {}, {"SPU": 3.5})
    assert [v.good for v in recorded + measured] == [False, True] and measured[0].measured and not recorded[0].measured


def test_the_traffic_that_spu_prints_is_read():
    traffic = peers.link_details(SPU_LOG, 3)
    assert traffic == peers.Traffic([20_000, 20_000, 12_000], [3, 3, 2])  # a party's total, not an operation's
    assert traffic.to_plain(1_000) == {"sent": [20_000, 20_000, 12_000], "messages": [3, 3, 2], "bytes_per_row": 20.0}
    for log, parties in ((SPU_LOG, 2), ("", 3), (SPU_LOG.replace("send actions", "sends"), 3)):
        with pytest.raises(BenchmarkError, match=f"instead of {parties}"):
            peers.link_details(log, parties)


def test_both_sides_stand_in_a_line_of_the_peers():
    found = {
        "case": "fixed multiply", "n": 1_000, "seconds": {"ours": 0.002, "aby3": 0.006}, "ratios": {"aby3": {"median": 3.0, "best": 2.5}},
        "load_before": 0.1, "rounds": 2, "bytes_per_row": 12.0, "peak": 200 << 20, "recorded": [], "peer_errors": {"aby3": 2.7e-5},
        "peer_traffic": {"aby3": peers.link_details(SPU_LOG, 3).to_plain(1_000)}, "peer_memory": {"aby3": {"peak": 255 << 20, "extra": 1 << 20}},
    }  # fmt: skip
    line = dict(zip(peers.HEAD, peers.line(found, []), strict=True))  # of two columns with one name the last: semi2k's
    assert (line["our B/row/party"], line["SPU B/row/party"]) == ("12.0", "20.0")
    assert (line["our rounds"], line["SPU messages"]) == ("2", "3")
    assert (line["our peak MiB"], line["SPU peak MiB, all parties"]) == ("200", "255")
    assert (line["SPU aby3 s"], line["SPU semi2k s"], line["SPU's error"]) == ("0.0060", "-", "2.7e-05")
    alone = {**found, "seconds": {"ours": 0.002}, "ratios": {}, "peer_errors": {}, "peer_traffic": {}, "peer_memory": {}}
    cells = dict(zip(peers.HEAD, peers.line(alone, []), strict=True))
    assert {name for name, cell in cells.items() if cell == "-"} == {name for name in peers.HEAD if "SPU" in name} | {"ratio", "of best"}


def test_where_half_of_the_peak_is_reached():
    assert sweeps.half_point([(100, 1.0), (10_000, 100.0)]) == pytest.approx(5000)
    assert sweeps.half_point([(10, 60.0), (100, 100.0), (1000, 90.0)]) is None
    assert sweeps.half_point([]) is None
    text = sweeps.halves([result("less", n, 1e-3 + n * 1e-8) for n in (10**3, 10**4, 10**5, 10**6, 10**7)])
    half = int(text.splitlines()[-1].split()[-1].replace(",", ""))
    assert 8e4 <= half <= 1.5e5  # where n * 1e-8 is 1e-3
    assert sweeps.halves([result("matmul", 1000, 1.0)]) == ""


def test_a_release_is_kept_and_compared(tmp_path, monkeypatch):
    monkeypatch.setattr(history, "HISTORY", tmp_path / "history")
    old = [result("less", 100, 0.12345678, rounds=7, sent=[1900, 10, 10], peak=3 << 20).to_plain(), result("import spuframe", 1, 0.1).to_plain()]
    path = history.write("0.1.0", MACHINE, old)
    kept = json.loads(path.read_text())
    assert path.name == "0.1.0.json" and kept["version"] == "0.1.0" and kept["results"][0]["seconds"] == 0.1235
    assert set(kept["results"][0]) == set(history.KEPT)
    assert sum(1 for line in path.read_text().splitlines() if '"case"' in line) == 2  # one line each: a diff is readable
    now = [result("less", 100, 0.0617, rounds=6, sent=[1500, 10, 10], peak=2 << 20).to_plain(), result("less", 200, 1.0).to_plain()]
    text = history.compare(history.read("0.1.0"), now)
    assert text.splitlines()[-1].split() == ["less", "100", "0.123", "0.0617", "2.00x", "19.0", "15.0", "7", "6", "3", "2"]
    assert "no case in common" in history.compare(kept, now[1:])


def test_a_release_that_is_not_there_or_no_name(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(history, "HISTORY", tmp_path)
    with pytest.raises(LookupError, match="there are none"):
        history.read("9.9")
    with pytest.raises(ValueError, match="a version is"):
        history.write("../x", MACHINE, [])
    for wrong in (["--compare", "9.9"], ["--release", "1.0", "--quick"], ["--release", "1.0", "--only", "less"], ["--release", "a/b"]):
        with pytest.raises(SystemExit) as refused:
            bench.main(wrong)
        assert refused.value.code == 2
    assert list(tmp_path.iterdir()) == []
    capsys.readouterr()


def test_cases_with_processes_of_their_own_are_not_for_networks():
    with pytest.raises(SystemExit, match="runs on its own processes"):
        bench.main(["--network", "wan", "--only", "import spuframe"])


def test_large_sorts_are_left_out_unless_asked_for():
    options = bench._parser().parse_args(["--sweep"])
    sizes = bench._sizes(options, cases.by_name("sort"))
    assert sizes == (1_000, 10_000, 100_000, 1_000_000)
    assert bench._sizes(bench._parser().parse_args(["--sweep", "--full"]), cases.by_name("sort"))[-1] == 10_000_000
    assert bench._sizes(options, cases.by_name("less"))[-1] == 10_000_000
