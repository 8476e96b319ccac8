"""By which transport processes are joined: its name travels with the request, any installed one will do, the operator of a node has a word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from spuframe import plugins
from spuframe.config import RuntimeConfig, SessionConfig
from spuframe.errors import LinkError, PluginNotFoundError, PolicyError
from spuframe.ir.physical import PhysicalPlan
from spuframe.runtime.launcher import Running
from spuframe.runtime.local import NodeProcess, local
from spuframe.runtime.runtime import SPURuntime
from spuframe.runtime.runtimes import Runtimes
from spuframe.testing.transport import check_transport

LOUD = '''
"""A transport in a package of its own: this file and an entry point are all there is."""
from pathlib import Path

from spuframe.link.base import Endpoint, Transport
from spuframe.link.transports import unix


class Loud(Transport):
    name = "loud"  # as the entry point calls it
    insecure = True  # the runtime keeps it on the loopback
    threat = "none of its own; it writes down where it was bound"

    def bind(self, host: str, folder: Path) -> Endpoint:
        with Path(__file__).with_name("bound.txt").open("a") as notes:
            notes.write(host + "\\n")
        # What is bound opens the link. This one leaves both to another transport; one of its own derives from `Endpoint` and `Link`, or, over
        # sockets, from `spuframe.link.endpoint.SocketEndpoint`.
        return unix.TRANSPORT.bind(host, folder)


TRANSPORT = Loud()
'''


@pytest.fixture
def loud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an installed package that has a transport."""
    (tmp_path / "loud_transport.py").write_text(LOUD)
    about = tmp_path / "loud_transport-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: loud-transport\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[spuframe.transports]\nloud = loud_transport\n")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_sockets_that_are_files(start: Callable[..., Runtimes], plan: Callable[..., PhysicalPlan]) -> None:
    session = start(transport="unix")
    assert session.run(plan()).profile.ranks[0].steps == ({"op": "sum 6"},)


@pytest.mark.filterwarnings("ignore::spuframe.config.InsecureWarning")
def test_a_transport_of_another_package(loud: Path, ipc: Callable[[pa.Table], bytes]) -> None:
    assert plugins.TRANSPORTS.installed() == ["loud", "tcp", "unix"]
    with local(protocol="plaintext", transport="loud") as session:
        session.add_owner("ann")
        session.run(PhysicalPlan("plaintext", 1, ("ann",), ()))
    assert (loud / "bound.txt").read_text() == "127.0.0.1\n" * 2  # by the party and by the owner, each in a process of its own
    check_transport("loud")
    with SPURuntime(RuntimeConfig("party 0", host="0.0.0.0")) as runtime:
        runtime.check_transport("unix")
        for exposed in ("tcp", "loud"):
            with pytest.raises(LinkError, match=r"'0\.0\.0\.0' is not the loopback, and without TLS"):
                runtime.check_transport(exposed)


def test_a_name_that_is_not_installed() -> None:
    with pytest.raises(PluginNotFoundError, match=r"no transport 'pigeon'; installed are 'tcp', 'unix': check the spelling"):
        local(transport="pigeon")
    for wrong in ("__init__", "", "..", "os"):
        with pytest.raises(PluginNotFoundError):
            plugins.transport(wrong)
    with pytest.raises(PluginNotFoundError, match=r"no protocol 'aby4'; installed are 'aby3', 'plaintext'"):
        plugins.protocol("aby4")


def test_a_node_looks_at_what_a_request_names(standin: str) -> None:
    node = NodeProcess.start(RuntimeConfig("party 0", protocols=("plaintext",), transports=("unix",), worker=standin))
    try:
        address, plan = node.wait(60.0), PhysicalPlan("plaintext", 1, (), (), options={"do": "exchange"})
        for name, error, match in [
            ("tcp", PolicyError, "party 0 joins others only by unix, not by 'tcp'"),
            ("pigeon", PluginNotFoundError, "installed are 'tcp', 'unix'"),
        ]:
            with Runtimes(Running([address]), SessionConfig("plaintext", 1, transport=name)) as session, pytest.raises(error, match=match):
                session.run(plan)
            assert session.config.transport == name
        with Runtimes(Running([address]), SessionConfig("plaintext", 1, transport="unix")) as session:
            assert session.run(plan).profile.ranks[0].steps == ({"op": "sum 1"},)
    finally:
        node.stop()
