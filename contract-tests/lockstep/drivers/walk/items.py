"""What a walk has made, and how other requests name it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from lockstep.openapi.naming import noun, split
from lockstep.transport.messages import Response

_PARAMETER = re.compile(r"\{([^}]+)\}")


@dataclass(frozen=True, slots=True)
class Item:
    """Something that a request made: what the leader answered, and what its path named.

    `family` is what it is, such as `task`; `actor` the name of the user who made it.
    """

    family: str
    actor: str
    shown: Mapping[str, Any]
    outer: Mapping[str, str]
    location: str = ""

    def value(self, parameter: str) -> str | None:
        """What a path parameter is to hold to name the item."""
        about, attribute = split(parameter)
        names = (parameter, attribute, "id", f"{about or self.family}_id")
        for name in names:
            found = self.shown.get(name)
            if isinstance(found, str | int) and not isinstance(found, bool):
                return str(found)
        return unquote(self.location.rstrip("/").rpartition("/")[2]) or None

    def member(self, name: str) -> str | None:
        """A value of the item that may stand for a query parameter of this name."""
        found = next(_named(self.shown, noun(name)), None)
        if isinstance(found, list):
            found = found[0] if found else None
        if isinstance(found, Mapping):
            texts = (value for value in found.values() if isinstance(value, str))
            found = next(texts, None)
        return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else None


def family_of(path: str) -> str:
    """What a POST to a path makes: `/users/{id}/tasks` makes a `task`."""
    parts = [part for part in path.split("/") if part and "{" not in part]
    return noun(parts[-1]) if parts else ""


def made(path: str, answer: Response, actor: str, outer: Mapping[str, str]) -> Item | None:
    """The item that an answer to a POST shows, `None` where it shows none."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = None
    family = family_of(path)
    shown = _unwrapped(body, family)
    location = answer.header("location") or ""
    if shown is None and not location:
        return None
    return Item(family, actor, shown or {}, outer, location)


def bind(path: str, items: list[Item]) -> Iterator[tuple[Item, dict[str, str]]]:
    """The ways to fill in the parameters of a path, the newest item first."""
    parts = path.split("/")
    places = [at for at, part in enumerate(parts) if _PARAMETER.fullmatch(part)]
    if not places:
        return
    last = places[-1]
    name = parts[last][1:-1]
    families = {noun(parts[last - 1]), split(name)[0]}
    for item in reversed(items):
        value = item.value(name)
        if item.family not in families or value is None:
            continue
        known = {**_outer(parts[:last], items, item.actor), **item.outer, name: value}
        if all(parts[at][1:-1] in known for at in places):
            yield item, known


def fill(path: str, values: Mapping[str, str]) -> str:
    """The path with its parameters filled in."""
    return _PARAMETER.sub(lambda match: quote(values[match[1]], safe=""), path)


def _outer(parts: list[str], items: list[Item], actor: str) -> dict[str, str]:
    """Values of the parameters further left, out of the newest items of an actor."""
    mine = [item for item in items if item.actor == actor]
    return next((values for _, values in bind("/".join(parts).rpartition("}")[0] + "}", mine)), {})


def _unwrapped(body: Any, family: str) -> Mapping[str, Any] | None:
    if not isinstance(body, Mapping):
        return None
    for name, member in body.items():
        if isinstance(member, Mapping) and (len(body) == 1 or noun(name) in (family, "data")):
            return member
    return body


def _named(node: Any, name: str) -> Iterator[Any]:
    if isinstance(node, Mapping):
        yield from (member for key, member in node.items() if noun(key) == name and member)
        for member in node.values():
            yield from _named(member, name)
