"""Sends the parity traps as bytes over a socket and checks the responses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lockstep.compare.server_headers import SERVER_HEADERS
from lockstep.drivers.traps.catalogue_files import GeneralTrap
from lockstep.drivers.traps.files import Expectation, Trap
from lockstep.drivers.traps.normalize import masked
from lockstep.drivers.traps.wire import send_bytes
from lockstep.results.findings import TRAP, Finding
from lockstep.results.witness import Sent
from lockstep.transport.messages import NoResponse, Outcome, Request, Response
from lockstep.transport.targets import Target

_SHOWN = 120


@dataclass(slots=True)
class TrapResult:
    """The responses of each target to one trap, by target name, and the problems.

    `shown` is a short text for each target, `at_fault` names those that violate the expectation, or
    all if responses only differ. `grade` is the severity of a problem, for a general trap one of
    `catalogue_files.GRADES`, else empty; `sign` is equal for traps with the same outcome. `sent` is
    the request without credentials, `agrees` tells which targets agree with a standard; both are
    for general traps. `bytes_sent` is the whole request to each, for other traps.
    """

    trap: Trap | GeneralTrap
    answers: dict[str, list[Outcome]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    shown: dict[str, str] = field(default_factory=dict)
    at_fault: tuple[str, ...] = ()
    grade: str = ""
    sign: object = None
    sent: str = ""
    agrees: dict[str, bool | None] = field(default_factory=dict)
    bytes_sent: dict[str, bytes] = field(default_factory=dict)


def run_traps(
    traps: Sequence[Trap], targets: Sequence[Target], tokens: Mapping[str, str]
) -> Iterator[TrapResult]:
    """Send every trap to every target, one after another.

    Each response is compared with the trap's expectation, and with those of the other targets.
    `tokens` has an access token for each target, by name.
    """
    return (_spring(trap, targets, tokens) for trap in traps)


def finding_of(result: TrapResult) -> Finding:
    """Return the problems of a result as a finding."""
    trap = result.trap
    values = {name: result.shown[name] for name in result.at_fault}
    return Finding(TRAP, f"trap, {trap.area}", "trap", trap.name, result.at_fault, values)


def sent_by(result: TrapResult) -> list[Sent]:
    """Return requests and responses for witnesses; a second response has an empty request."""
    title = f"{result.trap.area}, {result.trap.name}"
    requests = {name: _request(data) for name, data in result.bytes_sent.items()}
    empty = dict.fromkeys(requests, Request("", ""))
    rows = zip(*result.answers.values(), strict=False)
    return [
        Sent(title, empty if number else requests, dict(zip(result.answers, row, strict=True)))
        for number, row in enumerate(rows)
    ]


def _request(data: bytes) -> Request:
    """Parse bytes as a request, as far as they are well-formed."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = tuple((name, value.strip()) for name, _, value in pairs)
    method, _, rest = first.strip().partition(" ")
    return Request(method, rest.rpartition(" ")[0], headers, body)


def _spring(trap: Trap, targets: Sequence[Target], tokens: Mapping[str, str]) -> TrapResult:
    result = TrapResult(trap)
    wanted = [trap.expect] if trap.expect.then is None else [trap.expect, trap.expect.then]
    for target in targets:
        data = trap.encode(target.host, tokens[target.name])
        result.bytes_sent[target.name] = data
        answers = send_bytes(target, data, [trap.method] * len(wanted))
        result.answers[target.name] = answers
        result.shown[target.name] = ", then ".join(map(shown, answers))
        problems = list(_all_misses(wanted, answers))
        if problems:
            result.at_fault += (target.name,)
        result.problems.extend(f"{target.name}: {problem}" for problem in problems)
    seen = {name: [_comparable(answer) for answer in got] for name, got in result.answers.items()}
    leader, *others = seen
    for name in others:
        if seen[name] != seen[leader]:
            result.problems.append(f"{leader}: {seen[leader]}; {name}: {seen[name]}")
    if result.problems and not result.at_fault:
        result.at_fault = tuple(seen)
    return result


def _all_misses(wanted: Sequence[Expectation], answers: Sequence[Outcome]) -> Iterator[str]:
    for expected, answer in zip(wanted, answers, strict=False):
        yield from _misses(expected, answer)
    if len(answers) < len(wanted):
        yield f"{len(answers)} responses, not {len(wanted)}"


def shown(answer: Outcome) -> str:
    """Describe a response briefly: status code, media type, and the start of the body."""
    if isinstance(answer, NoResponse):
        return f"no response ({answer.reason})"
    if not answer.body:
        return f"{answer.status} without a body"
    text = answer.body[:_SHOWN].decode("utf-8", "replace")
    kind = (answer.media_type or "no media type").removeprefix("application/")
    return f"{answer.status} {kind} {text}{'…' if len(answer.body) > _SHOWN else ''}"


def _misses(expected: Expectation, answer: Outcome) -> list[str]:
    if isinstance(answer, NoResponse):
        return [f"expected {expected.status}, got no response: {answer.reason}"]
    problems = []
    if answer.status != expected.status:
        problems.append(f"expected {expected.status}, got {answer.status} {answer.body[:200]!r}")
    for name, value in expected.headers.items():
        if not _header_matches(value, answer.header(name)):
            problems.append(f"header {name}: expected {value}, got {answer.header(name)!r}")
    if expected.body is not None and answer.body != expected.body.encode("latin-1"):
        problems.append(f"expected the body {expected.body!r}, got {answer.body[:200]!r}")
    if expected.code is not None:
        problems.extend(_problem_misses(expected, answer))
    return problems


def _problem_misses(expected: Expectation, answer: Response) -> list[str]:
    try:
        problem: Any = json.loads(answer.body)
    except ValueError:
        return [f"expected a problem document, got {answer.body[:200]!r}"]
    problems = []
    if problem.get("code") != expected.code:
        problems.append(f"expected the code {expected.code}, got {problem.get('code')}")
    if expected.errors and problem.get("errors") != list(expected.errors):
        problems.append(f"expected {list(expected.errors)}, got {problem.get('errors')}")
    return problems


def _header_matches(wanted: str | Mapping[str, str], value: str | None) -> bool:
    if isinstance(wanted, str):
        return value == wanted
    return value is not None and re.search(wanted["matches"], value) is not None


def _comparable(answer: Outcome) -> object:
    if isinstance(answer, NoResponse):
        return answer.reason
    body = answer.body.decode("latin-1")
    headers = {name.lower(): masked(value) for name, value in answer.headers}
    # Generated for each response, or about the connection rather than the resource.
    kept = {
        name: "<present>" if name in SERVER_HEADERS else headers[name] for name in sorted(headers)
    }
    plain = masked(body)
    if plain != body and "etag" in kept:
        # The entity tag of a body with server-generated values differs between servers.
        kept["etag"] = "<tag>"
    return answer.status, kept, plain
