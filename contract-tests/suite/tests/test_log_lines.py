"""Log lines are compared with the contract and with each other, and contain no secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lockstep.explain import Explainer
from lockstep.explain.attribution import SILENT
from lockstep.openapi.conformance import Conformance
from lockstep.openapi.document import Document
from lockstep.results.findings import Finding
from lockstep.results.tried import Tried
from lockstep.results.witness import Sent
from lockstep.transport.messages import NoResponse, Outcome, Request, Response
from suite.logs.lines import HEAD, LogRules, read_line
from suite.logs.watch import LogWatch
from testbed.paths import CONTRACT

CONTRACT_DATA = Document.load(CONTRACT).raw
TIME = "2026-02-01T09:00:00.000Z"
IDS = {"python": "id-1", "node": "id-2"}
REQUEST = {
    "method": "GET",
    "path": "/health",
    "operation": "getHealth",
    "status": 200,
    "duration_ms": 1.5,
    "user_id": None,
    "statements": 0,
}
SIGNED = Request("GET", "/health", (("Authorization", "Bearer a-long-token"),))


def line(event: str = "request", level: str = "info", **fields: Any) -> dict[str, Any]:
    return {"level": level, "time": TIME, "event": event, "request_id": None, **fields}


def of_request(name: str, **other: Any) -> dict[str, Any]:
    return line(**{**REQUEST, **other}) | {"request_id": IDS[name]}


class Logs:
    """Two logs that a test writes, and the problems found in them."""

    def __init__(self, folder: Path) -> None:
        self._files = {name: folder / f"{name}.log" for name in IDS}
        for file in self._files.values():
            file.write_text("what was there before\n", encoding="utf-8")
        self._watch = LogWatch(CONTRACT_DATA, lambda: self._files)
        self._watch.begin()

    def write(self, name: str, *lines: dict[str, Any] | str) -> None:
        with self._files[name].open("a", encoding="utf-8") as file:
            for each in lines:
                file.write(f"{each if isinstance(each, str) else json.dumps(each)}\n")

    def judge(self, request: Request = SIGNED, **outcomes: Outcome) -> dict[str, str]:
        """The problems in each log after one request; each server assigns its own request ID."""
        answers = {
            name: outcomes.get(name, Response(200, (("X-Request-ID", id_),)))
            for name, id_ in IDS.items()
        }
        return self.judge_all([Sent("getHealth", dict.fromkeys(IDS, request), answers)])

    def judge_all(self, sent: list[Sent]) -> dict[str, str]:
        """The problems in each log after several requests."""
        found = self.findings(sent)
        assert [one.where for one in found] == ["a story"] * len(found)
        return {
            name: "; ".join(one.values[name] for one in found if name in one.values)
            for name in IDS
            if any(name in one.values for one in found)
        }

    def findings(self, sent: list[Sent]) -> list[Finding]:
        return list(self._watch.judge("a story", sent, lambda text, _: text))


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    return Logs(tmp_path)


def test_equal_lines_are_no_problem(logs: Logs) -> None:
    for name in IDS:
        logs.write(name, of_request(name, duration_ms=0.1 if name == "node" else 20))
    assert logs.judge() == {}


@pytest.mark.parametrize(
    ("other", "reported"),
    [
        ({"user_id": "x"}, 'getHealth: the line request has user_id="x" instead of null'),
        ({"statements": 2}, "statements=2 instead of 0"),
        ({"duration_ms": -1}, "duration_ms=-1 instead of"),
        ({"duration_ms": 0.1234}, "duration_ms=0.1234 instead of"),
        ({"level": "warning"}, "request has the level warning, not info"),
        ({"time": "now"}, "request has the time now"),
        ({"more": 1}, "statements, more, not method"),
        ({"path": "/a-long-token"}, "the log contains the authorization of getHealth"),
    ],
)
def test_wrong_field_is_reported(logs: Logs, other: dict[str, Any], reported: str) -> None:
    logs.write("python", of_request("python"))
    logs.write("node", of_request("node") | other)
    wrong = logs.judge()
    assert wrong.keys() == {"node"}
    assert reported in wrong["node"]


def answered(**statuses: int) -> list[Sent]:
    answers: dict[str, Outcome] = {
        name: Response(statuses.get(name, 200), (("X-Request-ID", id_),))
        for name, id_ in IDS.items()
    }
    return [Sent("getHealth", dict.fromkeys(IDS, SIGNED), answers)]


def test_no_server_is_at_fault_for_lines_that_only_differ(logs: Logs) -> None:
    logs.write("python", of_request("python", user_id="x"))
    logs.write("node", of_request("node"))
    found = logs.findings(answered())
    document = Document.load(CONTRACT)
    (one,) = Explainer(document, Conformance(document)).explain(found, IDS, Tried())
    assert (one.targets, one.at_fault, one.verdict) == (("python", "node"), (), SILENT)


def test_lines_of_different_statuses_are_no_second_difference(logs: Logs) -> None:
    logs.write("python", of_request("python", status=201, statements=2))
    logs.write("node", of_request("node", status=409))
    assert logs.findings(answered(python=201, node=409)) == []


def test_same_violation_is_reported_for_both_logs(logs: Logs) -> None:
    for name in IDS:
        logs.write(name, of_request(name) | {"level": "error"})
    assert logs.judge().keys() == set(IDS)


def test_extra_and_missing_lines_are_reported(logs: Logs) -> None:
    refused = line("log_in_refused", "warning", user_id=None, client="::1", code="x")
    logs.write("python", refused | {"request_id": IDS["python"]}, of_request("python"))
    logs.write("node", of_request("node"))
    assert logs.judge() == {"node": "getHealth: no line log_in_refused"}


@pytest.mark.parametrize(("at_once", "reported"), [(True, set()), (False, {"node"})])
def test_lines_of_concurrent_requests_may_be_swapped(
    logs: Logs, at_once: bool, reported: set[str]
) -> None:
    refused = line("log_in_refused", "warning", user_id=None, client="::1", code="x")
    for name, first in (("python", True), ("node", False)):
        for number, refuses in enumerate((first, not first)):
            id_ = {"request_id": f"{name}-{number}"}
            logs.write(name, *([refused | id_] if refuses else []), of_request(name) | id_)
    sent = [
        Sent("getHealth", dict.fromkeys(IDS, SIGNED), answers, at_once=at_once)
        for number in range(2)
        for answers in [
            {name: Response(200, (("X-Request-ID", f"{name}-{number}"),)) for name in IDS}
        ]
    ]
    assert logs.judge_all(sent).keys() == reported


def test_lines_may_be_written_after_responses(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    logs.write("python", of_request("python"))

    def write(_seconds: float) -> None:
        logs.write("node", of_request("node"))

    monkeypatch.setattr("suite.logs.watch.time.sleep", write)
    assert logs.judge() == {}


def test_response_without_a_line_is_reported(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("suite.logs.watch._SECONDS", 0.01)
    logs.write("python", of_request("python"))
    assert logs.judge() == {"node": "getHealth: no line request"}


def test_informational_library_lines_are_ignored(logs: Logs) -> None:
    for name in IDS:
        logs.write(name, of_request(name))
    logs.write("python", line("library", source="gunicorn", message="ready"))
    assert logs.judge() == {}


def test_library_warnings_are_reported(logs: Logs) -> None:
    for name in IDS:
        logs.write(name, of_request(name))
    logs.write("python", line("library", "warning", source="gunicorn", message="late"))
    wrong = logs.judge()
    assert "a missing line" in wrong["node"]
    assert "there is no event library" in wrong["python"]


def test_lines_of_other_requests_are_ignored(logs: Logs) -> None:
    for name in IDS:
        logs.write(name, of_request(name))
    logs.write("node", of_request("node") | {"request_id": "id-3"})
    assert logs.judge() == {}


def test_lines_of_requests_without_a_response_are_compared(logs: Logs) -> None:
    logs.write("python", of_request("python", status=500))
    logs.write("node", of_request("node", status=503))
    wrong = logs.judge(python=NoResponse("dropped"), node=NoResponse("dropped"))
    assert "an additional line" in wrong["node"]


def test_logged_secrets_are_reported(logs: Logs) -> None:
    body = b'{"email":"ada@example.com","password":"correct horse"}'
    answer = Response(200, (("X-Request-ID", IDS["node"]),), b'{"access_token":"header.claims"}')
    logs.write("python", of_request("python"))
    logs.write("node", of_request("node", operation="ada@example.com, header.claims"))
    wrong = logs.judge(Request("POST", "/login", (), body), node=answer)
    assert "the log contains the email of getHealth" in wrong["node"]
    assert "the log contains the access_token of getHealth" in wrong["node"]


def test_malformed_line_is_reported(logs: Logs) -> None:
    for name in IDS:
        logs.write(name, of_request(name))
    logs.write("node", "Error: at once")
    assert f"a line does not begin with {', '.join(HEAD)}: Error" in logs.judge()["node"]


def test_difference_is_reported_once(logs: Logs) -> None:
    for reported in (True, False):
        logs.write("python", of_request("python"))
        logs.write("node", of_request("node", status=404))
        assert bool(logs.judge()) is reported


def test_every_event_of_the_contract_is_known() -> None:
    rules = LogRules(CONTRACT_DATA)
    assert set(_faults(rules, line("request_refused", status=400, code="x"))) == set()
    refused = line("log_in_refused", "warning", user_id=None, client="::1", code="x")
    assert set(_faults(rules, refused)) == set()


def _faults(rules: LogRules, fields: dict[str, Any]) -> Iterator[str]:
    return rules.faults(read_line(json.dumps(fields)))
