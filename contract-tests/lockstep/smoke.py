"""Tells a target that is broken, or not where it should be, from one that differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.transport.messages import NoResponse, Outcome, Request, Response, status_of
from lockstep.transport.targets import Target

_MAX_PROBES = 5
# An operation may hang where others answer.
_MAX_TIMEOUTS = 2
_HINTS = {
    "refused": "nothing listens there: is it started, and is the port right?",
    "unknown_host": "no such host: is its name right?",
    "timeout": "no answer within {timeout:g} s: is it busy, or is --timeout too short?",
    "tls": "no safe connection ({detail}): --ca-file trusts a certificate, --insecure any",
    "dropped": "it ends the connection without an answer: does it speak https there?",
    "too_large": "{detail}: is this the right address?",
    "malformed": "what it sends is no HTTP/1.1 ({detail}): is this the port of another protocol?",
}


@dataclass(slots=True)
class Smoke:
    """What the first requests showed; with `faults` a run makes no sense. Both are for people."""

    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def smoke(targets: Sequence[Target], document: Document) -> Smoke:
    """Send each target a few requests of the document that change nothing.

    A target that answers 404 to all of them, but not below the base path that the document gives
    its servers, is moved there.
    """
    seen = Smoke()
    for target in targets:
        outcomes = _probe(target, document)
        fault = _fault(target, document, outcomes)
        seen.notes += _hints(target, document, outcomes)
        if fault == _LOST and document.base_path and _answers_below(target, document):
            seen.notes.append(f"{target.name}: paths are below {target.base_url}")
        elif fault:
            seen.faults.append(f"{target.name} at {target.base_url}: {fault}")
    return seen


def _hints(target: Target, document: Document, outcomes: Sequence[Outcome]) -> list[str]:
    """What may be wrong and need not be: all are refused, also where the document lets all in."""
    statuses = {status_of(outcome) or 0 for outcome in outcomes}
    is_free = any(not operation.requires_auth for operation in _readable(document)[:_MAX_PROBES])
    if not is_free or not statuses <= {401, 403}:
        return []
    shown = " and ".join(map(str, sorted(statuses)))
    return [
        f"{target.name} answers {shown} to everything, also where the document asks for no "
        "credentials: a header of the targets (`--header`) or `[[users]]` in lockstep.toml has them"
    ]


_LOST = "it answers 404 to every documented path: is the base path in its URL right?"


def _answers_below(target: Target, document: Document) -> bool:
    """Move a target to the document's base path; back again where it answers no better there."""
    given = target.base_url
    target.move(given + document.base_path)
    if not _fault(target, document, _probe(target, document)):
        return True
    target.move(given)
    return False


def _readable(document: Document) -> list[Operation]:
    """What can be read without knowing anything: what needs no log-in first, streams last."""
    simple = [
        operation
        for operation in document.operations.values()
        if operation.method == "GET"
        and "{" not in operation.path
        and not any(parameter.required for parameter in operation.parameters)
    ]
    return sorted(simple, key=lambda operation: (_is_stream(operation), operation.requires_auth))


def _is_stream(operation: Operation) -> bool:
    return any("text/event-stream" in answer.media_types for answer in operation.responses.values())


def _paths(document: Document) -> list[str]:
    return [operation.path for operation in _readable(document)[:_MAX_PROBES]]


def _probe(target: Target, document: Document) -> list[Outcome]:
    outcomes: list[Outcome] = []
    timeouts = 0
    for path in _paths(document) or ["/"]:
        outcomes.append(target.send(Request("GET", path)))
        if _is_silent(outcomes[-1]):
            timeouts += 1
            if not _is_timeout(outcomes[-1]) or timeouts == _MAX_TIMEOUTS:
                break
    return outcomes


def _fault(target: Target, document: Document, outcomes: Sequence[Outcome]) -> str:
    silent = [outcome for outcome in outcomes if _is_silent(outcome)]
    last = silent[-1] if silent else outcomes[-1]
    hangs = len(silent) < len(outcomes) and all(map(_is_timeout, silent))
    if isinstance(last, NoResponse) and silent and not hangs:
        return f"{last.reason}: " + _HINTS[last.reason].format(
            timeout=target.timeout, detail=last.detail
        )
    answers = [outcome for outcome in outcomes if isinstance(outcome, Response)]
    if not answers:
        return ""
    moved = _elsewhere(target, answers[0])
    if moved and all(_elsewhere(target, answer) for answer in answers):
        return f"it redirects to {moved}: give that URL instead"
    statuses = {answer.status for answer in answers}
    if all(status >= 500 for status in statuses):
        return f"it answers {min(statuses)} to everything: look at its log"
    if statuses == {429}:
        return "it answers 429 to everything: raise its rate limit for the run"
    if statuses == {404} and _paths(document):
        return _LOST
    return ""


def _is_silent(outcome: Outcome) -> bool:
    """Whether no answer came, not even one without an end."""
    return isinstance(outcome, NoResponse) and not (outcome.reason == "timeout" and outcome.count)


def _is_timeout(outcome: Outcome) -> bool:
    return isinstance(outcome, NoResponse) and outcome.reason == "timeout"


def _elsewhere(target: Target, answer: Response) -> str:
    """The address of another server that an answer redirects to, empty otherwise."""
    location = answer.header("location") or ""
    parts, own = urlsplit(location), urlsplit(target.base_url)
    if not 300 <= answer.status < 400 or not parts.netloc:
        return ""
    other = (parts.scheme, parts.netloc) != (own.scheme, own.netloc)
    return f"{parts.scheme}://{parts.netloc}" if other else ""
