"""Checks the log lines of requests against the contract, and compares them between servers."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lockstep.report.secret_names import is_secret_name
from lockstep.results.findings import TRAP, Finding
from lockstep.results.witness import Sent, Translate
from lockstep.transport.messages import NoResponse, Outcome, status_of
from suite.logs.lines import FINAL, Line, LogRules, LogTail, comparable

# A line may be written after the response that it describes.
_SECONDS = 5.0
_POLL_SECONDS = 0.002
_SHORTEST_SECRET = 8
# Kind of a finding on lines that only differ: none of the servers is known to be at fault.
DIFFERENCE = "log"
_TOKEN = re.compile(r"^\w+\s+(\S.*)$")
_MOST = 3

Lines = Mapping[str, Sequence[Line]]


class LogWatch:
    """The logs of servers that receive the same requests, one after another.

    `logs` returns the files by server name, once the servers run. Each difference is reported once.
    """

    def __init__(self, contract: Mapping[str, Any], logs: Callable[[], Mapping[str, Path]]) -> None:
        self._rules = LogRules(contract)
        self._logs = logs
        self._tails: dict[str, LogTail] = {}
        self._reported: set[tuple[str, str]] = set()

    def begin(self) -> None:
        """Skip the existing lines of the logs."""
        self._tails = {name: LogTail(path) for name, path in self._logs().items()}

    def judge(self, title: str, sent: Sequence[Sent], translate: Translate) -> Iterator[Finding]:
        """Yield the problems of the lines that were written since the last call.

        Each server's lines of a request must equal those of the leader, after its names are
        translated: which of them is at fault is unknown. Each must follow the contract, and none
        may contain a secret that was sent.
        """
        lines = self._read(sent)
        if unlike := self._new(self._unlike(lines, sent, translate)):
            yield Finding(TRAP, "log", DIFFERENCE, title, tuple(lines), unlike)
        if wrong := self._new((*self._broken(lines), *_leaks(lines, sent))):
            yield Finding(TRAP, "log", TRAP, title, tuple(wrong), wrong)

    def _new(self, problems: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Return the problems that have not been reported yet, by server."""
        new: dict[str, list[str]] = {}
        for name, problem in problems:
            if (name, problem) not in self._reported:
                self._reported.add((name, problem))
                new.setdefault(name, []).append(problem)
        return {name: "; ".join(several[:_MOST]) for name, several in new.items()}

    def _read(self, sent: Sequence[Sent]) -> Lines:
        """Return the new lines, once the last one of each response was written."""
        lines: dict[str, list[Line]] = {name: [] for name in self._tails}
        due = {name: _ids(each.outcomes[name] for each in sent) for name in self._tails}
        ending = time.monotonic() + _SECONDS
        while True:
            for name, tail in self._tails.items():
                new = tail.read()
                lines[name] += new
                due[name] -= Counter(each.request_id for each in new if each.event in FINAL)
            if not any(due.values()) or time.monotonic() > ending:
                return lines
            time.sleep(_POLL_SECONDS)

    def _unlike(
        self, lines: Lines, sent: Sequence[Sent], translate: Translate
    ) -> Iterator[tuple[str, str]]:
        """Yield the differences between the leader's lines and another server's, with its name.

        Lines of responses with different statuses differ too, and are not compared.
        """
        leader, *others = lines
        by_id = {name: _by_id(each) for name, each in lines.items()}

        def texts(each: Sent, name: str) -> list[str]:
            mine = by_id[name].get(_id(each.outcomes[name]), [])
            return [comparable(line, counts=not each.at_once) for line in mine]

        for group in _groups(sent):
            statuses = {name: _statuses(group, name) for name in lines}
            for name in others:
                if statuses[name] != statuses[leader]:
                    continue
                wanted = [[translate(text, name) for text in texts(each, leader)] for each in group]
                got = [texts(each, name) for each in group]
                for ours, theirs in _unmatched(wanted, got):
                    yield name, f"{group[0].label}: {_difference(ours, theirs)}"
        rest = {name: self._rest(lines[name], name, sent) for name in lines}
        for name in others:
            wanted_rest = Counter(translate(text, name) for text in rest[leader])
            got_rest = Counter(rest[name])
            yield from ((name, f"an additional line: {text}") for text in got_rest - wanted_rest)
            yield from ((name, f"a missing line: {text}") for text in wanted_rest - got_rest)

    def _rest(self, lines: Sequence[Line], name: str, sent: Sequence[Sent]) -> list[str]:
        """Return lines without a received response: it was lost, or no request caused the line.

        If none was lost, a line of an unknown request belongs to a probe.
        """
        outcomes = [each.outcomes[name] for each in sent]
        answered, are_all = _ids(outcomes), not any(isinstance(one, NoResponse) for one in outcomes)
        return [
            comparable(line)
            for line in lines
            if self._rules.concern(line)
            and line.request_id not in answered
            and (line.request_id is None or not are_all)
        ]

    def _broken(self, lines: Lines) -> Iterator[tuple[str, str]]:
        for name, each in lines.items():
            for line in each:
                if self._rules.concern(line) or not line.fields:
                    yield from ((name, fault) for fault in self._rules.faults(line))


