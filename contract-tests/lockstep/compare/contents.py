"""Compares bodies that are no JSON: streams, XML, forms, parts, tables, downloads, texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lockstep.bodies.contents import events, frames, head, json_or_text, kind_of, lines, read
from lockstep.bodies.fields import plain, traits
from lockstep.bodies.sequences import Event, common
from lockstep.compare.parsed import first_difference
from lockstep.compare.walker import Place, Walker
from lockstep.matching.difference import Difference
from lockstep.transport.downloads import is_binary, whole
from lockstep.transport.literals import Object
from lockstep.transport.messages import Response

Pair = tuple[Response, Response]
# Whether two bodies that are not equal byte for byte are equivalent texts.
SameText = Callable[[bytes, bytes], bool]
# An event's id identifies the event, not a resource of the API.
_EVENT = "server-sent event"
# A body with a binary media type may still be text; a longer one is not decoded as such.
_MOST_TEXT = 65_536


def compare_contents(
    answers: Pair, walker: Walker, place: Place, same_text: SameText
) -> Iterator[Difference]:
    """Yield every difference between two bodies, read according to their media types."""
    left, right = answers
    types = [answer.header("content-type") for answer in answers]
    kinds = [kind_of(each) for each in types]
    if not (left.body or right.body):
        return
    if kinds[0] == kinds[1] != "":
        try:
            _READERS.get(kinds[0], _documents)(answers, walker, place)
        except _UnreadableError as error:
            if error.sides:
                yield Difference("type", "body", *error.sides)
            else:
                yield from _texts(answers, same_text)
            return
        yield from walker.differences
        if kinds[0] == "table" and not walker.differences:
            # How cells are quoted and lines end is what its readers depend on.
            yield from _texts(answers, same_text)
    elif left.whole or right.whole or all(map(is_binary, types)):
        yield from _downloads(answers, same_text)
    else:
        yield from _texts(answers, same_text)


class _UnreadableError(Exception):
    """A body does not match its media type; `sides` describes both, `None` if neither does."""

    def __init__(self, sides: tuple[str, str] | None) -> None:
        super().__init__(sides)
        self.sides = sides


def _documents(answers: Pair, walker: Walker, place: Place) -> None:
    def content(answer: Response) -> Any:
        if answer.whole and kind_of(answer.header("content-type")) == "table":
            raise ValueError("it is too long")
        return read(answer.header("content-type"), answer.body)

    left, right = _each(answers, content)
    known = {*traits(left), *traits(right)}
    walker.compare(plain(left, known), plain(right, known), place)


def _lines(answers: Pair, walker: Walker, place: Place) -> None:
    ours, theirs = common(lines(answers[0]), lines(answers[1]), _cut(answers))
    walker.compare(list(ours), list(theirs), place)


def _frames(answers: Pair, walker: Walker, place: Place) -> None:
    left, right = _each(answers, frames)
    ours, theirs = common(left, right, _cut(answers))
    known = {*traits(ours), *traits(theirs)}
    walker.compare(plain(list(ours), known), plain(list(theirs), known), place)


def _events(answers: Pair, walker: Walker, place: Place) -> None:
    """Compare events in order: the order of a stream is part of its meaning."""
    (ours, beats), (theirs, others) = map(events, answers)
    _sequence(*common(ours, theirs, _cut(answers)), walker, place)
    # Heartbeats depend on the clock, independently of all other events.
    _sequence(*common(beats, others, (True, True)), walker, place)


def _sequence(ours: Sequence[Event], theirs: Sequence[Event], walker: Walker, place: Place) -> None:
    walker.counted(len(ours), len(theirs), place.path)
    for at, (one, other) in enumerate(zip(ours, theirs, strict=False)):
        path = (*place.path, at)
        walker.compare(_head(one), _head(other), Place(path, owner=_EVENT))
        if one.data is not None and other.data is not None:
            inside = Place((*path, "data"), owner=place.owner)
            walker.compare(json_or_text(one.data), json_or_text(other.data), inside)
        elif one.data != other.data:
            walker.compare(_data(one), _data(other), Place(path, owner=place.owner))


def _head(event: Event) -> Object:
    return Object(list(head(event).items()))


def _data(event: Event) -> Object:
    return Object([("data", json_or_text(event.data))] if event.data is not None else [])


_READERS = {"lines": _lines, "frames": _frames, "events": _events}


def _cut(answers: Pair) -> tuple[bool, bool]:
    return answers[0].cut, answers[1].cut


def _each(answers: Pair, content: Callable[[Response], Any]) -> list[Any]:
    """Return both parsed bodies; raise `_UnreadableError` if one of them cannot be parsed."""
    found: list[Any] = []
    faults: list[str] = []
    for answer in answers:
        kind = kind_of(answer.header("content-type"))
        try:
            found.append(content(answer))
            faults.append("")
        except ValueError as error:
            faults.append(f"no {kind} ({error})" if answer.body else "no body")
    if all(faults):
        raise _UnreadableError(None)
    if any(faults):
        kind = kind_of(answers[0].header("content-type"))
        raise _UnreadableError((faults[0] or kind, faults[1] or kind))
    return found


def _downloads(answers: Pair, same_text: SameText) -> Iterator[Difference]:
    """Compare by length and digest, not byte by byte."""
    ours, theirs = (answer.whole or whole(answer.body) for answer in answers)
    if ours == theirs:
        return
    bodies = [answer.body for answer in answers]
    short = not any(answer.whole for answer in answers) and len(max(bodies, key=len)) <= _MOST_TEXT
    if not (short and all(map(_is_text, bodies)) and same_text(*bodies)):
        yield Difference("bytes", "body", str(ours), str(theirs))


def _texts(answers: Pair, same_text: SameText) -> Iterator[Difference]:
    ours, theirs = (answer.body for answer in answers)
    if ours == theirs or same_text(ours, theirs):
        return
    if _is_text(ours) and _is_text(theirs):
        yield Difference("bytes", "body", *first_difference(ours, theirs))
    else:
        yield Difference("bytes", "body", str(whole(ours)), str(whole(theirs)))


def _is_text(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in body
