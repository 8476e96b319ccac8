"""What all tests share: Hypothesis profiles and the protocols that a test runs on."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest
from hypothesis import HealthCheck, settings

import spuframe as sf

# The machines that run the tests are small and shared: an example's time says nothing, so no deadline anywhere.
_QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("dev", deadline=None, max_examples=20, suppress_health_check=_QUIET)
settings.register_profile("ci", deadline=None, max_examples=50, derandomize=True, print_blob=True, suppress_health_check=_QUIET)
settings.register_profile("long", deadline=None, max_examples=1000, suppress_health_check=_QUIET)
# Read once, here: `--hypothesis-profile` on the command line still has the last word.
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--protocols",
        default="plaintext,aby3",
        metavar="NAMES",
        help="protocols, separated by commas, that tests with the `protocol` fixture run on (default: %(default)s)",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `protocol` once for each name of `--protocols`."""
    marks = [m.args[0] for m in metafunc.definition.iter_markers("parametrize") if m.args]
    if "protocol" not in metafunc.fixturenames or any("protocol" in _names(m) for m in marks):
        return
    names = [name.strip() for name in str(metafunc.config.getoption("--protocols")).split(",") if name.strip()]
    if not names:
        raise pytest.UsageError("--protocols must name at least one protocol, got an empty list; try --protocols plaintext")
    # Session scope, so that fixtures of any scope (one party set-up for a module, say) may ask for `protocol`.
    metafunc.parametrize("protocol", names, scope="session")


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
