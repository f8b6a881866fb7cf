"""Deployment: images, compose file, Caddyfile, dashboard and alerts."""

import json
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser
import psycopg
import pytest
import yaml

from suite.tests.promql import selectors
from testbed import images, processes
from testbed.migrations import seed
from testbed.paths import CONTRACT, NODE, ROOT
from testbed.ports import free_port
from testbed.servers import KINDS, Kind, TwinServer, node_program
from testbed.stage import CLEAN, Stage

DEPLOY = ROOT / "deploy"
COMPOSE = ROOT / "compose.yaml"
SECRET = "kO3vT9-bXw7mQz1_Lr5yHd8sNf2cGj6a"
READY_SECONDS = 120.0
COUNTED = "SELECT count(*), max(id::text) FROM time_entries"


@dataclass(frozen=True)
class Image:
    """An image laid out as a folder, and how it is run there."""

    layout: images.Layout
    command: list[str]
    environment: dict[str, str]


@pytest.fixture(scope="module", params=KINDS)
def image(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Image:
    kind: Kind = request.param
    folder = tmp_path_factory.mktemp(kind)
    layout = images.lay_out(ROOT / kind / "Dockerfile", folder, RUN[kind])
    program = sys.executable if kind == "python" else node_program()
    environment = {
        name: value.replace("/app", str(layout.root / "app"))
        for name, value in layout.environment.items()
        if name != "PATH"
    }
    return Image(layout, [program, *layout.command[1:]], environment)


def run_for_python(layout: images.Layout, command: str) -> None:
    """Run with the packages of this environment, which are installed from the same lock file."""
    if "-m venv" in command:
        assert "--require-hashes -r /tmp/requirements.txt" in command
        (layout.root / "venv").mkdir()


def run_for_node(layout: images.Layout, command: str) -> None:
    """Run with the installed packages, which are from the same lock file."""
    if command.startswith("npm ci"):
        layout.at("node_modules").symlink_to(NODE / "node_modules")
    else:
        build, _, then = command.partition(" && ")
        assert then.startswith("npm prune --omit=dev")
        images.ran(layout, build)


RUN: Mapping[str, images.Run] = {"python": run_for_python, "node": run_for_node}


def files(root: Path) -> dict[str, int]:
    """The modification time of each file."""
    return {
        str(path): path.stat().st_mtime_ns
        for path in root.rglob("*")
        if "node_modules" not in path.parts and path.is_file()
    }


def test_image_starts_and_stops_on_sigterm(image: Image, stage: Stage, tmp_path: Path) -> None:
    name = f"image_{image.layout.command[0]}"
    url, port = stage.databases.create(name, template=CLEAN), free_port()
    environment = {
        **image.environment,
        "PATH": "/usr/bin:/bin",
        "TMPDIR": str(tmp_path),
        "DATABASE_URL": url,
        "SECRET_KEY": SECRET,
        "PORT": str(port),
        "WORKERS": "2",
    }
    before, log = files(image.layout.root), tmp_path / "log"
    server = processes.start(image.command, output=log, cwd=image.layout.at("."), env=environment)
    try:
        wait_until_ready(port, log)
        site = urllib.request.urlopen(f"http://127.0.0.1:{port}/docs", timeout=10)
        assert b"Task Timer" in site.read()
        assert health_of(image, environment) == 0
    finally:
        status = processes.stop(server)
    assert status == 0
    assert health_of(image, environment) != 0
    # The file system may be read-only, except for /tmp.
    assert files(image.layout.root) == before
    stage.databases.drop(name)


def wait_until_ready(port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=2).close()
            return
        except OSError:
            assert time.monotonic() < deadline, processes.last_lines(log)
            time.sleep(0.05)


def health_of(image: Image, environment: dict[str, str]) -> int:
    command = [image.command[0], *image.layout.health[1:]]
    ended = subprocess.run(command, env=environment, capture_output=True, timeout=30)
    return ended.returncode


def test_image_is_unprivileged_and_has_a_pinned_base(image: Image) -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", image.layout.user)
    assert re.fullmatch(r"(python|node):\d[\w.-]+-slim\S*", image.layout.image)


def test_image_can_be_built() -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "info"], capture_output=True).returncode != 0:
        pytest.skip("there is no container engine here that could build an image")
    for kind in KINDS:
        command = [docker, "build", "--quiet", "--file", f"{kind}/Dockerfile", "."]
        subprocess.run(command, cwd=ROOT, check=True, timeout=600)


def test_compose_configures_each_server() -> None:
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    known = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))
    for kind in KINDS:
        service = services[kind]
        assert set(service["environment"]) <= known
        assert service["read_only"] is True
        assert service["tmpfs"] == ["/tmp"]
        assert service["build"]["dockerfile"] == f"{kind}/Dockerfile"
        assert (ROOT / service["build"]["dockerfile"]).is_file()
    caddyfile = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    asked = set(re.findall(r"\{\$([A-Z_]+)", caddyfile))
    given = services["caddy"]["environment"]
    assert set(given) <= asked
    assert given["UPSTREAMS"].split() == [f"{kind}:8000" for kind in KINDS]


def expressions() -> Iterator[tuple[str, str]]:
    """The PromQL expressions of alerts and panels, with their names."""
    rules = yaml.safe_load((DEPLOY / "prometheus-rules.yaml").read_text(encoding="utf-8"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            assert {"alert", "expr", "for", "labels", "annotations"} == set(rule)
            yield rule["alert"], rule["expr"]
    board = json.loads((DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8"))
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$__rate_interval", "5m")


# Added to each scrape by Prometheus itself.
OWN = {"up"}


@pytest.mark.parametrize(("name", "expression"), list(expressions()))
def test_prometheus_expressions_select_existing_series(name: str, expression: str) -> None:
    defined = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))["x-metrics"]
    series = dict(series_of(defined))
    selected = list(selectors(promql_parser.parse(expression)))
    assert selected, name
    for metric, labels in selected:
        assert metric in OWN or labels <= series[metric], (name, metric, labels)


def series_of(defined: Mapping[str, Any]) -> Iterator[tuple[str, set[str]]]:
    """The labels of each series in /metrics, besides those of every scrape."""
    for name, metric in defined.items():
        labels = {*metric["labels"], "job", "instance"}
        if metric["type"] == "histogram":
            yield f"{name}_bucket", labels | {"le"}
            yield from ((f"{name}_{part}", labels) for part in ("sum", "count"))
        else:
            yield name, labels


def test_backup_is_restored_completely(stage: Stage, tmp_path: Path) -> None:
    """With the commands of the operations page."""
    if stage.server is None:
        pytest.skip("pg_dump of the version of an outside PostgreSQL may not be here")
    url = stage.databases.create("backed_up", template=CLEAN)
    seed(url)
    dump = tmp_path / "task-timer.dump"
    restored = stage.databases.create("restored")
    for command in (
        ("pg_dump", "--format=custom", f"--file={dump}", url),
        ("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={restored}", str(dump)),
    ):
        subprocess.run([stage.server.programs / command[0], *command[1:]], check=True)
    with psycopg.connect(url) as old, psycopg.connect(restored) as new:
        counted = new.execute(COUNTED).fetchone()
        assert counted == old.execute(COUNTED).fetchone()
        assert counted is not None
        assert counted[0] > 0
    # It is ready.
    with TwinServer("node", restored, tmp_path / "log"):
        pass
    for name in ("backed_up", "restored"):
        stage.databases.drop(name)
