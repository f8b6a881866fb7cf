"""A debugger can attach to either twin at the port in the editor's configuration."""

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from testbed import debugging
from testbed.paths import NODE, ROOT
from testbed.ports import free_port
from testbed.servers import KINDS, Kind, TwinServer
from testbed.stage import CLEAN, Stage

HANDLER = "get_health"


class Debugger:
    """A client session of the Debug Adapter Protocol with debugpy, like that of an editor."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._stream = self._socket.makefile("rb")
        self._number = 0

    def attach(self, arguments: dict[str, Any], function: str) -> None:
        """Attach with a breakpoint on a function; return when it is set."""
        self._send("initialize", {"adapterID": "debugpy", "pathFormat": "path"})
        self._send("attach", arguments)
        self.wait_for("initialized")
        self._send("setFunctionBreakpoints", {"breakpoints": [{"name": function}]})
        self._send("configurationDone", {})
        self.wait_for("process")

    def wait_for(self, event: str) -> dict[str, Any]:
        """The body of the next event with this name."""
        while True:
            length = 0
            while line := self._stream.readline().strip():
                length = int(line.rpartition(b" ")[2])
            message = json.loads(self._stream.read(length))
            if message.get("event") == event:
                body: dict[str, Any] = message.get("body", {})
                return body

    def resume(self, thread: int) -> None:
        """Resume a stopped thread."""
        self._send("continue", {"threadId": thread})

    def close(self) -> None:
        """End the session."""
        self._stream.close()
        self._socket.close()

    def _send(self, command: str, arguments: dict[str, Any]) -> None:
        self._number += 1
        message = {"seq": self._number, "type": "request", "command": command}
        text = json.dumps({**message, "arguments": arguments}).encode()
        self._socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(text), text))


@pytest.fixture
def configurations() -> dict[str, dict[str, Any]]:
    """The configurations of .vscode/launch.json by type."""
    text = (ROOT / ".vscode/launch.json").read_text(encoding="utf-8")
    return {each["type"]: each for each in json.loads(text)["configurations"]}


@pytest.fixture
def debugged(
    request: pytest.FixtureRequest,
    stage: Stage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[TwinServer, int]]:
    """A twin that accepts a debugger, and its debugging port."""
    kind: Kind = request.param
    port = free_port()
    monkeypatch.setattr(debugging, "PORTS", {kind: port})
    name = f"debugged_{kind}"
    url = stage.databases.create(name, template=CLEAN)
    command = debugging.command(kind)
    with TwinServer(kind, url, tmp_path / "log", command=command) as server:
        yield server, port
        server.kill()
    stage.databases.drop(name)


def test_editor_configuration_has_the_debugging_ports(
    configurations: dict[str, dict[str, Any]],
) -> None:
    python, node = configurations["debugpy"], configurations["node"]
    assert {each["request"] for each in configurations.values()} == {"attach"}
    assert python["connect"] == {"host": "127.0.0.1", "port": debugging.PORTS["python"]}
    assert (node["address"], node["port"]) == ("127.0.0.1", debugging.PORTS["node"])


@pytest.mark.parametrize("kind", KINDS)
def test_editor_configurations_name_make_serve(
    kind: Kind, configurations: dict[str, dict[str, Any]]
) -> None:
    assert any(f"make serve DEBUG={kind}" in each["name"] for each in configurations.values())


@pytest.mark.parametrize("debugged", ["python"], indirect=True)
def test_python_twin_stops_at_a_breakpoint(debugged: tuple[TwinServer, int]) -> None:
    server, port = debugged
    with closing(Debugger(port)) as parent, ExitStack() as stack:
        parent.attach({"subProcess": True, "justMyCode": False}, HANDLER)
        # Requests are handled by a worker, which has a separate debugging session.
        worker = parent.wait_for("debugpyAttach")
        child = stack.enter_context(closing(Debugger(worker["connect"]["port"])))
        child.attach(worker, HANDLER)
        client = stack.enter_context(
            socket.create_connection(("127.0.0.1", server.port), timeout=30)
        )
        client.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        stopped = child.wait_for("stopped")
        assert stopped["reason"] == "function breakpoint"
        child.resume(stopped["threadId"])
        assert client.recv(12) == b"HTTP/1.1 200"


def test_supervisor_does_not_time_out_a_worker_at_a_breakpoint(tmp_path: Path) -> None:
    """A stand-in for the twin prints the worker timeout of gunicorn; 0 means none."""
    twin = tmp_path / "task_timer/main.py"
    twin.parent.mkdir()
    twin.write_text("from gunicorn.config import Config; print(Config().timeout)\n")
    program = debugging.command("python")[-1]
    environment = {"PYTHONPATH": str(tmp_path), "PATH": os.environ["PATH"]}
    command = [sys.executable, program]
    printed = subprocess.check_output(command, env=environment, text=True, timeout=60)
    assert printed == "0\n"


@pytest.mark.parametrize("debugged", ["node"], indirect=True)
def test_node_twin_reports_its_entry_point_to_debuggers(debugged: tuple[TwinServer, int]) -> None:
    _, port = debugged
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=30) as answer:
        (program,) = json.load(answer)
    assert program["url"] == (NODE / "dist/main.js").as_uri()
    assert (NODE / "dist/main.js.map").exists()
