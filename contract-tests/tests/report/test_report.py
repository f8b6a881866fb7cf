"""The report as JSON: its schema, reading it again, masked secrets, and the terminal output."""

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
from fixtures.reports import SECRET, all_wrong_alike, hostile, one_difference, verdict_of
from rich.console import Console

from lockstep.cli import main
from lockstep.report.data import as_data
from lockstep.report.forms import write
from lockstep.report.json_report import ReportError, json_text, read_report
from lockstep.report.redact import masked
from lockstep.report.sanitize import visible
from lockstep.report.terminal import print_report
from lockstep.results.findings import Neighbour, Place
from lockstep.run import Run
from lockstep.schemas import load_schema
from lockstep.settings import Settings
from lockstep.transport.targets import Target
from lockstep.verdict import Verdict

Servers = Callable[..., list[Target]]


def closed(node: Any) -> Any:
    """The schema with every object closed, so that an undocumented property is an error."""
    if isinstance(node, list):
        return [closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    inner = {key: closed(value) for key, value in node.items()}
    return {"additionalProperties": False, **inner} if "properties" in node else inner


def printed(verdict: Verdict) -> str:
    """The report as printed on a terminal."""
    text = StringIO()
    print_report(as_data(verdict), Console(file=text, width=120))
    return text.getvalue()


@pytest.mark.parametrize("make", [one_difference, hostile])
def test_schema_describes_every_property(make: Callable[[], Verdict]) -> None:
    schema = load_schema("report")
    validator = jsonschema_rs.validator_for(closed(schema))
    data = json.loads(json_text(as_data(make())))
    assert [error.message for error in validator.iter_errors(data)] == []


def test_report_of_a_real_run_matches_the_schema(settings: Settings, servers: Servers) -> None:
    run = Run(settings)
    run.fuzz(servers("leak"))
    data = json.loads(json_text(as_data(run.finish())))
    schema = load_schema("report")
    validator = jsonschema_rs.validator_for(closed(schema))
    assert [error.message for error in validator.iter_errors(data)] == []
    assert data["findings"]
    assert data["operations"]["createNote"]["differing"] > 0


def test_report_round_trip(tmp_path: Path) -> None:
    verdict = one_difference()
    write(as_data(verdict), "json", tmp_path / "made" / "report.json")
    assert read_report(tmp_path / "made" / "report.json") == as_data(verdict)


def test_step_contains_everything_to_resend_its_request() -> None:
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
        ('{"schema_version": 1}', "a report of version 1; this lockstep reads 3"),
        ('{"schema_version": 3}', "required"),
    ],
)
def test_invalid_report_is_rejected(tmp_path: Path, text: str, wrong: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ReportError, match=wrong):
        read_report(path)


def test_secrets_are_masked_in_every_encoding() -> None:
    secrets = frozenset({SECRET, ""})
    texts = [SECRET, "s3cret%2Fkey", "czNjcmV0L2tleQ==", f"x {SECRET} y"]
    verdict = replace(one_difference(), problems=texts, secrets=secrets)
    assert as_data(verdict)["problems"] == ["***", "***", "***", "x *** y"]
    text = json_text(as_data(hostile()))
    assert "s3cret" not in text
    assert "***" in text


def test_secrets_are_masked_in_binary_bodies() -> None:
    body = {"base64": base64.b64encode(b"\xff" + SECRET.encode()).decode()}
    (masked_body,) = masked({"body": body}, {SECRET}).values()
    assert base64.b64decode(masked_body["base64"]) == b"\xff***"


def test_terminal_shows_the_findings_of_the_report() -> None:
    verdict = one_difference()
    text = printed(verdict)
    (finding,) = as_data(verdict)["findings"]
    assert text.startswith("not alike  Notes: 1 finding (1 medium) on old and new")
    assert "1. medium  document silent  createNote" in text
    assert finding["sentence"] in text
    assert finding["silence"] in text
    assert finding["steps"][0]["curl"]["new"] in text
    assert text.rstrip().splitlines()[-1].startswith("not alike: 2 requests in 1 exchanges")


def test_first_finding_is_printed_before_the_table() -> None:
    text = printed(one_difference())
    lines = text.splitlines()
    assert lines[1] == "conformance  kept"
    assert lines[3].startswith("1. medium")
    assert text.index("1. medium") < text.index("operation ")


def test_violation_common_to_all_targets_is_a_remark() -> None:
    data = as_data(all_wrong_alike())
    assert [one["rule"] for one in data["remarks"][1:]] == [
        "responses without `Etag`",
        "responses without `Location`",
    ]
    assert data["remarks"][0] == {
        "rule": "responses that violate `required` of their schema",
        "targets": ["old", "new"],
        "operations": 1,
        "findings": [1],
    }
    assert (data["verdict"], data["conformance"], data["exit_code"]) == ("alike", "broken", 0)
    assert data["findings"][0]["class"] == "all wrong alike"
    text = printed(all_wrong_alike())
    assert text.startswith("alike  Notes: no findings on old and new\nconformance  broken: ")
    assert "curl " not in text


