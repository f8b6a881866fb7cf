"""Whose thing a request is about, as far as its sequence shows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lockstep.explain.requests import path_values
from lockstep.openapi.operations import Operation
from lockstep.results.trace import Exchange
from lockstep.transport.messages import Response, status_of


@dataclass(frozen=True, slots=True)
class ResourceContext:
    """What the request of a finding names; `thing` is for people and empty for plain requests."""

    thing: str = ""
    foreign: bool = False


def resource_context_of(
    operation: Operation | None, sequence: Sequence[Exchange]
) -> ResourceContext:
    """Who made the thing in the path of the last request, and whether it was deleted since."""
    if operation is None or not sequence or "{" not in operation.path:
        return ResourceContext()
    last = sequence[-1]
    plain = last.request.path.partition("?")[0]
    values = path_values(operation.path, plain)
    if not values:
        return ResourceContext()
    noun = _noun(operation.path)
    made = [_maker(sequence[:-1], value) for value in values.values()]
    makers = [maker for maker in made if maker is not None]
    if any(_deletes(exchange, plain) for exchange in sequence[:-1]):
        return ResourceContext(f"{noun} that was deleted")
    if any(maker.request.actor != last.request.actor for maker in makers):
        return ResourceContext(f"{noun} of another user", foreign=True)
    if None in made:
        return ResourceContext(f"{noun} that no request of the sequence made")
    return ResourceContext()


def _maker(sequence: Sequence[Exchange], value: str) -> Exchange | None:
    for exchange in sequence:
        answer = exchange.leader
        named = value in exchange.request.path
        if isinstance(answer, Response) and not named and value in _leaves(_json(answer)):
            return exchange
    return None


def _deletes(exchange: Exchange, path: str) -> bool:
    status = status_of(exchange.leader) or 0
    return exchange.request.method == "DELETE" and status < 300 and path == exchange.request.path


def _json(answer: Response) -> Any:
    try:
        return json.loads(answer.body)
    except ValueError:
        return None


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for member in value.values():
            yield from _leaves(member)
    elif isinstance(value, list):
        for element in value:
            yield from _leaves(element)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _noun(path: str) -> str:
    """`a task` for `/tasks/{id}`: the word before the last parameter, in the singular."""
    before = path.rpartition("/{")[0]
    word = before.rpartition("/")[2].replace("-", " ").replace("_", " ")
    if not word or "{" in word:
        return "a thing"
    if word.endswith("ies"):
        word = word[:-3] + "y"
    elif word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"
