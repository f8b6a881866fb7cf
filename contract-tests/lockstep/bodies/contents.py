"""Parses bodies of each media type into values that can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl

from lockstep.bodies.fields import Fields
from lockstep.bodies.multipart import Part, parse_parts
from lockstep.bodies.sequences import Event, parse_events, parse_lines
from lockstep.bodies.tables import is_table, parse_table
from lockstep.bodies.xml import is_xml, parse_xml
from lockstep.transport import literals
from lockstep.transport.downloads import is_binary, whole
from lockstep.transport.literals import Number
from lockstep.transport.messages import Response
from lockstep.transport.streams import EVENT_STREAM, REPLACED, bare, is_json_sequence, parameter

FORM = "application/x-www-form-urlencoded"
_FORM_DATA = "multipart/form-data"


def kind_of(content_type: str | None) -> str:
    """`XML`, `form`, `multipart`, `table`, `events`, `lines`, `frames`; empty for other texts."""
    plain = bare(content_type)
    if plain == EVENT_STREAM:
        return "events"
    if is_json_sequence(plain):
        return "lines"
    if is_xml(plain):
        return "XML"
    if plain == FORM:
        return "form"
    if is_table(content_type):
        return "table"
    if plain == REPLACED:
        return "frames"
    return "multipart" if plain.startswith("multipart/") else ""


def read(content_type: str | None, body: bytes) -> Any:
    """The content of XML, a form, parts or a table, still to be made `plain`.

    `ValueError` where it is none of these.
    """
    match kind_of(content_type):
        case "XML":
            root = parse_xml(body, parameter(content_type, "charset"))
            return {root.name: root}
        case "form":
            text = body.decode("utf-8", "surrogateescape")
            return Fields(tuple(parse_qsl(text, keep_blank_values=True, errors="replace")))
        case "table":
            return parse_table(content_type, body)
        case "multipart":
            parts = parse_parts(content_type, body)
            if bare(content_type) == _FORM_DATA and all(part.name is not None for part in parts):
                return Fields(tuple((part.name or "", _content(part)) for part in parts))
            return list(map(_content, parts))
    raise ValueError("neither XML, form nor multipart")


def frames(response: Response) -> list[Any]:
    """Return the parts of `multipart/x-mixed-replace`, each of which replaces the previous one."""
    content_type = response.header("content-type")
    parts = parse_parts(content_type, response.body, cut=True)
    return list(map(_content, parts))


def events(response: Response) -> tuple[list[Event], list[Event]]:
    """Return the events of a stream and, separately, its heartbeats.

    If there are only heartbeats, they are returned as events.
    """
    every = parse_events(response.body.decode("utf-8", "replace"))
    others = [event for event in every if not event.is_heartbeat]
    if not others:
        return every, []
    return others, [event for event in every if event.is_heartbeat]


def lines(response: Response) -> list[Any]:
    """Return the values of a JSON sequence; an item that is not JSON is a string."""
    text = response.body.decode("utf-8", "surrogateescape")
    return list(map(json_or_text, parse_lines(text, cut=response.cut)))


def json_or_text(text: str) -> Any:
    """Parse a text as JSON; return it unchanged if it is not JSON."""
    try:
        return literals.parse(text.encode("utf-8", "surrogatepass"))
    except ValueError:
        return text


def head(event: Event) -> dict[str, Any]:
    """Return the fields of an event except its data."""
    found: dict[str, Any] = {"event": event.type} if event.type is not None else {}
    found |= {"id": event.id} if event.id is not None else {}
    return found | ({"retry": Number(event.retry)} if event.retry is not None else {})


def data(several: Sequence[Event]) -> Iterator[Any]:
    """Yield the data of events, parsed if it is JSON."""
    return (json_or_text(event.data) for event in several if event.data is not None)


def _content(part: Part) -> Any:
    if part.is_plain:
        return _text(part.body)
    found: dict[str, Any] = {} if part.filename is None else {"filename": part.filename}
    if part.content_type is not None:
        found["type"] = part.content_type.strip().lower().partition("; boundary")[0]
    found["data"] = _value(part.content_type, part.body)
    return found


def _value(content_type: str | None, body: bytes) -> Any:
    if "json" in bare(content_type):
        return json_or_text(body.decode("utf-8", "surrogateescape"))
    if is_binary(content_type):
        return whole(body)
    try:
        return read(content_type, body)
    except ValueError:
        return _text(body)


def _text(body: bytes) -> Any:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return whole(body)
