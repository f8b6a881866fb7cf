"""The report as data: by its schema, read again, without secrets, and on the terminal."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner
from fixtures.reports import SECRET, hostile, one_difference
from rich.console import Console

from lockstep.cli import main
from lockstep.report.data import as_data
from lockstep.report.json_report import ReportError, json_text, read_report, write_json
from lockstep.report.redact import masked
from lockstep.report.sanitize import visible
from lockstep.report.terminal import print_report, print_verdict
from lockstep.run import Run
from lockstep.schemas import load_schema
from lockstep.settings import Settings
from lockstep.transport.targets import Target
from lockstep.verdict import Verdict

Servers = Callable[..., list[Target]]


def closed(node: Any) -> Any:
    """The schema, so that a member that it does not describe is an error."""
    if isinstance(node, list):
        return [closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    inner = {key: closed(value) for key, value in node.items()}
    return {"additionalProperties": False, **inner} if "properties" in node else inner


def printed(verdict: Verdict) -> str:
    """What is printed for people."""
    text = StringIO()
    print_verdict(verdict, Console(file=text, width=120))
    return text.getvalue()


@pytest.mark.parametrize("make", [one_difference, hostile])
def test_the_schema_describes_every_member(make: Callable[[], Verdict]) -> None:
    schema = load_schema("report")
    validator = jsonschema_rs.validator_for(closed(schema))
    data = json.loads(json_text(as_data(make())))
    assert [error.message for error in validator.iter_errors(data)] == []


def test_the_report_of_a_real_run_is_described_too(settings: Settings, servers: Servers) -> None:
    run = Run(settings)
    run.fuzz(servers("leak"))
    data = json.loads(json_text(as_data(run.finish())))
    schema = load_schema("report")
    validator = jsonschema_rs.validator_for(closed(schema))
    assert [error.message for error in validator.iter_errors(data)] == []
    assert data["findings"]
    assert data["operations"]["createNote"]["differing"] > 0


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    verdict = one_difference()
    write_json(verdict, tmp_path / "made" / "report.json")
    assert read_report(tmp_path / "made" / "report.json") == as_data(verdict)


def test_a_step_holds_what_is_needed_to_send_it_again() -> None:
    (finding,) = as_data(one_difference())["findings"]
    (step,) = finding["steps"]
    assert list(step["outcomes"]) == ["old", "new"]
    assert step["requests"]["new"]["body"] == {"text": '{"text": "ONE"}'}
    assert step["outcomes"]["new"]["status"] == 201
    assert step["addresses"] == {"old": "http://old.test", "new": "http://new.test"}
    assert step["curl"]["new"].endswith("http://new.test/notes")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("no", "not JSON"),
        ("[]", "not a report of lockstep"),
        ('{"schema_version": 1}', "a report of version 1; this lockstep reads 2"),
        ('{"schema_version": 2}', "required"),
    ],
)
def test_what_is_no_report_is_refused(tmp_path: Path, text: str, wrong: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ReportError, match=wrong):
        read_report(path)


def test_secrets_are_masked_in_every_form() -> None:
    secrets = frozenset({SECRET, ""})
    texts = [SECRET, "s3cret%2Fkey", "czNjcmV0L2tleQ==", f"x {SECRET} y"]
    verdict = replace(one_difference(), problems=texts, secrets=secrets)
    assert as_data(verdict)["problems"] == ["***", "***", "***", "x *** y"]
    text = json_text(as_data(hostile()))
    assert "s3cret" not in text
    assert "***" in text


def test_secrets_are_masked_in_bodies_that_are_no_text() -> None:
    body = {"base64": base64.b64encode(b"\xff" + SECRET.encode()).decode()}
    (masked_body,) = masked({"body": body}, {SECRET}).values()
    assert base64.b64decode(masked_body["base64"]) == b"\xff***"


def test_the_terminal_shows_what_the_data_say() -> None:
    verdict = one_difference()
    text = printed(verdict)
    (finding,) = as_data(verdict)["findings"]
    assert text.startswith("not alike  Notes: 1 finding (1 medium) on old, new")
    assert "1. medium  document silent  createNote" in text
    assert finding["sentence"] in text
    assert finding["silence"] in text
    for command in finding["steps"][0]["curl"].values():
        assert command in text
    assert text.rstrip().splitlines()[-1].startswith("not alike: 2 requests in 1 exchanges")


def test_no_answer_can_steer_the_terminal() -> None:
    text = printed(hostile())
    assert not {"\x1b", "\x00", "\u202e", "\ud800"} & set(text)


def test_what_cannot_be_seen_becomes_visible() -> None:
    assert visible("a\tb\nc\x00\x1b\u202e\ud800é") == "a\tb\nc␀␛<U+202E><U+D800>é"


def test_the_command_makes_all_reports_from_a_saved_one(tmp_path: Path) -> None:
    verdict = one_difference()
    write_json(verdict, tmp_path / "report.json")
    wanted = [f"--{kind}={tmp_path / kind}" for kind in ("html", "junit", "markdown")]
    result = CliRunner().invoke(main, ["report", str(tmp_path / "report.json"), *wanted])
    assert (result.exit_code, result.output) == (verdict.exit_code, "")
    assert (tmp_path / "html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (tmp_path / "junit").read_text(encoding="utf-8").startswith("<?xml")
    assert (tmp_path / "markdown").read_text(encoding="utf-8").startswith("## ")


def test_the_command_prints_a_saved_report(tmp_path: Path) -> None:
    write_json(one_difference(), tmp_path / "report.json")
    result = CliRunner().invoke(main, ["report", str(tmp_path / "report.json")])
    assert result.exit_code == 1
    assert "1 finding (1 medium)" in result.output


@pytest.mark.parametrize("text", ["{}", "\x80"])
def test_the_command_says_what_is_no_report(tmp_path: Path, text: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text, encoding="latin-1")
    result = CliRunner().invoke(main, ["report", str(path)])
    assert result.exit_code == 2
    assert "report.json" in result.output


def test_only_the_gravest_findings_are_printed_in_full() -> None:
    data = as_data(one_difference())
    (finding,) = data["findings"]
    many = [finding | {"number": number, "sentence": f"No {number}."} for number in range(1, 60)]
    text = StringIO()
    print_report(data | {"findings": many}, Console(file=text, width=120))
    assert text.getvalue().count("curl ") == 20
    assert "No 40." in text.getvalue()
    assert "19 more findings are in the other reports" in text.getvalue()