def test_fail_on_any_shows_common_violations_in_full() -> None:
    text = printed(all_wrong_alike("any"))
    assert text.startswith("alike  Notes: no findings on old and new\nconformance  broken: ")
    assert "curl " in text


def test_findings_seen_once_are_listed_last_with_continued_numbers() -> None:
    verdict = one_difference()
    (finding,) = verdict.findings
    data = as_data(replace(verdict, seen_once=[replace(finding, reproduced=False)]))
    assert [one["number"] for one in (*data["findings"], *data["seen_once"])] == [1, 2]
    text = StringIO()
    print_report(data, Console(file=text, width=120))
    assert f"   2. {data['seen_once'][0]['sentence']}" in text.getvalue()


def test_places_are_abbreviated_and_the_neighbour_is_named() -> None:
    verdict = one_difference()
    (finding,) = verdict.findings
    names = ("createNote", "listNotes", "getNote", "closeNote", "deleteNote", "logIn")
    places = [Place(name, "status", 1) for name in names]
    near = Neighbour("with a valid text", tuple(finding.sequence))
    wide = replace(finding, places=places, neighbour=near)
    text = printed(replace(verdict, findings=[wide]))
    assert "places: 6 operations: createNote, listNotes, getNote and 3 more" in text
    assert "does not differ: with a valid text" in text


def test_not_tested_is_printed_first() -> None:
    assert printed(verdict_of()).startswith(
        "not tested: no requests were sent  Notes: no findings "
    )


def test_report_without_stages_names_no_target() -> None:
    text = printed(replace(verdict_of(), stages=[]))
    assert "no findings\n" in text
    assert "nobody" not in text


def test_responses_cannot_inject_terminal_escapes() -> None:
    text = printed(hostile())
    assert not {"\x1b", "\x00", "\u202e", "\ud800"} & set(text)


def test_invisible_characters_are_made_visible() -> None:
    assert visible("a\tb\nc\x00\x1b\u202e\ud800é") == "a\tb\nc␀␛<U+202E><U+D800>é"


def test_command_converts_a_saved_report_to_every_format(tmp_path: Path) -> None:
    verdict = one_difference()
    write(as_data(verdict), "json", tmp_path / "report.json")
    wanted = [f"--{kind}={tmp_path / kind}" for kind in ("html", "junit", "markdown")]
    result = CliRunner().invoke(main, ["report", str(tmp_path / "report.json"), *wanted])
    assert (result.exit_code, result.output) == (verdict.exit_code, "")
    assert (tmp_path / "html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (tmp_path / "junit").read_text(encoding="utf-8").startswith("<?xml")
    assert (tmp_path / "markdown").read_text(encoding="utf-8").startswith("## ")


def test_command_prints_a_saved_report(tmp_path: Path) -> None:
    write(as_data(one_difference()), "json", tmp_path / "report.json")
    result = CliRunner().invoke(main, ["report", str(tmp_path / "report.json")])
    assert result.exit_code == 1
    assert "1 finding (1 medium)" in result.output


def test_command_prints_the_schema() -> None:
    result = CliRunner().invoke(main, ["report", "--schema"])
    assert (result.exit_code, json.loads(result.output)) == (0, load_schema("report"))


def test_command_prints_the_script_of_a_finding(tmp_path: Path) -> None:
    write(as_data(one_difference()), "json", tmp_path / "report.json")
    command = ["report", str(tmp_path / "report.json"), "--finding"]
    result = CliRunner().invoke(main, [*command, "1", "--script"])
    assert result.exit_code == 0
    assert result.output.startswith("#!/usr/bin/env bash\n# text differs: new has")
    assert CliRunner().invoke(main, [*command, "1"]).exit_code == 1
    refused = CliRunner().invoke(main, [*command, "2"])
    assert (refused.exit_code, refused.stderr) == (
        2,
        "lockstep: the report has 1 findings; there is no number 2\n",
    )


@pytest.mark.parametrize("text", ["{}", "\x80"])
def test_command_rejects_an_invalid_report(tmp_path: Path, text: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text, encoding="latin-1")
    result = CliRunner().invoke(main, ["report", str(path)])
    assert result.exit_code == 2
    assert "report.json" in result.output


def test_only_the_most_severe_findings_are_printed_in_full() -> None:
    data = as_data(one_difference())
    (finding,) = data["findings"]
    many = [finding | {"number": number, "sentence": f"No {number}."} for number in range(1, 60)]
    text = StringIO()
    print_report(data | {"findings": many}, Console(file=text, width=120))
    assert text.getvalue().count("curl ") == 10
    assert "No 40." in text.getvalue()
    assert "19 more findings in the other reports" in text.getvalue()
