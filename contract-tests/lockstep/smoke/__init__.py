"""Distinguishes a target that is broken, or at another URL, from one that differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from lockstep.auth.advice import user_lines
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.smoke.base_paths import elsewhere_fault
from lockstep.smoke.connection_faults import connection_fault, scheme_fault
from lockstep.transport.messages import NoResponse, Outcome, Request, Response, status_of
from lockstep.transport.targets import Target

_MAX_PROBES = 5
# A single operation may time out while others respond.
_MAX_FAILURES = 2
# Failures of a whole server, not of one of its operations.
_UNREACHED = frozenset({"refused", "tls", "unknown_host"})
# Failures after which a part of a response may have come.
_BEGUN = frozenset({"timeout", "dropped"})


@dataclass(slots=True)
class Smoke:
    """The result of the first requests; with `faults` a run is pointless. Both are messages."""

    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def smoke(targets: Sequence[Target], document: Document) -> Smoke:
    """Send each target a few read requests of the document.

    A target URL without a path, where all of them return 404, is moved to the document's base path
    if they succeed there.
    """
    seen = Smoke()
    for target in targets:
        seen.notes += _rebased(target, document)
        outcomes = _probe(target, document)
        fault = _fault(target, document, outcomes)
        lost = fault == LOST or (not fault and _is_unknown(target, document))
        if lost and _is_moved(target, document):
            seen.notes.append(f"{target.name}: paths are below {target.base_url}")
            continue
        seen.notes += _hints(target, document, outcomes)
        if fault == LOST:
            asked = [f"GET {target.base_url}{path}" for path in _paths(document)]
            fault = elsewhere_fault(
                target, document.base_path, asked, partial(_answers, target, document)
            )
            seen.faults.append(f"{target.name} at {target.base_url}: {fault}")
        elif fault:
            seen.faults.append(f"{target.name} at {target.base_url}: {fault}")
    return seen


def _rebased(target: Target, document: Document) -> Iterator[str]:
    """Remove the document's base path from a target's URL if the operations' paths include it."""
    given = target.base_url
    end = next((end for end in document.moved_ends if given.endswith(end)), "")
    if end:
        target.move(given.removesuffix(end))
        yield (
            f"{target.name}: operations have servers of their own, so paths are below "
            f"{target.base_url}, and {end} is in them"
        )


def anonymous_answer(target: Target, document: Document) -> str:
    """Describe the response to a client without a certificate, or the closed connection."""
    outcome = _probe(target, document)[0]
    target.close()
    if isinstance(outcome, NoResponse):
        # The kind of failure depends on the TLS version, and on timing.
        return "closes the connection"
    return f"returns {outcome.status}"


def _hints(target: Target, document: Document, outcomes: Sequence[Outcome]) -> list[str]:
    """Return hints at likely mistakes: pages or redirects only, or unexpected 401 and 403."""
    statuses = {status_of(outcome) or 0 for outcome in outcomes}
    if _paths(document) and all(map(_is_page, outcomes)) and not _has_pages(document):
        return [
            f"{target.name} returns an HTML page for every request: is this the API, and is "
            f"{target.base_url} its base URL?"
        ]
    pages = set(map(_page, outcomes))
    page = pages.pop()
    if page and not pages and _paths(document):
        return [
            f"{target.name} redirects every request to {page}: does it require a login? "
            f"{user_lines(document)}"
        ]
    is_free = any(not operation.requires_auth for operation in _readable(document)[:_MAX_PROBES])
    if not is_free or not statuses <= {401, 403}:
        return []
    shown = " and ".join(map(str, sorted(statuses)))
    return [
        f"{target.name} returns {shown} for every request, even where the document requires no "
        "credentials: give them with --header 'Authorization: Bearer …'. "
        f"{user_lines(document)}"
    ]


def _page(outcome: Outcome) -> str:
    """Return where a response redirects to, empty if it does not."""
    is_redirect = status_of(outcome) in (301, 302, 303, 307, 308)
    if not isinstance(outcome, Response) or not is_redirect:
        return ""
    return outcome.header("location") or ""


