"""Finds the API among all requests that a browser or a proxy recorded."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterator, Sequence
from urllib.parse import quote, urlsplit

from lockstep.openapi.document import Document
from lockstep.recordings.recording import (
    NOWHERE,
    Captured,
    Recording,
    RecordingError,
    Step,
    origin_of,
)
from lockstep.transport.messages import Request, Response

_KEPT = "".join(set(string.printable) - set(string.whitespace))


def narrow(
    captured: Sequence[Captured], document: Document, title: str, base_url: str | None = None
) -> Recording:
    """Return the requests to the API only, with the base path removed from their paths.

    Without a `base_url` the origin and base path are used under which most of the requests match
    operations of the document. Raises `RecordingError` if nothing is left.
    """
    if not captured:
        raise RecordingError(f"{title}: no request was recorded")
    base = _plain(base_url.rstrip("/")) if base_url else likeliest_base(captured, document)
    if base is None:
        raise RecordingError(
            f"{title}: no recorded request matches an operation of the document; the first one is "
            f"{captured[0].method} {_shown(captured[0].url)}"
        )
    steps: list[Step] = []
    unsent: list[str] = []
    elsewhere = undocumented = 0
    for entry in captured:
        path = _below(base, entry.url)
        if path is None:
            elsewhere += 1
        elif document.template(path) is None:
            undocumented += 1
        elif entry.missing:
            unsent.append(f"{entry.name} ({entry.method} {path}) left out: {entry.missing}")
        else:
            request = Request(entry.method, path, entry.headers, entry.body)
            steps.append(Step(request, entry.answer, entry.partial, name=entry.name))
    if not steps:
        why = (
            unsent[0].replace(" left out", "") if unsent else f"no recorded request is below {base}"
        )
        raise RecordingError(f"{title}: {why}")
    notes = [*_notes(base, elsewhere, undocumented), *unsent, *_unanswered(steps)]
    return Recording(title, tuple(steps), base, tuple(notes), unsent=len(unsent))


def _notes(base: str, elsewhere: int, undocumented: int) -> Iterator[str]:
    yield f"taken for the API: {base.removeprefix(NOWHERE) or '/'}"
    if elsewhere:
        yield f"{_requests(elsewhere)} to other places left out"
    if undocumented:
        yield f"{_requests(undocumented)} left out whose path is not in the document"


def _unanswered(steps: Sequence[Step]) -> Iterator[str]:
    count = sum(not isinstance(step.answer, Response) for step in steps)
    if count:
        yield f"{_requests(count)} without a recorded response: only the targets are compared"


def _requests(count: int) -> str:
    return f"{count:,} request{'' if count == 1 else 's'}"


def likeliest_base(captured: Sequence[Captured], document: Document) -> str | None:
    """Return the origin and base path under which most requests match operations."""
    scores: Counter[str] = Counter()
    for entry in captured:
        for base, score in _candidates(entry, document):
            scores[base] += score
    # On a tie the shortest wins: it leaves most of the path to the document.
    return max(scores, key=lambda base: (scores[base], -len(base)), default=None)


def _candidates(entry: Captured, document: Document) -> Iterator[tuple[str, int]]:
    """Yield every base under which a request matches; literal segments increase the score."""
    parts = urlsplit(entry.url)
    origin = origin_of(entry.url) or f"{parts.scheme}://{parts.netloc}"
    segments = parts.path.split("/")[1:]
    for count in range(len(segments)):
        path = "/" + "/".join(segments[count:])
        operation = document.find(entry.method, path)
        if operation is not None:
            literals = [part for part in operation.path.split("/") if part and "{" not in part]
            yield "/".join([origin, *segments[:count]]), 1 + 2 * len(literals)


def _shown(url: str) -> str:
    """Return a URL for messages, without its query, which may hold secrets."""
    return url.partition("?")[0].removeprefix(NOWHERE)


def _plain(url: str) -> str:
    """Return a URL with a lower-case host and without the default port of its scheme."""
    _, separator, rest = url.partition("://")
    authority = re.match(r"[^/?#]*", rest)
    origin = origin_of(url)
    if not separator or authority is None or origin is None:
        return url
    return origin + rest[authority.end() :]


def _below(base: str, url: str) -> str | None:
    """Return the raw path and query of a URL below a base; `None` if it is elsewhere."""
    plain = _plain(url.partition("#")[0])
    if not plain.startswith(base) or plain[len(base) : len(base) + 1] not in ("", "/", "?"):
        return None
    path = plain[len(base) :]
    return quote(path if path.startswith("/") else "/" + path, safe=_KEPT, errors="surrogateescape")
