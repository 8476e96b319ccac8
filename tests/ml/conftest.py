"""One running session per protocol for all tests of frames: real processes, real links."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest

import spuframe as sf


@pytest.fixture(scope="session")
def session(protocol: str) -> Iterator[sf.Session]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sf.InsecureWarning)  # asked for by name: it is the reference
        made = sf.local(protocol=protocol)
    with made as running:
        running.progress = False
        yield running
