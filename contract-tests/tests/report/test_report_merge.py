"""`lockstep report merge`: one report and one verdict from the reports of several shards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner, Result
from fixtures.reports import exchange, note, verdict_of

from lockstep.cli import main
from lockstep.matching import Difference
from lockstep.matching.rules import Rule
from lockstep.openapi.sharding import Shard
from lockstep.report.data import as_data
from lockstep.report.json_report import json_text
from lockstep.report.merging import merge
from lockstep.results.exchange import Exchange
from lockstep.schemas import load_schema
from lockstep.transport.messages import Outcome, Request, Response

Data = dict[str, Any]
JSON = (("Content-Type", "application/json"),)


def created(*differences: Difference) -> Exchange:
    """The exchange that creates a note, with these differences between the responses."""
    request = Request("POST", "/notes", JSON, b'{"text": "ONE"}')
    answers: dict[str, Outcome] = {
        "old": Response(201, JSON, note(text="ONE", tags=[], owner="a")),
        "new": Response(201, JSON, note(text="one", tags=[], owner="a")),
    }
    return exchange(request, answers, *differences)


def read(*differences: Difference) -> Exchange:
    """The exchange that reads a note, with these differences between the responses."""
    path = "/notes/a1b2c3d4-0000-4000-8000-000000000001"
    answers: dict[str, Outcome] = {
        "old": Response(200, JSON, note(text="ONE", tags=[], owner="a")),
        "new": Response(200, JSON, note(text="one", tags=[], owner="a")),
    }
    return exchange(Request("GET", path), answers, *differences)


TEXT = Difference("value", "body /text", '"ONE"', '"one"')
SIZE = Difference("missing", "body /size", "1", "absent")


def shard(number: int, *exchanges: Exchange, of: int = 2, **settings: Any) -> Data:
    """The report of a shard with these exchanges."""
    verdict = verdict_of(*exchanges, shard=Shard(number, of), **settings)
    data: Data = json.loads(json_text(as_data(verdict)))
    return data


def merged(*parts: Data, fail_on: str | None = None) -> Data:
    """The merged report, checked against the schema."""
    data = merge([(f"{at}.json", part) for at, part in enumerate(parts, 1)], fail_on)
    validator = jsonschema_rs.validator_for(load_schema("report"))
    assert [error.message for error in validator.iter_errors(json.loads(json_text(data)))] == []
    return data


def command(folder: Path, *parts: Data, options: tuple[str, ...] = ()) -> Result:
    """The result of `lockstep report merge` with these reports."""
    files = [folder / f"{at}.json" for at in range(1, len(parts) + 1)]
    for path, part in zip(files, parts, strict=True):
        path.write_text(json_text(part), encoding="utf-8")
    return CliRunner().invoke(main, ["report", "merge", *map(str, files), *options])


def test_same_finding_of_two_shards_is_merged() -> None:
    data = merged(shard(1, created(TEXT), created(SIZE)), shard(2, read(TEXT)))
    places = {
        one["where"]: [place["operation"] for place in one["places"]] for one in data["findings"]
    }
    assert places == {"body /text": ["createNote", "getNote"], "body /size": ["createNote"]}
    (text,) = (one for one in data["findings"] if one["where"] == "body /text")
    assert text["count"] == 2
    assert [one["number"] for one in data["findings"]] == [1, 2]
    assert (data["verdict"], data["exit_code"]) == ("not alike", 1)
    assert [(one["number"], one["of"]) for one in data["shards"]] == [(1, 2), (2, 2)]


def test_counts_and_statuses_are_summed() -> None:
    data = merged(shard(1, created(), created()), shard(2, created(), read()))
    record = data["operations"]["createNote"]
    assert record["exchanges"] == 3
    assert record["statuses"] == {"old": {"201": 3}, "new": {"201": 3}}
    assert data["exchanges"] == 4
    assert (data["verdict"], data["exit_code"]) == ("alike", 0)


def test_only_operations_that_no_shard_tested_are_not_tested() -> None:
    parts = shard(1, created()), shard(2, read())
    assert any("only shard 1/2" in text for text in parts[0]["untested"])
    data = merged(*parts)
    not_tested = " ".join(data["not_tested"])
    assert "`POST /notes` was never sent" not in not_tested
    assert "`GET /notes/{note_id}` was never sent" not in not_tested
    assert "`GET /notes` was never sent." in data["not_tested"]
    assert not any("shard" in text for text in data["untested"])


def again(part: Data, *, reproduced: bool | None, steps: int = 1) -> Data:
    """A report with another `reproduced` and number of steps in its first finding."""
    (finding,) = part["findings"]
    finding |= {"reproduced": reproduced, "steps": finding["steps"] * steps}
    part["shard"]["observed"][0] |= {"reproduced": reproduced, "steps": steps}
    if reproduced is False:
        part["seen_once"], part["findings"] = part["findings"], []
    return part


@pytest.mark.parametrize("turn", [1, -1])
def test_reproduced_finding_is_preferred_to_an_unreproduced_one(turn: int) -> None:
    verified = again(shard(1, created(TEXT)), reproduced=True, steps=3)
    shorter = again(shard(2, created(TEXT)), reproduced=None)
    (finding,) = merged(*[verified, shorter][::turn])["findings"]
    assert (finding["reproduced"], len(finding["steps"]), finding["count"]) == (True, 3, 2)


def test_finding_is_seen_once_only_if_no_shard_reproduced_it() -> None:
    once = again(shard(1, created(TEXT)), reproduced=False)
    data = merged(once, again(shard(2, created(TEXT)), reproduced=True))
    assert (len(data["findings"]), data["seen_once"]) == (1, [])
    data = merged(once, again(shard(2, created(TEXT)), reproduced=False))
    assert (data["findings"], len(data["seen_once"])) == ([], 1)
    assert data["seen_once"][0]["number"] == 1


def test_rule_is_unused_only_if_no_shard_used_it() -> None:
    rule = Rule("*", "/text", "ignore", "so it is")
    parts = [shard(number, created(), rules=(rule,)) for number in (1, 2)]
    assert merged(*parts)["problems"] == [f"a rule was never used: {rule}"]
    parts[1]["rules"][0]["used"] = 4
    parts[1]["problems"] = []
    data = merged(*parts)
    assert (data["problems"], data["rules"][0]["used"], data["verdict"]) == ([], 4, "alike")


def test_remarks_of_shards_are_merged() -> None:
    bad: dict[str, Outcome] = dict.fromkeys(("old", "new"), Response(201, JSON, b'{"text": 1}'))
    one = exchange(Request("POST", "/notes", JSON, b'{"text": "ONE"}'), bad)
    parts = [shard(number, one, fail_on="any") for number in (1, 2)]
    data = merged(*parts)
    assert [(found["operations"]) for found in data["remarks"]] == [1] * len(parts[0]["remarks"])
    assert (data["conformance"], data["verdict"], data["exit_code"]) == ("broken", "alike", 1)
    assert merged(*parts, fail_on="parity")["exit_code"] == 0


def test_missing_shards_are_named_and_prevent_a_verdict_of_alike() -> None:
    parts = [shard(number, created(), of=5) for number in (1, 3, 4)]
    data = merged(*parts)
    assert (data["verdict"], data["exit_code"]) == ("could not run", 2)
    problem = "shards 2 and 5 of 5 are missing"
    assert data["problems"] == [f"{problem}: give their reports too"]
    assert problem in data["untested"]
    parts[1] = shard(3, created(TEXT), of=5)
    data = merged(*parts)
    assert (data["verdict"], data["exit_code"]) == ("not alike", 1)
    assert merged(*parts, fail_on="conformance")["exit_code"] == 2


def other(part: Data, change: Callable[[Data], object]) -> Data:
    """A changed copy of a report."""
    changed: Data = json.loads(json.dumps(part))
    change(changed)
    return changed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one["shard"].update(document="0" * 64), "different documents"),
        (
            lambda one: one["targets"].reverse() or one.update(targets=["a", "b"]),
            "different targets",
        ),
        (lambda one: one.update(seed=7), "different seeds: 0 and 7"),
        (lambda one: one["shard"].update(of=3), "different numbers of shards: 2 and 3"),
        (lambda one: one["shard"].update(number=1), "are both of shard 1/2"),
        (lambda one: one["tool"].update(version="9"), "different versions of lockstep"),
        (lambda one: one.pop("shard"), "the report of a whole run"),
        (lambda one: one.update(schema_version=2), "a report of version 2; this lockstep reads 3"),
    ],
)
def test_incompatible_reports_are_rejected_in_one_line(
    tmp_path: Path, change: Callable[[Data], object], message: str
) -> None:
    result = command(tmp_path, shard(1, created()), other(shard(2, read()), change))
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_merge_command_writes_every_format(tmp_path: Path) -> None:
    kinds = ("json", "html", "junit", "markdown")
    options = tuple(f"--{kind}={tmp_path / 'out' / kind}" for kind in kinds)
    parts = shard(1, created(TEXT)), shard(2, read(TEXT))
    result = command(tmp_path, *parts, options=options)
    assert (result.exit_code, result.output) == (1, "")
    for kind in kinds:
        assert "text" in (tmp_path / "out" / kind).read_text()
    shown = command(tmp_path, *parts)
    assert (shown.exit_code, "1 finding" in shown.output) == (1, True)
    again = CliRunner().invoke(main, ["report", str(tmp_path / "out" / "json")])
    assert (again.exit_code, again.output) == (1, shown.output)


def test_report_of_a_shard_names_the_shard() -> None:
    data = shard(2, created(), of=5)
    assert data["untested"][0] == "only shard 2/5 was run"
    assert len(data["shard"]["operations"]) < len(data["operations"])
    assert "shard" not in as_data(verdict_of(created()))
