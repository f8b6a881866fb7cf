"""Probes with unreadable bodies, and undocumented media types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lockstep.drivers.probes.trial import Change, Probe, Send, Trial
from lockstep.drivers.walk.bodies import Style
from lockstep.drivers.walk.media import Media, content
from lockstep.drivers.walk.outcomes import succeeded
from lockstep.transport.messages import Request

_UNREADABLE, _EMPTY, _OTHER_TYPE, _CONTENT, _OTHER_JSON, _NO_TYPE = 14, 15, 15, 16, 17, 18
_UNKNOWN_TYPE = "application/x-lockstep"


def message_probes(trial: Trial) -> Iterator[Probe]:
    """Yield the probes for an operation's body as a whole."""
    media = trial.media
    if media is None:
        return
    if media.kind in ("json", "lines"):
        yield _probe(trial, _UNREADABLE, "a body that ends too soon", _body(b"{"))
        yield _probe(trial, _OTHER_JSON, "null as the body", _body(b"null"))
        yield _probe(trial, _OTHER_JSON, "a list as the body", _body(b"[]"))
        yield _probe(trial, _OTHER_JSON, "a body that is not UTF-8", _body(b'{"a":"\xff"}'))
        yield _probe(trial, _OTHER_TYPE, "another media type", _typed("text/plain"))
    else:
        yield _probe(trial, _OTHER_TYPE, "another media type", _typed("application/json"))
    if not media.has_members:
        for style in (Style.FULL, Style.ODD, Style.BLANK):
            yield Probe(_CONTENT, f"a {style.value} content", _content(trial, media, style))
    yield _probe(trial, _EMPTY, "an empty body", _body(b""))
    yield _probe(trial, _NO_TYPE, "an unknown media type", _typed(_UNKNOWN_TYPE))
    yield _probe(trial, _NO_TYPE, "no media type", _untyped)


def _content(trial: Trial, media: Media, style: Style) -> Send:
    """Return a function that sends a body, then reads the resource."""

    def send() -> object:
        client, operation = trial.maker.client, trial.operation
        values = dict(trial.values())
        document = client.document
        trial.send(trial.request(content(document, media, style), values), values)
        for method in ("GET", "HEAD"):
            reader = document.find(method, operation.path)
            if reader is not None and reader.path == operation.path:
                return client.send(reader, values, client.request(reader, values), trial.actor)
        return None

    return send


def _probe(trial: Trial, rank: int, reason: str, change: Change) -> Probe:
    def send() -> object:
        values = dict(trial.values())
        exchange = trial.send(change(trial.request(values=values)), values)
        if trial.media is None or trial.media.has_members or succeeded(exchange):
            return exchange
        # A refused request must not have had an effect.
        return trial.send(trial.request(values=values), values)

    return Probe(rank, reason, send)


def _body(data: bytes) -> Change:
    return lambda request: replace(request, body=data)


def _typed(media_type: str) -> Change:
    return lambda request: request.with_header("Content-Type", media_type)


def _untyped(request: Request) -> Request:
    return request.without_header("Content-Type")
