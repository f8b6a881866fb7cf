"""The command `lockstep proxy`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from fixtures.notes_server import DOCUMENT

from lockstep.cli import main
from lockstep.transport.messages import Request, Response
from lockstep.transport.targets import Target

Servers = Callable[..., list[Target]]


def names(targets: list[Target]) -> list[str]:
    return [f"--target={target.name}={target.base_url}" for target in targets]


@contextmanager
def proxy(targets: list[Target], *options: str) -> Iterator[tuple[Target, subprocess.Popen[str]]]:
    """Run the command as a process, with a client."""
    command = [sys.executable, "-m", "lockstep", "proxy", str(DOCUMENT), *names(targets)]
    process = subprocess.Popen(
        [*command, "--listen=127.0.0.1:0", *options], stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        url = next(line for line in process.stderr if " forwards to " in line).partition(" ")[0]
        client = Target("client", url)
        yield client, process
        client.close()
    finally:
        process.kill()
        process.communicate()


def test_ctrl_c_ends_the_proxy_with_a_verdict(tmp_path: Path, servers: Servers) -> None:
    report = tmp_path / "report.json"
    with proxy(servers(), f"--json={report}") as (client, process):
        answer = client.send(Request("GET", "/metrics"))
        assert isinstance(answer, Response)
        assert answer.status == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
    operations = json.loads(report.read_text())["operations"]
    assert operations["getMetrics"]["statuses"] == {"left": {"200": 1}, "right": {"200": 1}}


def test_a_difference_exits_with_1(servers: Servers) -> None:
    account = b'{"name": "alice", "password": "secret"}'
    with proxy(servers("number", "text"), "--methods=all", "--separate-state", "--quiet") as (
        client,
        process,
    ):
        for path in ("/users", "/sessions"):
            request = Request("POST", path, (("Content-Type", "application/json"),), account)
            answer = client.send(request)
        assert isinstance(answer, Response)
        token = json.loads(answer.body)["access_token"]
        headers = (("Content-Type", "application/json"), ("Authorization", f"Bearer {token}"))
        client.send(Request("POST", "/notes", headers, b'{"text": "ONE"}'))
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 1


def test_the_time_limit_ends_the_proxy_without_traffic(servers: Servers) -> None:
    options = ["--listen=127.0.0.1:0", "--for=0.01"]
    result = CliRunner().invoke(main, ["proxy", str(DOCUMENT), *names(servers()), *options])
    assert result.exit_code == 2, result.output
    assert "forwards to left and compares right" in result.output
    assert "not tested: no requests were sent" in result.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--listen=nonsense"], "must be HOST:PORT"),
        (["--sample=2"], "not in the range"),
        (["--listen=127.0.0.1:99999"], "must be HOST:PORT"),
        (["--admin=nonsense"], "must be HOST:PORT"),
        (["--keep-age=soon"], "must be a time such as 90s, 30m, 12h or 7d"),
    ],
)
def test_invalid_options_exit_with_2(servers: Servers, options: list[str], message: str) -> None:
    result = CliRunner().invoke(main, ["proxy", str(DOCUMENT), *names(servers()), *options])
    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.parametrize("methods", ["all", "GET,POST"])
def test_writes_need_separate_databases(servers: Servers, methods: str) -> None:
    options = [*names(servers()), f"--methods={methods}"]
    result = CliRunner().invoke(main, ["proxy", str(DOCUMENT), *options])
    assert result.exit_code == 2
    assert f"--methods {methods} would also send the writes of users to right" in result.output
    assert "--separate-state or `own_database = true` in [[targets]]" in result.output


def test_a_separate_database_may_be_stated_in_the_configuration(
    tmp_path: Path, servers: Servers
) -> None:
    left, right = servers()
    configuration = tmp_path / "lockstep.toml"
    configuration.write_text(
        f"""
        document = "{DOCUMENT}"
        [[targets]]
        name = "left"
        url = "{left.base_url}"
        [[targets]]
        name = "right"
        url = "{right.base_url}"
        own_database = true
        """
    )
    options = [f"--config={configuration}", "--methods=all", "--listen=127.0.0.1:0", "--for=0.01"]
    result = CliRunner().invoke(main, ["proxy", *options])
    assert "forwards to left and compares right" in result.output


def test_the_warrant_is_written_in_each_format(tmp_path: Path, servers: Servers) -> None:
    files = [tmp_path / f"warrant.{ending}" for ending in ("json", "html", "md")]
    options = [f"--warrant={file}" for file in files]
    with proxy(servers(), *options) as (client, process):
        client.send(Request("GET", "/metrics"))
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
    for file in files:
        assert "1 compared, 0 diverged: below 95 % with 95 %" in file.read_text(), file


def test_a_warrant_with_another_suffix_is_refused(servers: Servers) -> None:
    options = [*names(servers()), "--warrant=warrant.pdf"]
    result = CliRunner().invoke(main, ["proxy", str(DOCUMENT), *options])
    assert result.exit_code == 2
    assert "a warrant is written as .json, .html, .md" in result.output


def test_one_target_is_not_enough(servers: Servers) -> None:
    result = CliRunner().invoke(main, ["proxy", str(DOCUMENT), *names(servers()[:1])])
    assert result.exit_code == 2
    assert "at least two targets" in result.output
