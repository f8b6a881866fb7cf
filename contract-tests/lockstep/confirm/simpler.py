"""Simpler versions of one request, the largest reductions first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lockstep.transport import literals
from lockstep.transport.literals import Number
from lockstep.transport.messages import Request


def simpler(request: Request) -> Iterator[Request]:
    """Yield smaller requests: with less in the query, the header fields or the body."""
    yield from _queries(request)
    yield from _headers(request)
    yield from _bodies(request)


def _queries(request: Request) -> Iterator[Request]:
    path, mark, query = request.path.partition("?")
    if not mark:
        return
    yield replace(request, path=path)
    parts = query.split("&")
    for at in range(len(parts)) if len(parts) > 1 else ():
        kept = "&".join(parts[:at] + parts[at + 1 :])
        yield replace(request, path=f"{path}?{kept}")


def _headers(request: Request) -> Iterator[Request]:
    plain = tuple(item for item in request.headers if item[0].lower() == "content-type")
    if len(plain) < len(request.headers) - 1:
        yield replace(request, headers=plain)
    for at, (name, _) in enumerate(request.headers):
        # Without its media type a body is a different request, and seldom a simpler one.
        if request.body is None or name.lower() != "content-type":
            yield replace(request, headers=request.headers[:at] + request.headers[at + 1 :])


def _bodies(request: Request) -> Iterator[Request]:
    if not request.body:
        return
    yield replace(request, body=None)
    try:
        value = literals.parse(request.body)
    except ValueError:
        return
    plain = literals.show(value).encode("utf-8", "surrogatepass")
    if len(plain) < len(request.body):
        yield replace(request, body=plain)
    for smaller in _smaller(value):
        yield replace(request, body=literals.show(smaller).encode("utf-8", "surrogatepass"))


def _smaller(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for name in value:
            yield {key: member for key, member in value.items() if key != name}
        for name, member in value.items():
            for less in _smaller(member):
                yield {**value, name: less}
    elif isinstance(value, list):
        yield from _shorter_lists(value)
    elif isinstance(value, str):
        yield from _shorter_texts(value)
    elif isinstance(value, Number):
        yield from _smaller_numbers(value)


def _shorter_lists(value: list[Any]) -> Iterator[list[Any]]:
    if value:
        yield []
    if len(value) > 2:
        yield value[: len(value) // 2]
    for at in range(len(value)) if len(value) > 1 else ():
        yield value[:at] + value[at + 1 :]
    for at, element in enumerate(value):
        for less in _smaller(element):
            yield [*value[:at], less, *value[at + 1 :]]


def _shorter_texts(value: str) -> Iterator[str]:
    if len(value) > 1:
        yield value[0]
    if len(value) > 3:
        yield value[: len(value) // 2]
        yield value[len(value) // 2 :]
    if len(value) > 1:
        yield value[:-1]
    plain = "".join("a" if character.isalnum() else character for character in value)
    if plain != value and value.isascii():
        yield plain


def _smaller_numbers(value: Number) -> Iterator[Number]:
    try:
        number = float(value.text)
    except ValueError:
        return
    for less in ("0", "1", str(int(number / 2)) if abs(number) < 2**63 else "1"):
        if abs(float(less)) < abs(number):
            yield Number(less)
