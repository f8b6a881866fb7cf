"""Scores of small stored reports against the ground truth, without servers."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tooling.power.driving import shows
from tooling.power.findings import Finding, Report, read_report
from tooling.power.mutants import read_matrix
from tooling.power.places import HERE
from tooling.power.schemathesis_parity import shape
from tooling.power.scoring import Row, score_honest, score_planted, score_real
from tooling.power.table import print_rows
from tooling.power.truth import FALSE, LABELLED, TRUE, UNJUDGED, Truth, TruthError, load_truth

REPORTS = Path(__file__).with_name("reports")
TRUTHS = sorted((HERE / "truth").glob("*.yaml"))


def stored(name: str) -> Report:
    """A report in `reports/`."""
    data: dict[str, Any] = json.loads((REPORTS / f"{name}.json").read_text(encoding="utf-8"))
    return read_report(data)


def status(values: str, operation: str = "GET /things") -> Finding:
    """A finding about different status codes."""
    return Finding(1, (operation,), "", "status", "status", values)


@pytest.fixture
def truth(tmp_path: Path) -> Truth:
    file = tmp_path / "truth.yaml"
    file.write_text(
        """
known:
  - { id: gone, what: It is gone., evidence: "GET /things: 200 / 404",
      match: [ { operation: things, values: "^200 / 404$" } ] }
  - { id: refused, what: It is refused., evidence: "GET /things: 401 / 403",
      match: [ { values: "^401 / 403$" }, { sentence: "is refused" } ] }
also_true:
  - { id: words, what: Other words., evidence: "none", match: [ { kind: "^bytes$" } ] }
"false":
  - { id: dropped, what: It is not., evidence: "none", match: [ { values: dropped } ] }
