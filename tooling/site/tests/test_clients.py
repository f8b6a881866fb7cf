"""The clients that `make client` generates work, with the same results for both twins."""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from lockstep.openapi.document import Document
from testbed.migrations import SAMPLE_USER
from testbed.paths import BUILD, CONTRACT, TOOLING
from testbed.servers import KINDS, Kind, TwinServer, node_program
from testbed.stage import Stage
from tooling.site.samples import ClientUse, client_uses
from tooling.site.tests.accounts import log_in

CLIENTS = BUILD / "clients"
LANGUAGES = ("python", "node")
PRINTED = """\
made: Write the report, pending
listed: Write the report
changed: completed
changed again: 412 precondition_failed
read: 404 task_not_found
"""

pytestmark = pytest.mark.skipif(not CLIENTS.exists(), reason="Run `make client` first.")


@pytest.fixture(scope="module", params=KINDS)
def server(
    request: pytest.FixtureRequest,
    stage: Stage,
    sample_data: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[TwinServer]:
    kind: Kind = request.param
    name = f"clients_{kind}"
    log: Path = tmp_path_factory.mktemp(name) / "log"
    with TwinServer(kind, stage.databases.create(name, template=sample_data), log) as server:
        yield server
    stage.databases.drop(name)


@pytest.mark.parametrize("language", LANGUAGES)
def test_client_runs_a_task_life_cycle(language: str, server: TwinServer) -> None:
    name = {"python": "use_client.py", "node": "use-client.mjs"}[language]
    assert output_of(language, TOOLING / "client" / name, server) == PRINTED


@pytest.mark.parametrize("use", client_uses(), ids=LANGUAGES)
def test_start_page_program_lists_tasks(use: ClientUse, server: TwinServer) -> None:
    token = log_in(server, SAMPLE_USER)["access_token"]
    printed = output_of(use.language, use.program, server, TOKEN=token)
    assert printed == "Answer mail\nWrite the report\n"


def output_of(language: str, program: Path, server: TwinServer, **variables: str) -> str:
    """The standard output of a program, which must print nothing to standard error."""
    interpreter = sys.executable if language == "python" else node_program()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(CLIENTS / "python"),
        "BASE_URL": server.base_url,
        **variables,
    }
    command = [interpreter, str(program)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert run.stderr == ""
    return run.stdout


def test_clients_have_the_version_of_the_contract() -> None:
    version = Document.load(CONTRACT).raw["info"]["version"]
    project = tomllib.loads((CLIENTS / "python/pyproject.toml").read_text(encoding="utf-8"))
    package = json.loads((CLIENTS / "node/package.json").read_text(encoding="utf-8"))
    assert project["project"]["version"] == version
    assert package["version"] == version
