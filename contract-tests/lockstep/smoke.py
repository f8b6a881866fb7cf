"""Tells a target that is broken, or not where it should be, from one that differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lockstep.openapi.document import Document
from lockstep.transport.messages import NoResponse, Outcome, Request, Response
from lockstep.transport.targets import Target

_MAX_PROBES = 5
_HINTS = {
    "refused": "nothing listens there: is it started, and is the port right?",
    "unknown_host": "no such host: is its name right?",
    "timeout": "no answer within {timeout:g} s: is it busy, or is --timeout too short?",
    "tls": "no safe connection ({detail}): --ca-file trusts a certificate, --insecure any",
    "dropped": "it ends the connection without an answer: does it speak https there?",
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
        fault = _fault(target, document, _probe(target, document))
        if fault == _LOST and document.base_path and _answers_below(target, document):
            seen.notes.append(f"{target.name}: paths are below {target.base_url}")
        elif fault:
            seen.faults.append(f"{target.name} at {target.base_url}: {fault}")
    return seen


_LOST = "it answers 404 to every documented path: is the base path in its URL right?"


def _answers_below(target: Target, document: Document) -> bool:
    """Move a target to the document's base path; back again where it answers no better there."""
    given = target.base_url
    target.move(given + document.base_path)
    if not _fault(target, document, _probe(target, document)):
        return True
    target.move(given)
    return False


def _paths(document: Document) -> list[str]:
    """Paths that can be read without knowing anything; those without a log-in first."""
    simple = [
        operation
        for operation in document.operations.values()
        if operation.method == "GET"
        and not any(parameter.required for parameter in operation.parameters)
    ]
    simple.sort(key=lambda operation: operation.requires_auth)
    return [operation.path for operation in simple if "{" not in operation.path][:_MAX_PROBES]


def _probe(target: Target, document: Document) -> list[Outcome]:
    outcomes = []
    for path in _paths(document) or ["/"]:
        outcomes.append(target.send(Request("GET", path)))
        if isinstance(outcomes[-1], NoResponse):
            break
    return outcomes


def _fault(target: Target, document: Document, outcomes: Sequence[Outcome]) -> str:
    last = outcomes[-1]
    if isinstance(last, NoResponse):
        return f"{last.reason}: " + _HINTS[last.reason].format(
            timeout=target.timeout, detail=last.detail
        )
    answers = [outcome for outcome in outcomes if isinstance(outcome, Response)]
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


def _elsewhere(target: Target, answer: Response) -> str:
    """The address of another server that an answer redirects to, empty otherwise."""
    location = answer.header("location") or ""
    parts, own = urlsplit(location), urlsplit(target.base_url)
    if not 300 <= answer.status < 400 or not parts.netloc:
        return ""
    other = (parts.scheme, parts.netloc) != (own.scheme, own.netloc)
    return f"{parts.scheme}://{parts.netloc}" if other else ""