""",
        encoding="utf-8",
    )
    return load_truth(file)


def test_report_of_version_2_is_read() -> None:
    report = stored("version-2")
    first, second = report.findings
    assert (first.operations, first.values, first.shown) == (("getThing",), "200 / 404", True)
    assert (first.kind, first.where, first.decides) == ("status", "status", True)
    assert (second.category, second.decides) == ("conformance", False)
    assert report.deciding == [first]


def test_report_of_version_3_is_read() -> None:
    report = stored("version-3")
    first, alike, trap = report.findings
    assert first.operations == ("getThing", "listThings")
    assert not alike.decides
    assert (trap.category, trap.decides, trap.shown) == ("trap", True, None)
    assert report.seen_once == 1


def test_empty_report_is_read() -> None:
    assert read_report({}) == Report()


@pytest.mark.parametrize(
    ("finding", "verdict", "facts"),
    [
        (status("200 / 404"), LABELLED, ["gone"]),
        (status("200 / 404", "GET /others"), UNJUDGED, []),
        (status("401 / 403", "GET /others"), LABELLED, ["refused"]),
        (Finding(1, (), "It IS refused."), LABELLED, ["refused"]),
        (Finding(1, ("a", "GET /things"), "", values="200 / 404"), LABELLED, ["gone"]),
        (Finding(1, (), "", "bytes", "body"), TRUE, ["words"]),
        (Finding(1, (), "is refused", values="401 / dropped"), FALSE, ["refused", "dropped"]),
    ],
)
def test_finding_is_matched_with_the_ground_truth(
    truth: Truth, finding: Finding, verdict: str, facts: list[str]
) -> None:
    judged = truth.judge(finding)
    assert (judged.verdict, [fact.id for fact in judged.facts]) == (verdict, facts)


def test_real_pair_is_scored_by_the_ground_truth(truth: Truth) -> None:
    findings = (
        status("200 / 404"),
        status("200 / 404"),
        status("500 / 503"),
        status("200 / dropped"),
        Finding(5, ("GET /things",), "", category="conformance"),
    )
    row = score_real("pair", Report(findings, seen_once=2, seconds=3.0), truth)
    assert (row.known, row.found, row.missed) == (2, 1, ["refused"])
    assert (row.findings, row.for_one, row.remarks) == (4, 2.0, 1)
    assert (row.false, row.unjudged, row.seen_once) == (1, 1, 2)


def test_planted_fault_is_found_by_a_deciding_finding() -> None:
    remark = Finding(1, ("a",), "", category="conformance")
    reports = {
        "one": Report((status("200 / 404"), remark), seconds=1.0),
        "three": Report((status("1"), status("2"), status("3")), seconds=2.0),
        "none": Report((remark,)),
        "late": Report(problem="not done after 180 s"),
    }
    row = score_planted("set", reports)
    assert (row.known, row.found, row.missed) == (4, 2, ["none", "late"])
    assert (row.findings, row.for_one, row.remarks, row.seconds) == (4, 2.0, 2, 3.0)
    assert row.problems == ["late: not done after 180 s"]


def test_finding_also_reported_for_equal_servers_does_not_count() -> None:
    usual = Finding(0, ("GET /a",), "", "json_value", "/id", "1 / 2")
    again = Finding(0, ("GET /a",), "", "json_value", "/id", "7 / 9")
    row = score_planted("set", {"leak": Report((again,))}, usual={usual.key}, tool="other")
    assert (row.found, row.findings, row.missed) == (0, 1, ["leak"])


def test_every_finding_on_equal_servers_is_a_false_positive() -> None:
    row = score_honest("honest", {"0": Report((status("200 / 404"),)), "1": Report()})
    assert (row.known, row.found, row.findings, row.false) == (0, 0, 1, 1)


@pytest.mark.parametrize("file", TRUTHS, ids=lambda file: file.stem)
def test_every_ground_truth_file_is_valid(file: Path) -> None:
    truth = load_truth(file)
    assert truth.known
    assert all(fact.what and fact.evidence for fact in truth.facts)


def test_labels_of_the_releases() -> None:
    known = {
        version: set(load_truth(HERE / f"truth/inspect-ai-0.3.{version}.yaml").known)
        for version in (203, 204)
    }
    assert known[203] - known[204] == {"log-size"}
    assert known[204] - known[203] == {"missing-log"}
    assert len(known[203] | known[204]) == 8
    assert len(load_truth(HERE / "truth/tus.yaml").known) == 5


@pytest.mark.parametrize(
    "text",
    [
        "known: [ { id: a, what: b, evidence: c } ]",
        "known: [ { id: a, what: b, evidence: c, match: [] } ]",
        "known: [ { id: a, what: b, evidence: c, match: [ { place: x } ] } ]",
        "known: [ { id: a, what: b, evidence: c, match: [ { values: '(' } ] } ]",
        "known: &all [ { id: a, what: b, evidence: c, match: [ { values: x } ] } ]\n"
        "also_true: *all",
    ],
    ids=["no matchers", "empty", "unknown field", "broken pattern", "twice"],
)
def test_invalid_ground_truth_file_is_rejected(tmp_path: Path, text: str) -> None:
    file = tmp_path / "truth.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(TruthError, match=r"truth\.yaml"):
        load_truth(file)


def test_replay_must_show_the_same_difference() -> None:
    wanted = Finding(1, ("getThing",), "", "value", "body /a")
    same = Finding(4, ("getThing",), "other words", "value", "body /a")
    assert shows(wanted, [status("200 / 404"), same])
    assert not shows(wanted, [status("200 / 404")])
    remark = Finding(4, ("getThing",), "", "value", "body /a", category="conformance")
    assert not shows(wanted, [remark])


def test_mutant_matrix_counts_only_what_needs_no_stories() -> None:
    caught = {"finding": "a", "requests": 9, "seconds": 1.5}
    escaped = {"finding": None, "requests": 9, "seconds": 2.0}
    mutants = [
        {"id": "m1", "drivers": {"walk": caught}},
        {"id": "m2", "drivers": {"walk": escaped, "generated": caught}},
        {"id": "m3", "drivers": {"walk": escaped, "generated": escaped, "stories": caught}},
    ]
    row = read_matrix({"mutants": mutants})
    assert row is not None
    assert (row.known, row.found, row.missed, row.seconds) == (3, 2, ["m3"], 9.0)
    for untried in ({"stories": caught}, {"walk": escaped}):
        assert read_matrix({"mutants": [*mutants, {"id": "m4", "drivers": untried}]}) is None


def test_shape_of_a_value_ignores_ids_and_timestamps() -> None:
    made = {"id": 7, "at": "2026-01-02T03:04:05Z", "name": "zed", "list": [{"owner_id": 8}], "n": 1}
    other = made | {"id": 9, "at": "2027-11-12T13:14:15Z", "list": [{"owner_id": 1}]}
    assert shape(made) == shape(other)
    assert shape(made) != shape(made | {"n": 2})


def test_table_names_missed_faults_and_false_positives() -> None:
    console = Console(width=160, file=StringIO())
    rows = [
        Row("tus", known=5, found=4, missed=["get"], listed={"false": ["dropped: it is not"]}),
        Row("tus", "other", problems=["cannot: it has no way"]),
    ]
    print_rows(rows, console)
    assert isinstance(console.file, StringIO)
    text = console.file.getvalue()
    assert "tus, lockstep: missed: get" in text
    assert "tus, lockstep: false: dropped: it is not" in text
    assert "tus, other: cannot: it has no way" in text
