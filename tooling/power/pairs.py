"""Real pairs of servers from the package registries, each with its known differences."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tooling.power.children import Command, ServerError, serving
from tooling.power.driving import Addresses, is_shown_again, run_lockstep
from tooling.power.environments import prepare, python
from tooling.power.places import HERE, LOGS, WORK
from tooling.power.scoring import Row, score_real
from tooling.power.truth import load_truth

SERVERS = HERE / "servers"
# The time of the first log; each further one is a second later. It is part of responses, and lists
# are sorted by it.
_MOMENT = 1_767_323_045
_LARGEST_UPLOAD = 4096
_LIMIT = 120
# If a tool has hundreds of findings, a sample is enough.
_MOST_REPLAYS = 40


@dataclass(frozen=True)
class Side:
    """One of two servers: the command to run in its folder, by port."""

    environment: str
    command: Callable[[Path, int, Path], Command]


@dataclass(frozen=True)
class Pair:
    """Two servers of one document.

    prefix: the base path of the API on both. document: creates the document, returns its file.
    fill: creates the initial files of a server in a folder. options: of lockstep.
    """

    name: str
    old: Side
    new: Side
    document: Callable[[], Path]
    prefix: str = ""
    fill: Callable[[Path], None] = lambda _folder: None
    options: Sequence[str] = ()

    @property
    def truth(self) -> Path:
        """The file of known differences."""
        return HERE / f"truth/{self.name}.yaml"

    @contextmanager
    def serving(self) -> Iterator[Addresses]:
        """Run both servers in their initial state. Raises ServerError, SetUpError."""
        with self._side("old", self.old) as old, self._side("new", self.new) as new:
            yield Addresses(*(f"http://127.0.0.1:{port}{self.prefix}" for port in (old, new)))

    def reset(self) -> None:
        """Reset the folders of running servers to their initial state."""
        for side in ("old", "new"):
            _empty(self._folder(side))
            self.fill(self._folder(side))

    @contextmanager
    def _side(self, name: str, side: Side) -> Iterator[int]:
        environment, folder = prepare(side.environment), self._folder(name)
        _empty(folder)
        self.fill(folder)

        def command(port: int) -> Command:
            return side.command(environment, port, folder)

        with serving(command, LOGS / f"{self.name}-{name}-server.log", folder.parent) as port:
            yield port

    def _folder(self, side: str) -> Path:
        return WORK / "run" / self.name / side / "data"


def _empty(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for each in folder.iterdir():
        shutil.rmtree(each) if each.is_dir() else each.unlink()


def _inspect(version: str) -> Pair:
    """Return the two viewers of one release, with the later one's document, which has all paths."""
    environment = f"inspect-ai-{version}"
    view = SERVERS / "inspect_view.py"

    def side(kind: str) -> Side:
        return Side(
            environment,
            lambda found, port, folder: [python(found), view, kind, str(port), folder],
        )

    def document() -> Path:
        file = WORK / "documents/inspect-ai.json"
        _make(file, python(prepare("inspect-ai-0.3.204")), "document", file)
        return file

    def fill(folder: Path) -> None:
        logs = WORK / "documents/inspect-ai-logs"
        _make(logs, python(prepare(environment)), "logs", logs)
        (folder / "flow.yaml").write_text("tasks: []\n", encoding="utf-8")
        for moment, log in enumerate(sorted(logs.iterdir()), start=_MOMENT):
            shutil.copy(log, folder)
            os.utime(folder / log.name, (moment, moment))

    return Pair(environment, side("aiohttp"), side("fastapi"), document, "/api", fill)


def _make(made: Path, interpreter: str, what: str, target: Path) -> None:
    if made.exists():
        return
    made.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    if what == "logs":
        part.mkdir(exist_ok=True)
    command: Command = [interpreter, SERVERS / "inspect_view.py", what, part]
    run = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT)
    if run.returncode != 0:
        raise ServerError(f"{what}:\n{run.stderr.strip()[-2000:]}")
    part.rename(made)


def _tus_node(found: Path, port: int, folder: Path) -> Command:
    # A module resolves its packages from its parent folders.
    script = shutil.copy(SERVERS / "tus_node.mjs", found)
    return ["node", script, str(port), folder, str(_LARGEST_UPLOAD)]


def _tus_python(found: Path, port: int, folder: Path) -> Command:
    return [python(found), SERVERS / "tus_python.py", str(port), folder, str(_LARGEST_UPLOAD)]


def _httpbin(found: Path, port: int, _folder: Path) -> Command:
    threads = ("--worker-class=gthread", "--threads=8", "--no-control-socket")
    bind = f"--bind=127.0.0.1:{port}"
    return [python(found), "-m", "gunicorn", *threads, bind, "httpbin:app"]


def _httpbinx(found: Path, port: int, _folder: Path) -> Command:
    return [
        python(found),
        "-m",
        "uvicorn",
        f"--port={port}",
        "--no-access-log",
        "httpbinx.main:app",
    ]


def _httpbinx_document() -> Path:
    file = WORK / "documents/httpbin.json"
    code = "import json; from httpbinx.main import app; print(json.dumps(app.openapi()))"
    command = [python(prepare("httpbin")), "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT)
    if run.returncode != 0:
        raise ServerError(f"the document of httpbinx:\n{run.stderr.strip()[-2000:]}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(run.stdout, encoding="utf-8")
    return file


def _moto(found: Path, port: int, _folder: Path) -> Command:
    return [found / "bin/moto_server", "--host=127.0.0.1", f"--port={port}"]


def _s3rver(found: Path, port: int, folder: Path) -> Command:
    script = found / "node_modules/s3rver/bin/s3rver.js"
    return ["node", script, f"--directory={folder}", "--address=127.0.0.1", f"--port={port}"]


PAIRS = {
    pair.name: pair
    for pair in (
        _inspect("0.3.203"),
        _inspect("0.3.204"),
        Pair(
            "tus",
            Side("tus-node", _tus_node),
            Side("tuspyserver", _tus_python),
            lambda: HERE / "documents/tus.yaml",
        ),
        Pair(
            "s3",
            Side("moto", _moto),
            Side("s3rver", _s3rver),
            lambda: HERE / "documents/s3.yaml",
            # Without signatures, only public objects can be read.
            options=("--header=x-amz-acl: public-read",),
        ),
        Pair("httpbin", Side("httpbin", _httpbin), Side("httpbin", _httpbinx), _httpbinx_document),
    )
}


def row_of_pair(pair: Pair, progress: Callable[[str], None]) -> Row:
    """Run lockstep on a real pair, and reproduce each finding. Raises like `Pair.serving`."""
    document, truth = pair.document(), load_truth(pair.truth)
    with pair.serving() as addresses:
        report = run_lockstep(pair.name, document, addresses, pair.options)
    progress(f"{pair.name}: {len(report.deciding)} findings, {report.seconds:.0f} s")
    row = score_real(pair.name, report, truth)
    numbers = _spread([each.number for each in report.deciding], _MOST_REPLAYS)
    row.shown, row.tried = 0, len(numbers)
    with pair.serving() as addresses:
        for number in numbers:
            pair.reset()
            row.shown += is_shown_again(pair.name, number, document, addresses)
    progress(f"{pair.name}: {row.shown} of {row.tried} shown again")
    return row


def _spread(numbers: Sequence[int], most: int) -> list[int]:
    """Return `most` of the numbers, evenly spaced."""
    if len(numbers) <= most:
        return list(numbers)
    return [numbers[index * len(numbers) // most] for index in range(most)]
