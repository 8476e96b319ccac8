from __future__ import annotations

from pathlib import Path

import pytest

from spuframe.errors import LinkError
from spuframe.link.transports.unix import Unix
from spuframe.testing.transport import check_transport


def test_conformance():
    check_transport("unix")


def test_a_path_that_is_too_long_for_a_socket(tmp_path):
    long = tmp_path / ("x" * 120)
    long.mkdir()
    with pytest.raises(LinkError, match=r"too long\. Take a writable folder with a short path"):
        Unix().bind("127.0.0.1", long)


def test_a_folder_that_is_not_there():
    with pytest.raises(LinkError, match="No such file"):
        Unix().bind("127.0.0.1", Path("/nowhere"))


def test_no_other_socket_of_the_machine_is_connected_to(tmp_path):
    endpoint = Unix().bind("127.0.0.1", tmp_path)
    with pytest.raises(LinkError, match="a socket that it made"):
        endpoint.open(1, ["/var/run/docker.sock", endpoint.address], bytes(32), b"session")
