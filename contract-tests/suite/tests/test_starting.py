"""A server that does not get ready is given up in time."""

import socket
import sys
from pathlib import Path

import pytest

from testbed import servers
from testbed.servers import ServerError, TwinServer

_SILENT = """
import os, socket
listening = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
connections = []
while True:
    connections.append(listening.accept())
    print("asked", flush=True)
"""


def test_a_server_that_never_responds_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A response has a time limit of its own, beside that of the whole start."""
    monkeypatch.setattr(servers, "_READY_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = (sys.executable, "-c", _SILENT)
    log = tmp_path / "silent.log"
    server = TwinServer("python", "postgresql://unused", log, port=port, command=command)
    with pytest.raises(ServerError, match="was not ready"), server:
        pytest.fail("the server is taken for ready")

    assert log.read_text("utf-8").split() == ["asked"]
