"""The README's example runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent


@pytest.mark.slow
def test_the_example_prints_what_the_readme_says(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    text = (REPO / "README.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    promised = re.search(r"```\n( +region .*?)```", text, re.DOTALL)
    assert promised is not None
    monkeypatch.chdir(REPO)
    exec(compile(example, "README.md", "exec"), {})
    printed = capsys.readouterr().out

    def rounded(lines: str) -> list[str]:
        return re.sub(r"\d+\.\d+", lambda m: f"{float(m[0]):.3g}", lines).split()

    table, _, coefficients = promised[1].partition("[[")
    want = rounded(table)
    assert want and any(rounded(printed)[i : i + len(want)] == want for i in range(len(printed))), printed[-2000:]
    found = [float(x) for x in printed.rpartition("[[")[2].strip(" ]\n").split()]
    assert found == pytest.approx([float(x) for x in coefficients.strip(" ]\n").split()], abs=2e-3)
    for figure in re.findall(r"total +(\d+) +([\d,]+)", text):
        assert re.search(rf"total +{figure[0]} +{figure[1]}", printed)
