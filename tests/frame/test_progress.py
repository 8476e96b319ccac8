"""The progress bar appears on plans of over a second, and only there."""

from __future__ import annotations

import pytest

from spuframe.frame import progress


def test_nothing_is_shown_at_first(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.Progress() as bar:
        bar(1, 5)
        bar(5, 5)
    assert capsys.readouterr().err == ""


def test_a_bar_is_shown_when_it_takes_longer(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "DELAY", 0.0)
    monkeypatch.setattr(progress, "_watched", lambda: True)
    with progress.Progress() as bar:
        bar(2, 4)
    assert "spuframe:  50%" in capsys.readouterr().err
    with progress.Progress(enabled=False) as off:
        off(2, 4)
    assert capsys.readouterr().err == ""


def test_nothing_goes_into_files_and_pipes(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "DELAY", 0.0)
    with progress.Progress() as bar:
        bar(2, 4)
    assert capsys.readouterr().err == ""
