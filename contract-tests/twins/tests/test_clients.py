"""The clients that `make client` generates work, and say the same of both twins."""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from lockstep.openapi.document import Document
from twins.paths import BUILD, CONTRACT, TOOLING
from twins.servers import KINDS, Kind, TwinServer, node_program
from twins.stage import Stage

CLIENTS = BUILD / "clients"
PROGRAMS = {
    "python": [sys.executable, str(TOOLING / "client/use_client.py")],
    "node": [node_program(), str(TOOLING / "client/use-client.mjs")],
}
TOLD = """\
made: Write the report, pending
listed: Write the report
changed: completed
changed again: 412 precondition_failed
read: 404 task_not_found
"""

pytestmark = pytest.mark.skipif(not CLIENTS.exists(), reason="Run `make client` first.")


@pytest.fixture(scope="module", params=KINDS)
def server(
    request: pytest.FixtureRequest, stage: Stage, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TwinServer]:
    kind: Kind = request.param
    name = f"clients_{kind}"
    log: Path = tmp_path_factory.mktemp(name) / "log"
    with TwinServer(kind, stage.databases.create(name, template="migrated"), log) as server:
        yield server
    stage.databases.drop(name)


@pytest.mark.parametrize("language", PROGRAMS)
def test_client_takes_a_task_through_its_life(language: str, server: TwinServer) -> None:
    variables = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(CLIENTS / "python"),
        "BASE_URL": server.base_url,
    }
    run = subprocess.run(PROGRAMS[language], env=variables, capture_output=True, text=True)
    assert run.stderr == ""
    assert run.stdout == TOLD


def test_clients_have_the_version_of_the_contract() -> None:
    version = Document.load(CONTRACT).raw["info"]["version"]
    project = tomllib.loads((CLIENTS / "python/pyproject.toml").read_text(encoding="utf-8"))
    package = json.loads((CLIENTS / "node/package.json").read_text(encoding="utf-8"))
    assert project["project"]["version"] == version
    assert package["version"] == version