def _is_page(outcome: Outcome) -> bool:
    return (
        isinstance(outcome, Response) and outcome.media_type == "text/html" and bool(outcome.body)
    )


def _has_pages(document: Document) -> bool:
    """Whether the probed operations may return HTML."""
    return any(
        answer.content_for("text/html") is not None
        for operation in _readable(document)[:_MAX_PROBES]
        for answer in operation.responses.values()
    )


LOST = "404 to every documented path"


def _answers(target: Target, document: Document) -> bool:
    """Whether a target has no fault at its current URL."""
    found = not _fault(target, document, _probe(target, document))
    return found and not _is_unknown(target, document)


def _is_unknown(target: Target, document: Document) -> bool:
    """Whether a target knows no path of a document without simple reads, such as one of RPCs."""
    if _paths(document):
        return False
    plain = {one.target for one in document.operations.values() if "{" not in one.path}
    asked = [Request("OPTIONS", path) for path in sorted(plain)[:_MAX_PROBES]]
    return bool(asked) and {status_of(target.send(each)) for each in asked} == {404}


def _is_moved(target: Target, document: Document) -> bool:
    """Move a target without a path to the document's base path; undo it if that does not help."""
    given = target.base_url
    if given != target.origin or not document.base_path:
        return False
    target.move(given + document.base_path)
    if _answers(target, document):
        return True
    target.move(given)
    return False


def _readable(document: Document) -> list[Operation]:
    """Return the GET operations without parameters, those without log-in first, streams last."""
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
    failures = 0
    for path in _paths(document) or ["/"]:
        outcomes.append(target.send(Request("GET", path)))
        if _is_silent(outcomes[-1]):
            failures += 1
            if not _is_of_one_operation(outcomes[-1]) or failures == _MAX_FAILURES:
                break
    return outcomes


def _fault(target: Target, document: Document, outcomes: Sequence[Outcome]) -> str:
    silent = [outcome for outcome in outcomes if _is_silent(outcome)]
    first = silent[0] if silent else outcomes[0]
    is_reached = len(silent) < len(outcomes) and all(map(_is_of_one_operation, silent))
    if isinstance(first, NoResponse) and silent and not is_reached:
        return connection_fault(target, first)
    answers = [outcome for outcome in outcomes if isinstance(outcome, Response)]
    if not answers:
        return ""
    if scheme := scheme_fault(target, answers):
        return scheme
    moved = _elsewhere(target, answers[0])
    if moved and all(_elsewhere(target, answer) for answer in answers):
        return f"it redirects to {moved}: use that URL"
    statuses = {answer.status for answer in answers}
    if all(status >= 500 for status in statuses):
        return f"it returns {min(statuses)} for every request: see its log"
    if statuses == {429}:
        return "it returns 429 for every request: raise its rate limit for the run"
    if statuses == {404} and _paths(document):
        return LOST
    return ""


def _is_silent(outcome: Outcome) -> bool:
    """Whether no response came, not even an incomplete one."""
    begun = isinstance(outcome, NoResponse) and outcome.reason in _BEGUN and outcome.count > 0
    return isinstance(outcome, NoResponse) and not begun


def _is_of_one_operation(outcome: Outcome) -> bool:
    """Whether a failure may concern one operation alone, while others respond."""
    return isinstance(outcome, NoResponse) and outcome.reason not in _UNREACHED


def _elsewhere(target: Target, answer: Response) -> str:
    """Return the origin of another server that a response redirects to, otherwise empty."""
    location = answer.header("location") or ""
    parts, own = urlsplit(location), urlsplit(target.base_url)
    if not 300 <= answer.status < 400 or not parts.netloc:
        return ""
    other = (parts.scheme, parts.netloc) != (own.scheme, own.netloc)
    return f"{parts.scheme}://{parts.netloc}" if other else ""
