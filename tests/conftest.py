"""What all tests share: Hypothesis profiles and the protocols that a test runs on."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from functools import cache

import pytest
from hypothesis import HealthCheck, settings

import spuframe as sf
from spuframe import plugins

WHOLE = ("plaintext", "aby3")
"""The protocols on which every test that takes `protocol` runs. Any other that is installed gets a slice, the tests that are marked
`every_protocol`; what it does not get of the matrix is marked `matrix`, and runs with ``-m matrix`` alone. Of the slice, a protocol whose
parties make their material gets what is marked ``every_protocol(light=True)``: it runs the kernels that others run over dealt material."""

# The machines that run the tests are small and shared: an example's time says nothing, so no deadline anywhere.
_QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("dev", deadline=None, max_examples=20, suppress_health_check=_QUIET)
settings.register_profile("ci", deadline=None, max_examples=20, derandomize=True, print_blob=True, suppress_health_check=_QUIET)
settings.register_profile("long", deadline=None, max_examples=1000, suppress_health_check=_QUIET)
# Read once, here: `--hypothesis-profile` on the command line still has the last word.
settings.load_profile("ci" if os.environ.get("CI") else "dev")


# A shell starts background jobs deaf to Ctrl-C, and processes inherit that: what a test interrupts must hear it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--protocols",
        default=None,
        metavar="NAMES",
        help="the protocols, separated by commas, that all tests with the `protocol` fixture run on, instead of the thinned matrix: all of them on "
        f"{' and '.join(WHOLE)}, those marked every_protocol on any other that is installed",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `protocol` once for each protocol that it is for."""
    marks = [m.args[0] for m in metafunc.definition.iter_markers("parametrize") if m.args]
    if "protocol" not in metafunc.fixturenames or any("protocol" in _names(m) for m in marks):
        return
    given = metafunc.config.getoption("--protocols")
    if given is None:
        mark = metafunc.definition.get_closest_marker("every_protocol")
        light = mark is not None and bool(mark.kwargs.get("light"))
        slow = frozenset[str]() if light else frozenset(n for n in plugins.PROTOCOLS.installed() if plugins.protocol(n).prepared is not None)
        names = [pytest.param(n, marks=marks) for n, marks in chosen(plugins.PROTOCOLS.installed(), mark is not None, slow)]
    else:
        names = [pytest.param(n.strip()) for n in given.split(",") if n.strip()]
    if not names:
        raise pytest.UsageError("--protocols must name at least one protocol, got an empty list; try --protocols plaintext")
    # Session scope, so that fixtures of any scope (one party set-up for a module, say) may ask for `protocol`.
    metafunc.parametrize("protocol", names, scope="session")


def chosen(installed: Sequence[str], sliced: bool, slow: Collection[str] = ()) -> list[tuple[str, list[pytest.MarkDecorator]]]:
    """The protocols that a test runs on, and the marks it has there.

    ``sliced``: it is one of the slice that every protocol gets, but for the ``slow`` ones.
    """
    others = [name for name in installed if name not in WHOLE]
    return [(name, []) for name in WHOLE] + [(name, [] if sliced and name not in slow else [pytest.mark.matrix]) for name in others]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is of the matrix alone, unless ``-m`` speaks of it."""
    if "matrix" not in config.option.markexpr:
        left = [item for item in items if item.get_closest_marker("matrix") is not None]
        if left:
            config.hook.pytest_deselected(items=left)
            items[:] = [item for item in items if item.get_closest_marker("matrix") is None]


@pytest.fixture(scope="session")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], sf.Session]]:
    """Running sessions by protocol: each is opened once, however the tests alternate between protocols."""
    with ExitStack() as stack:

        @cache
        def opened(protocol: str) -> sf.Session:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", sf.InsecureWarning)  # asked for by name: it is the reference
                made = sf.local(protocol=protocol, policy=sf.Policy(folders=(os.getcwd(), str(tmp_path_factory.getbasetemp()))))
            running = stack.enter_context(made)
            running.progress = False
            return running

        yield opened


@pytest.fixture(scope="session")
def session(protocol: str, sessions: Callable[[str], sf.Session]) -> sf.Session:
    """The one session of a protocol for all tests of frames and estimators: real processes, real links."""
    return sessions(protocol)


def _names(argnames: str | list[str] | tuple[str, ...]) -> list[str]:
    return [n.strip() for n in argnames.split(",")] if isinstance(argnames, str) else list(argnames)
