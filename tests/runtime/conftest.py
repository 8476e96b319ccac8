"""What the tests of the runtime share: a stand-in for the SPU, sessions of one party and two owners, plans."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, TypeVar

import psutil
import pyarrow as pa
import pytest

from spuframe.config import InsecureWarning
from spuframe.ir.physical import PhysicalPlan
from spuframe.runtime.local import local
from spuframe.runtime.runtimes import Runtimes

T = TypeVar("T")
STANDIN = "tests.runtime.standin"


@pytest.fixture
def standin() -> str:
    return STANDIN


@pytest.fixture
def look() -> Callable[[Callable[[], T]], T]:
    """Ask a process of a node for what root alone sees of one that is not dumpable; where we are not root, what is left of the test is skipped."""

    def asked(what: Callable[[], T]) -> T:
        try:
            return what()
        except psutil.AccessDenied:
            pytest.skip("processes that are not dumpable show this to root alone")

    return asked


@pytest.fixture
def start() -> Iterator[Callable[..., Runtimes]]:
    """Open sessions under the protocol ``plaintext``; all are closed at the end."""
    with ExitStack() as stack:

        def make(*, owners: tuple[str, ...] = ("ann", "bob"), **options: Any) -> Runtimes:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", InsecureWarning)
                session = local(protocol="plaintext", **{"worker": STANDIN, "deadline": 30.0} | options)
            stack.enter_context(session)
            for owner in owners:
                session.add_owner(owner)
            return session

        yield make


@pytest.fixture
def plan() -> Callable[..., PhysicalPlan]:
    """A plan for the stand-in."""

    def make(do: str = "exchange", at: int = 0, owners: tuple[str, ...] = ("ann", "bob")) -> PhysicalPlan:
        return PhysicalPlan("plaintext", 1, owners, (), options={"do": do, "at": at})

    return make


@pytest.fixture
def ipc() -> Callable[[pa.Table], bytes]:
    def make(table: pa.Table) -> bytes:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return sink.getvalue().to_pybytes()

    return make
