"""Reads what a response names: the article of an order, say, which is in stock again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from lockstep.drivers.walk.client import Client
from lockstep.drivers.walk.filtered_lists import Filtered, filtered_lists
from lockstep.drivers.walk.items import parameters_of
from lockstep.drivers.walk.repeatable import changes_state
from lockstep.openapi.naming import is_id, split, words
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import Exchange
from lockstep.transport.json_bodies import json_of
from lockstep.transport.messages import Response

# Maximum number of resources, and of lists, that are read for a response.
_MOST = 2


def look_at_named(client: Client, exchange: Exchange) -> int:
    """Read what a response names, and the lists of what belongs to it; returns how many reads."""
    answer = exchange.leader
    body = json_of(answer.body) if isinstance(answer, Response) else None
    parts = exchange.request.path.partition("?")[0].split("/")
    found = (*islice(_resources(client, body, parts), _MOST), *_lists(client, body, parts))
    for operation, values, query in found:
        request = client.request(operation, values, query=query)
        client.send(operation, values, request, client.mine)
    return len(found)


def _resources(
    client: Client, body: Any, parts: list[str]
) -> Iterator[tuple[Operation, dict[str, str], dict[str, str]]]:
    """Yield the reads of the resources that a body names by their ids, unless its path does."""
    for operation in client.document.operations.values():
        name = next(iter(parameters_of(operation.path)), "")
        plain = operation.method == "GET" and operation.path.endswith("/{" + name + "}")
        if not plain or not (is_id(name) and split(name)[0]) or changes_state(operation):
            continue
        value = next(_values_of(body, name), "")
        if value and value not in parts:
            yield operation, {name: value}, {}


def _lists(
    client: Client, body: Any, parts: list[str]
) -> Iterator[tuple[Operation, dict[str, str], dict[str, str]]]:
    """Yield the reads of a few lists, limited to what a body names: the stock of an article."""
    found: dict[str, Filtered] = {}
    for operation, name, _ in filtered_lists(client):
        value = next(_values_of(body, name), "")
        if value and value not in parts:
            found.setdefault(operation.name, (operation, {name: value}))
    yield from ((operation, {}, query) for operation, query in islice(found.values(), _MOST))


def _values_of(node: Any, name: str) -> Iterator[str]:
    """The values of the members of this name at any depth."""
    if isinstance(node, Mapping):
        for key, member in node.items():
            if words(key) == words(name) and isinstance(member, str | int):
                yield str(member)
            yield from _values_of(member, name)
    elif isinstance(node, list):
        for element in node:
            yield from _values_of(element, name)
