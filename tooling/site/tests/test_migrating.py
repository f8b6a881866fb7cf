"""Every command of the page on migrations does what the page says, in its order."""

import html
import json
import os
import re
import shlex
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from testbed.paths import CONTRACT_TESTS
from testbed.ports import free_port
from tooling.site.migrating import COMMANDS, Command, files

PORTS = re.compile(r"(?<=:)(8000|9000|8080|8081|8082|9091|9092|2019)\b")
NOTES = [{"id": str(number), "title": f"Note {number}"} for number in range(1, 4)]
NOTE = {
    "type": "object",
    "required": ["id", "title"],
    "properties": {"id": {"type": "string"}, "title": {"type": "string"}},
}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Notes", "version": "1"},
    "paths": {
        "/notes": {
            "get": {
                "operationId": "listNotes",
                "responses": {
                    "200": {
                        "description": "All notes.",
                        "content": {
                            "application/json": {"schema": {"type": "array", "items": NOTE}}
                        },
                    }
                },
            }
        }
    },
}
REQUEST = {"method": "GET", "url": "http://recorded.example/notes", "headers": []}
ANSWER = {
    "status": 200,
    "headers": [{"name": "Content-Type", "value": "application/json"}],
    "content": {"mimeType": "application/json", "text": json.dumps(NOTES)},
}
ENTRY = {"startedDateTime": "2026-11-29T09:00:00Z", "request": REQUEST, "response": ANSWER}
RECORDING = {"log": {"version": "1.2", "entries": [ENTRY]}}


class Notes(BaseHTTPRequestHandler):
    """A server of three notes."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        status, body = (200, NOTES) if self.path == "/notes" else (404, {"title": "Not Found"})
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = do_TRACE = do_GET  # noqa: N815

    def log_message(self, *_arguments: object) -> None:
        return


class Server(ThreadingHTTPServer):
    """Many at once, and some that hang up."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_arguments: object) -> None:
        return


class Migration:
    """The folder in which the commands run, on ports that are free."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self.ports: dict[str, int] = {}
        (folder / "openapi.yaml").write_text(json.dumps(DOCUMENT), encoding="utf-8")
        (folder / "day.har").write_text(json.dumps(RECORDING), encoding="utf-8")
        for name, text in files().items():
            (folder / name).write_text(self.moved(text), encoding="utf-8")
        beside = str(Path(sys.executable).parent)
        self._environment = {
            "PATH": f"{beside}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(CONTRACT_TESTS),
            "HOME": str(folder),
        }

    def moved(self, text: str) -> str:
        """A text with other ports, the same ones each time."""

        def port(found: re.Match[str]) -> str:
            return str(self.ports.setdefault(found[0], free_port()))

        return PORTS.sub(port, text)

    def shorten(self) -> None:
        """Have the plan ask for less, so that a ramp takes seconds."""
        plan = self._folder / "cutover.toml"
        text = re.sub(r'at_least = "\w+"', 'at_least = "100ms"', plan.read_text(encoding="utf-8"))
        text = text.replace("diverged_below_percent = 0.5", "diverged_below_percent = 10")
        plan.write_text(text.replace("latency_ratio_below = 2\n", ""), encoding="utf-8")

    def run(self, command: Command) -> str:
        """Run a command to its end, and give what it printed; start one that stays."""
        program = [*shlex.split(self.moved(command.text))]
        if not command.stays:
            done = subprocess.run(
                program,
                cwd=self._folder,
                env=self._environment,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert done.returncode == 0, f"{command.text}\n{done.stdout}\n{done.stderr}"
            return done.stdout
        log = self._folder / "stays.log"
        with log.open("ab") as sink:
            process = subprocess.Popen(
                program, cwd=self._folder, env=self._environment, stdout=sink, stderr=sink
            )
        self._stack.callback(process.wait, 60)
        self._stack.callback(process.terminate)
        port = re.search(r"--listen localhost:(\d+)", self.moved(command.text))
        self._wait(int(port[1]) if port else self.ports["8080"], process, log)
        return ""

    def _wait(self, port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
        while True:
            try:
                with urllib.request.urlopen(f"http://localhost:{port}/notes", timeout=30):
                    return
            except (urllib.error.URLError, ConnectionError):
                assert process.poll() is None, log.read_text(encoding="utf-8")

    @contextmanager
    def users(self) -> Iterator[None]:
        """Send requests to the load balancer until the context ends; none may fail."""
        stop, failed = threading.Event(), list[str]()

        def send() -> None:
            while not stop.wait(0.005):
                try:
                    url = f"http://localhost:{self.ports['8080']}/notes"
                    with urllib.request.urlopen(url, timeout=30) as answer:
                        answer.read()
                except (urllib.error.URLError, ConnectionError) as error:
                    failed.append(str(error))

        thread = threading.Thread(target=send)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        assert failed == []


@pytest.fixture
def migration(tmp_path: Path) -> Iterator[Migration]:
    """Two equal servers, and the folder with the files of the page."""
    with ExitStack() as stack:
        made = Migration(tmp_path, stack)
        for name in ("8000", "9000"):
            made.moved(f":{name}")
            server = Server(("localhost", made.ports[name]), Notes)
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            stack.callback(server.server_close)
            stack.callback(thread.join)
            stack.callback(server.shutdown)
        yield made


def test_each_command_of_the_page_does_what_it_says(migration: Migration, tmp_path: Path) -> None:
    for stage in ("laboratory", "replay"):
        for command in COMMANDS[stage]:
            migration.run(command)
        assert "alike" in (tmp_path / f"{stage}.html").read_text(encoding="utf-8").lower()
    *stays, tells = COMMANDS["shadow"]
    for command in stays:
        migration.run(command)
    with migration.users():
        assert "compared" in migration.run(tells)
        dry, moves, status = COMMANDS["ramp"]
        assert "Step 5: 100 % to new, at least 24 h" in migration.run(dry)
        migration.shorten()
        assert migration.run(moves).startswith("Arrived: new has all traffic.")
        assert "Arrived" in (tmp_path / "cutover.html").read_text(encoding="utf-8")
        assert "100 % to new now" in migration.run(status)
        (back,) = COMMANDS["back"]
        assert migration.run(back) == "old has all traffic.\n"


def test_the_page_shows_these_commands_and_files(site: Path) -> None:
    page = (site / "migrate.html").read_text(encoding="utf-8")
    shown = [html.unescape(text) for text in re.findall(r"<b>(.*?)</b>", page)]
    assert shown == [command.text for stage in COMMANDS.values() for command in stage]
    for text in files().values():
        assert html.escape(text, quote=False).replace('"', "&#34;") in page
