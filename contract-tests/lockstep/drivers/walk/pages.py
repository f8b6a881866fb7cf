"""Finds the next page of a list, for several styles of pagination."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lockstep.auth.bodies import kind_of_value
from lockstep.drivers.walk.parameters import Declared
from lockstep.drivers.walk.queries import Query
from lockstep.openapi.naming import is_id
from lockstep.results.counts import total_of
from lockstep.results.grounding import list_elements, parsed
from lockstep.transport.messages import Response

_SIZE = re.compile(r"limit|size|per_?page|count|first|top|take|max_?(results|items)", re.I)
_NUMBER = re.compile(r"page(_?(number|no|num|index))?|p", re.I)
_CURSOR = re.compile(r"cursor|(page_?)?token|continu|after|next|marker|bookmark", re.I)
_AFTER = re.compile(r"(starting_?)?after(_?id)?|since_?id|marker|last_?id", re.I)
_NEXT = re.compile(r"next|cursor|continu|more", re.I)
# RFC 8288; a link may have several relation types.
_LINK = re.compile(r'<([^>]*)>[^,<]*;\s*rel="?[^",]*\bnext\b')
_DEEPEST = 3
# Maximum size and number of large pages.
_LARGEST, _MOST_PAGES = 100, 3


def first_page(parameters: Sequence[Declared]) -> Query:
    """Return the query for a page with one element; empty if the document has no such parameter."""
    sizes = (
        each
        for each in parameters
        if each.location == "query" and _SIZE.search(each.name) and _is_integer(each)
    )
    return next(({each.name: str(max(1, each.schema.get("minimum", 1)))} for each in sizes), {})


def whole_page(answer: Response, parameters: Sequence[Declared]) -> Query | None:
    """Return the query for a page that ends with the last element, as nothing follows it then.

    It is the last of several pages of the same size if a page may not have all elements. `None` if
    the response does not show the number of elements, or if there is no such page.
    """
    size, number = next(iter(first_page(parameters)), None), _page_number(parameters)
    total, most = total_of(answer), _most(parameters, size)
    if size is None or total < 2:
        return None
    if total <= most:
        return {size: str(total)}
    found = next((each for each in range(most, 1, -1) if total % each == 0), None)
    if found is None or number is None:
        return None
    return {size: str(found), **_numbered(number, total // found)}


def all_pages(answer: Response, parameters: Sequence[Declared]) -> list[Query]:
    """Return the queries for all elements of a list, in few and large pages.

    Empty if the response does not show their number, or shows all of them.
    """
    size, number = next(iter(first_page(parameters)), None), _page_number(parameters)
    total, most = total_of(answer), min(_LARGEST, _most(parameters, size))
    if size is None or total <= len(list(list_elements(answer))) or most < 1:
        return []
    several = range(1, min(_MOST_PAGES, -(-total // most)) + 1) if number is not None else (1,)
    return [{size: str(most), **(_numbered(number, at) if number else {})} for at in several]


def largest_page(parameters: Sequence[Declared]) -> Query:
    """Return the query for a page as large as the document allows, empty if it tells no maximum."""
    size = next(iter(first_page(parameters)), None)
    most = _maximum(parameters, size)
    return {size: str(min(_LARGEST, most))} if size is not None and most is not None else {}


def _most(parameters: Sequence[Declared], size: str | None) -> int:
    """Return the largest size of a page, as far as the document tells."""
    most = _maximum(parameters, size)
    return 10_000 if most is None else most


def _maximum(parameters: Sequence[Declared], size: str | None) -> int | None:
    most = next((each.schema.get("maximum") for each in parameters if each.name == size), None)
    return most if isinstance(most, int) else None


def _page_number(parameters: Sequence[Declared]) -> Declared | None:
    named = (each for each in parameters if each.location == "query" and _is_integer(each))
    return next((each for each in named if _NUMBER.fullmatch(each.name)), None)


def _numbered(parameter: Declared, page: int) -> Query:
    """Return the query for a page by its number, from 1; a document may count from 0."""
    is_from_0 = 0 in (parameter.schema.get("minimum"), parameter.schema.get("default"))
    return {parameter.name: str(page - 1 if is_from_0 else page)}


def next_page(answer: Response, parameters: Sequence[Declared], asked: Query) -> Query | None:
    """Return the query for the next page, `None` if there is none.

    It is taken from a link in the header fields or the body, a cursor, or the id of the last
    element, to be sent in a parameter such as `after`.
    """
    link = _LINK.search(answer.header("link") or "")
    if link is not None:
        return _query_of(link[1])
    names = [each.name for each in parameters if each.location == "query"]
    cursor = next(filter(_CURSOR.search, names), None)
    for value in _next_values(parsed(answer), _DEEPEST):
        if isinstance(value, str) and re.match(r"https?:|[/?]", value):
            return _query_of(value)
        if cursor is not None:
            return {**asked, cursor: str(value)}
    after = next(filter(_AFTER.fullmatch, names), None)
    last: dict[str, Any] = next(reversed(list(list_elements(answer))), {})
    name = next((text for member, value in last.items() if (text := _id(member, value))), None)
    return {**asked, after: name} if after is not None and name is not None else None


def _is_integer(parameter: Declared) -> bool:
    return kind_of_value(parameter.schema) == "integer"


def _id(member: str, value: Any) -> str | None:
    known = is_id(member) and isinstance(value, str | int) and not isinstance(value, bool)
    return str(value) if known else None


def _next_values(node: Any, depth: int) -> Iterator[str | int]:
    """Yield the values of members about a next page, the outer ones first."""
    members = node.items() if isinstance(node, Mapping) else ()
    for name, value in members:
        given = isinstance(value, str | int) and not isinstance(value, bool) and value
        if given and _NEXT.search(name):
            yield value
    for name, value in members if depth else ():
        if isinstance(value, Mapping):
            inner = value.get("href") if _NEXT.search(name) else None
            yield from ([inner] if isinstance(inner, str) else _next_values(value, depth - 1))


def _query_of(link: str) -> Query | None:
    return dict(parse_qsl(urlsplit(link).query, keep_blank_values=True)) or None
