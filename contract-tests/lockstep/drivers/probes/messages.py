"""Bodies that cannot be read, and media types that are not documented."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lockstep.drivers.probes.trial import Change, Probe, Trial
from lockstep.transport.messages import Request

_UNREADABLE, _EMPTY, _OTHER_TYPE, _OTHER_JSON, _NO_TYPE = 14, 15, 15, 17, 18
_UNKNOWN_TYPE = "application/x-lockstep"


def message_probes(trial: Trial) -> Iterator[Probe]:
    """The probes for the body of an operation as a whole."""
    media = trial.media
    if media is None:
        return
    if media.kind == "json":
        yield _probe(trial, _UNREADABLE, "a body that ends too soon", _body(b"{"))
        yield _probe(trial, _OTHER_JSON, "null as the body", _body(b"null"))
        yield _probe(trial, _OTHER_JSON, "a list as the body", _body(b"[]"))
        yield _probe(trial, _OTHER_JSON, "a body that is not UTF-8", _body(b'{"a":"\xff"}'))
        yield _probe(trial, _OTHER_TYPE, "another media type", _typed("text/plain"))
    else:
        yield _probe(trial, _OTHER_TYPE, "another media type", _typed("application/json"))
    yield _probe(trial, _EMPTY, "an empty body", _body(b""))
    yield _probe(trial, _NO_TYPE, "an unknown media type", _typed(_UNKNOWN_TYPE))
    yield _probe(trial, _NO_TYPE, "no media type", _untyped)


def _probe(trial: Trial, rank: int, reason: str, change: Change) -> Probe:
    return Probe(rank, reason, lambda: trial.send(change(trial.request())))


def _body(data: bytes) -> Change:
    return lambda request: replace(request, body=data)


def _typed(media_type: str) -> Change:
    return lambda request: request.with_header("Content-Type", media_type)


def _untyped(request: Request) -> Request:
    return request.without_header("Content-Type")