def _leaks(lines: Lines, sent: Sequence[Sent]) -> Iterator[tuple[str, str]]:
    for name, each in lines.items():
        secrets = {secret for one in sent for secret in secrets_of(one, name)}
        text = "\n".join(line.text for line in each)
        for what, secret in sorted(secrets):
            if secret in text or json.dumps(secret)[1:-1] in text:
                yield name, f"the log contains {what}"


def secrets_of(sent: Sent, name: str) -> Iterator[tuple[str, str]]:
    """Yield the secrets that a server was sent or has returned: a description and the text."""
    request, outcome = sent.requests[name], sent.outcomes[name]
    for header in ("authorization", "cookie"):
        value = request.header(header)
        found = _TOKEN.match(value or "")
        secret = found[1] if found else value or ""
        if len(secret) >= _SHORTEST_SECRET:
            yield f"the {header} of {sent.label}", secret
    bodies = [request.body or b""]
    if not isinstance(outcome, NoResponse):
        bodies.append(outcome.body)
    for body in bodies:
        for member, secret in _secret_members(body):
            yield f"the {member} of {sent.label}", secret


def _secret_members(body: bytes) -> Iterator[tuple[str, str]]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return
    for member, value in content.items() if isinstance(content, dict) else ():
        is_secret = member == "email" or is_secret_name(member)
        if is_secret and isinstance(value, str) and len(value) >= _SHORTEST_SECRET:
            yield member, value


def _statuses(group: Iterable[Sent], name: str) -> Counter[int | None]:
    return Counter(status_of(each.outcomes[name]) for each in group)


def _id(outcome: Outcome) -> str | None:
    return None if isinstance(outcome, NoResponse) else outcome.header("x-request-id")


def _ids(outcomes: Iterable[Outcome]) -> Counter[str | None]:
    return Counter(found for outcome in outcomes if (found := _id(outcome)) is not None)


def _groups(sent: Sequence[Sent]) -> Iterator[list[Sent]]:
    """Yield each request by itself, and concurrent requests of one operation together.

    Their order is chance, on each server.
    """
    together: dict[str, list[Sent]] = {}
    for each in sent:
        if each.at_once:
            together.setdefault(each.label, []).append(each)
        else:
            yield [each]
    yield from together.values()


def _unmatched(
    wanted: Sequence[list[str]], got: Sequence[list[str]]
) -> Iterator[tuple[list[str], list[str]]]:
    """Yield, in pairs, the lines of responses without a counterpart on the other server."""
    left, right = list(wanted), []
    for each in got:
        if each in left:
            left.remove(each)
        else:
            right.append(each)
    yield from zip(left, right, strict=True)


def _by_id(lines: Iterable[Line]) -> dict[str | None, list[Line]]:
    found: dict[str | None, list[Line]] = {}
    for line in lines:
        if line.request_id is not None:
            found.setdefault(line.request_id, []).append(line)
    return found


def _difference(wanted: list[str], got: list[str]) -> str:
    """Describe missing or additional lines, or the fields in which the first lines differ."""
    ours, theirs = ([json.loads(text) for text in side] for side in (wanted, got))
    events = [Counter(str(each.get("event")) for each in side) for side in (ours, theirs)]
    lacking, surplus = events[0] - events[1], events[1] - events[0]
    if lacking or surplus:
        parts = [f"no line {', '.join(lacking)}"] if lacking else []
        return " and ".join([*parts, *([f"a line {', '.join(surplus)} more"] if surplus else [])])
    left, right = next(pair for pair in zip(ours, theirs, strict=True) if _differ(*pair))
    parts = [
        f"{key}={_shown(right, key)} instead of {_shown(left, key)}"
        for key in dict.fromkeys([*left, *right])
        if _shown(left, key) != _shown(right, key)
    ]
    return f"the line {left.get('event')} has {', '.join(parts) or 'a different order'}"


def _differ(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Whether two lines differ, also in the order of fields."""
    return [*left.items()] != [*right.items()]


def _shown(fields: Mapping[str, Any], key: str) -> str:
    return json.dumps(fields[key]) if key in fields else "nothing"
