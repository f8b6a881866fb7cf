"""Sends the parity traps as bytes over a socket and judges the answers."""

from __future__ import annotations

import http.client
import json
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BufferedReader
from typing import Any

from lockstep.messages import NoResponse, Outcome, Response
from lockstep.targets import Target, failure_of, read_response
from lockstep.traps import Expectation, Trap

# Made anew for each answer, or about the connection and not about the resource.
_NOT_COMPARED = frozenset({"connection", "date", "keep-alive", "server", "x-request-id"})
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_RECENT = timedelta(hours=1)


class _Reader:
    """Lets several answers be read one after another from one buffer."""

    def __init__(self, sock: socket.socket) -> None:
        self._file = _Unclosed(socket.SocketIO(sock, "r"))

    def makefile(self, _mode: str) -> BufferedReader:
        return self._file


class _Unclosed(BufferedReader):
    """Stays open when an answer ends, since the next one may be in it already."""

    def close(self) -> None:
        pass


@dataclass(slots=True)
class TrapResult:
    """What each target answered to one trap, by target name, and what is wrong with it."""

    trap: Trap
    answers: dict[str, list[Outcome]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def run_traps(
    traps: Sequence[Trap], targets: Sequence[Target], tokens: Mapping[str, str]
) -> list[TrapResult]:
    """Send every trap to every target.

    Each answer is held against the trap's expectation, and the answers of the targets against each
    other. `tokens` has an access token for each target, by name.
    """
    return [_spring(trap, targets, tokens) for trap in traps]


def send_bytes(target: Target, data: bytes, methods: Sequence[str]) -> list[Outcome]:
    """Send bytes over a fresh connection and read as many answers as there are `methods`."""
    answers: list[Outcome] = []
    try:
        with socket.create_connection(target.address, timeout=target.timeout) as sock:
            broken = _write(sock, data)
            reader = _Reader(sock)
            answers.extend(_read(reader, method, broken) for method in methods)
    except OSError as error:
        answers.append(failure_of(error, connecting=True))
    return answers


def _spring(trap: Trap, targets: Sequence[Target], tokens: Mapping[str, str]) -> TrapResult:
    result = TrapResult(trap)
    wanted = [trap.expect] if trap.expect.then is None else [trap.expect, trap.expect.then]
    for target in targets:
        data = trap.encode(target.host, tokens[target.name])
        answers = send_bytes(target, data, [trap.method] * len(wanted))
        result.answers[target.name] = answers
        for expected, answer in zip(wanted, answers, strict=False):
            problems = _misses(expected, answer)
            result.problems.extend(f"{target.name}: {problem}" for problem in problems)
        if len(answers) < len(wanted):
            result.problems.append(f"{target.name}: {len(answers)} answers, not {len(wanted)}")
    seen = {name: [_comparable(answer) for answer in got] for name, got in result.answers.items()}
    leader, *others = seen
    for name in others:
        if seen[name] != seen[leader]:
            result.problems.append(f"{leader}: {seen[leader]}; {name}: {seen[name]}")
    return result


def _write(sock: socket.socket, data: bytes) -> OSError | None:
    try:
        sock.sendall(data)
    except OSError as error:
        # A server may answer and stop reading: what it said is still worth reading.
        return error
    return None


def _read(reader: _Reader, method: str, broken: OSError | None) -> Outcome:
    try:
        return read_response(reader, method)[0]
    except (OSError, http.client.HTTPException, ValueError) as error:
        return failure_of(broken or error)


def _misses(expected: Expectation, answer: Outcome) -> list[str]:
    if isinstance(answer, NoResponse):
        return [f"expected {expected.status}, got no answer: {answer.reason}"]
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
    made = answer.header("x-request-id")
    body = answer.body.decode("latin-1")
    headers = {name.lower(): _plain(value) for name, value in answer.headers}
    kept = {name: value for name, value in headers.items() if name not in _NOT_COMPARED}
    plain = _plain(body.replace(made, "<request id>") if made else body)
    if plain != body and "etag" in kept:
        # The tag of a body with values of one server is not that of the other's.
        kept["etag"] = "<tag>"
    return answer.status, kept, plain


def _plain(text: str) -> str:
    """The text without what a server makes: ids, and instants about now."""
    return _INSTANT.sub(_unless_recent, _ID.sub("<id>", text))


def _unless_recent(found: re.Match[str]) -> str:
    try:
        instant = datetime.fromisoformat(found[0])
    except ValueError:
        return found[0]
    return "<now>" if abs(datetime.now(UTC) - instant) < _RECENT else found[0]
