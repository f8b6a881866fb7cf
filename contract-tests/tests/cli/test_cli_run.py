"""`lockstep run` as a command: output, reports and exit codes."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fixtures.notes_server import DOCUMENT

from lockstep.cli import COMMANDS, main
from lockstep.run import Run
from lockstep.transport.targets import Target

Servers = Callable[..., list[Target]]


def lockstep(*arguments: object) -> Result:
    """The result of the command, invoked in this process."""
    return CliRunner().invoke(main, list(map(str, arguments)))


def targets(servers: list[Target]) -> list[str]:
    """The options that name these servers."""
    return [f"--target={server.name}={server.base_url}" for server in servers]


def test_help_lists_every_command_with_a_summary() -> None:
    shown = lockstep("--help").output
    for name in COMMANDS:
        assert re.search(rf"^  {name} +[A-Z].*", shown, re.MULTILINE)
    assert "..." not in shown.partition("Commands:")[2]


@pytest.mark.parametrize("name", list(COMMANDS))
def test_help_of_every_command_has_examples_and_exit_codes(name: str) -> None:
    shown = lockstep(name, "--help").output
    after = shown.rpartition("  Examples:\n")[2]
    assert f"lockstep {name} " in after
    assert re.search(r"\n  Exit codes:\n    0  .+\n( +1  .+\n)?    2  .+\n$", after)
    assert "--help" in shown


def test_version_option() -> None:
    assert re.fullmatch(r"lockstep \d+\.\d+\.\d+\n", lockstep("--version").output)


def test_differences_are_written_to_every_report(tmp_path: Path, servers: Servers) -> None:
    reports = {kind: tmp_path / "out" / f"report.{kind}" for kind in ("html", "junit", "markdown")}
    result = lockstep(
        *("run", DOCUMENT, *targets(servers("leak")), "--phase=examples", "--phase=coverage"),
        *("--json=-", *(f"--{kind}={path}" for kind, path in reports.items())),
    )
    data = json.loads(result.stdout)
    assert (result.exit_code, data["exit_code"]) == (1, 1)
    assert any(found["where"] == "body /owner" for found in data["findings"])
    assert data["notes"] == [
        "users: register by `POST /users`, log in by `POST /sessions`, "
        "sent as `Authorization: Bearer …`"
    ]
    assert "generated requests" in result.stderr
    for path in reports.values():
        assert "owner" in path.read_text()


def test_quiet_prints_nothing_for_equal_servers(servers: Servers) -> None:
    result = lockstep("run", DOCUMENT, *targets(servers()), "--no-fuzz", "--quiet")
    assert (result.exit_code, result.output) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "lockstep: no targets: give --target NAME=URL for each server, or [[targets]] in"),
        (["--target=a"], "'a' is not NAME=URL, such as old=http://localhost:8000"),
        (["--target=a=localhost:80"], "lockstep: targets[1]: a: not an http:// or https:// URL"),
        (["--target=a=http://127.0.0.1:1"], "lockstep: a at http://127.0.0.1:1: refused: nothing"),
        (["--header=nonsense"], "'nonsense' is not 'NAME: VALUE'"),
        (["--nonsense"], "No such option"),
        (
            ["--target=a=http://127.0.0.1:1", "--target-header", "b", "X: 1"],
            "lockstep: --target-header: there is no target b",
        ),
    ],
)
def test_invalid_arguments_are_reported_in_one_line(arguments: list[str], message: str) -> None:
    result = lockstep("run", DOCUMENT, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("absent.yaml", None, "absent.yaml"),
        ("broken.json", "{", "broken.json"),
        ("swagger.json", '{"swagger": "1.2"}', "swagger.json"),
    ],
)
def test_unreadable_document_is_named(
    tmp_path: Path, name: str, text: str | None, message: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    result = lockstep("run", tmp_path / name, "--target=a=http://127.0.0.1:1")
    assert result.exit_code == 2
    assert result.stderr.startswith("lockstep: ")
    assert message in result.stderr


def test_configuration_file_is_sufficient(tmp_path: Path, servers: Servers) -> None:
    left, right = servers("leak")
    log = tmp_path / "log"
    (tmp_path / "lockstep.toml").write_text(
        f'document = "{DOCUMENT}"\nphases = ["examples", "coverage"]\nself_check = false\n'
        f'[[targets]]\nname = "left"\nurl = "{left.base_url}"\n'
        f'[[targets]]\nname = "right"\nurl = "{right.base_url}"\n'
        '[[rules]]\noperation = "*"\nwhere = "/owner"\nignore = true\nreason = "by design"\n'
        '[[rules]]\noperation = "*"\nwhere = "/data/*/owner"\nignore = true\nreason = "by design"\n'
        f'[[states]]\nname = "as it is"\ncommand = "echo $LOCKSTEP_TARGET_LEFT > {log}"\n'
        '[output]\njson = "out/report.json"\n'
    )
    result = lockstep("run", f"--config={tmp_path / 'lockstep.toml'}")
    data = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [found for found in data["findings"] if found["category"] == "parity"] == []
    titles = [stage["title"] for stage in data["stages"]]
    assert {"generated requests, as it is", "races of repeats, as it is"} <= set(titles)
    assert log.read_text().strip() == left.base_url
    assert result.exit_code == data["exit_code"]


def test_fail_on_sets_the_exit_code(servers: Servers, tmp_path: Path) -> None:
    command = ("run", DOCUMENT, *targets(servers("leak")), "--phase=examples", "--no-self-check")
    codes = {}
    for asked in ("parity", "any"):
        result = lockstep(*command, f"--fail-on={asked}", f"--json={tmp_path / asked}", "--quiet")
        codes[asked] = result.exit_code, json.loads((tmp_path / asked).read_text())["fail_on"]
    assert codes == {"parity": (1, "parity"), "any": (1, "any")}


@pytest.mark.parametrize("options", [(), ("--debug",)])
def test_internal_error_is_one_line_and_findings_are_kept(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: tuple[str, ...]
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise LookupError("lost")

    monkeypatch.setattr(Run, "race_repeats", fail)
    path = tmp_path / "report.json"
    result = lockstep(
        *("run", DOCUMENT, *targets(servers("leak")), "--phase=examples", "--no-self-check"),
        *(f"--json={path}", *options),
    )
    data = json.loads(path.read_text())
    assert (result.exit_code, data["verdict"]) == (2, "could not run")
    assert data["problems"][-1].startswith("an internal error of lockstep: LookupError: lost")
    assert [*data["findings"], *data["seen_once"]]
    assert ('raise LookupError("lost")' in result.stderr) is bool(options)


def test_unwritable_report_is_reported_in_one_line(servers: Servers) -> None:
    result = lockstep("run", DOCUMENT, *targets(servers()), "--no-fuzz", "--json=/dev/null/x")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith("lockstep: ")
    assert "Traceback" not in result.output


def test_interrupted_run_reports_its_findings(servers: Servers) -> None:
    command = [sys.executable, "-m", "lockstep", "run", str(DOCUMENT), *targets(servers("leak"))]
    with subprocess.Popen(
        [*command, "--profile=deep", "--json=-"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("generated requests:"):
                process.send_signal(signal.SIGINT)
                break
        out, err = process.communicate(timeout=60)
    data = json.loads(out)
    assert process.returncode == 2
    assert data["problems"][-1] == "interrupted: reporting the results so far"
    assert data["findings"]
    assert "Traceback" not in err
