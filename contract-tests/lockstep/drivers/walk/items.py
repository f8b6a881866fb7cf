"""Resources shown by responses, and how other requests refer to them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

from lockstep.openapi.naming import TRANSPARENT, is_id, noun, split, words
from lockstep.transport.json_bodies import json_of
from lockstep.transport.messages import Response

# What users are called, unless requests of users create them: the accounts of a bank, say.
USERS = frozenset({"user", "account", "member", "profile"})
_PARAMETER = re.compile(r"\{([^}]+)\}")
# Member names that resources of many types have.
_GENERIC = frozenset({"id", "key", "name", "slug", "code", "uuid", "title", "type", "value"})
_IDS = ("id", "uuid", "_id")
_KEYS = ("name", "slug", "key", "code")
_ALIASES = ("slug", "key", "code", "token", "handle")
_IDENTIFYING = (*_IDS, *_ALIASES)
# Elements read from each list in a response.
_FEW_ELEMENTS = 5
_DEEPEST = 3
_LONGEST = 500


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """A resource that a response showed, and the path parameters of its request.

    `family` is its type, such as `task`, `also` are synonyms. `actor` is the name of the user who
    created it, or, if it was only seen, of the one who saw it. `user` is the name of the actor that
    the resource represents, if any.
    """

    family: str
    actor: str
    shown: Mapping[str, Any]
    outer: Mapping[str, str]
    location: str = ""
    also: frozenset[str] = frozenset()
    made: bool = True
    user: str = ""

    @property
    def families(self) -> frozenset[str]:
        """The family and its synonyms."""
        return self.also | {self.family}

    def candidates(self, parameter: str) -> tuple[tuple[str, str], ...]:
        """Return (member, value) for members that may identify the item in a path, best first."""
        return _candidates(self, parameter)

    def read_candidates(self, parameter: str) -> Iterator[tuple[str, str]]:
        """Yield the same, without the cache."""
        about, attribute = split(parameter)
        behind = unquote(self.location.rstrip("/").rpartition("/")[2])
        own = ("id", f"{about or self.family}_id", *_IDS)
        names = (*own, "", *_KEYS) if is_id(parameter) else (*_KEYS, *own, "")
        seen = set()
        for name in (parameter, attribute, *names):
            found = self._member(name) if name else self.shown.get("", behind)
            if found is not None and str(found) and found not in seen:
                seen.add(found)
                yield name, str(found)

    def value(self, parameter: str) -> str | None:
        """Return the value of a path parameter that refers to the item, or `None`."""
        return next((value for _, value in self.candidates(parameter)), None)

    def exact(self, parameter: str) -> str | None:
        """Return the value of the member with the parameter's name, unless the name is generic."""
        if "".join(words(parameter)) in _GENERIC:
            return None
        return self._member(parameter)

    def alias(self, parameter: str) -> str | None:
        """Return the value of a member with the parameter's name that names it at other paths.

        The slug of a form, say, is in `/public/{slug}` as well.
        """
        return self._member(parameter) if parameter.lower() in _ALIASES else None

    def is_called(self, texts: Collection[str]) -> bool:
        """Whether one of these is an identifier of the item, such as its slug or its code."""
        found = {value for name in _IDENTIFYING if (value := self._member(name)) is not None}
        return not found.isdisjoint(texts)

    def member(self, name: str) -> str | None:
        """Return a value of the item that may be used for a query parameter of this name."""
        found = next(_named(self.shown, name), None)
        if isinstance(found, list):
            found = found[0] if found else None
        if isinstance(found, Mapping):
            texts = (value for value in found.values() if isinstance(value, str))
            found = next(texts, None)
        return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else None

    def _member(self, name: str) -> str | None:
        found = self.shown.get(name)
        if found is None:
            found = self.shown.get(_called(self).get(words(name), name))
        is_value = isinstance(found, str | int) and not isinstance(found, bool)
        return str(found) if is_value and len(str(found)) <= _LONGEST else None


@lru_cache(maxsize=20_000)
def _candidates(item: Item, parameter: str) -> tuple[tuple[str, str], ...]:
    return tuple(item.read_candidates(parameter))


@lru_cache(maxsize=4_000)
def _called(item: Item) -> Mapping[tuple[str, ...], str]:
    """Return a mapping from the words of member names to the first name with these words."""
    return {words(name): name for name in reversed(list(item.shown)) if name}


def family_of(path: str) -> str:
    """Return the family that a POST to a path creates: `task` for `/users/{id}/tasks`."""
    parts = [part for part in path.split("/") if part and "{" not in part]
    return noun(parts[-1]) if parts else ""


def made(path: str, answer: Response, actor: str, outer: Mapping[str, str]) -> Item | None:
    """Return the item in the response to a POST, or `None`."""
    body = json_of(answer.body)
    family = family_of(path)
    shown = _unwrapped(body, family)
    location = answer.header("location") or ""
    if shown is None and not location:
        return None
    return Item(family, actor, shown or {}, outer, location)


def seen(
    about: str,
    answer: Response,
    actor: str,
    outer: Mapping[str, str],
    *,
    is_list: bool = True,
    asked: Collection[str] = (),
) -> Iterator[Item]:
    """Yield the items in a response; `about` is the family of its path.

    If it `is_list`, the elements of the outermost lists are of that family, whatever their names.
    `asked` are the values of the query: what repeats one beside a list is no item.
    """
    body = json_of(answer.body)
    inside = body.values() if isinstance(body, Mapping) else [body]
    elements = [each for node in inside if isinstance(node, list) for each in node]
    for family, shown in _things(body, about, 0):
        if is_list and shown is body and _is_envelope(body, asked):
            # What it says of the list, such as the text that was searched for, is no item's.
            continue
        listed = is_list and any(each is shown or each == shown.get("") for each in elements)
        also = frozenset({about} if listed else ())
        yield Item(family, actor, shown, outer, also=also, made=False)


def parameters_of(path: str) -> list[str]:
    """Return the parameter names of a path template, in order."""
    return _PARAMETER.findall(path)


def fill(path: str, values: Mapping[str, str]) -> str:
    """Return the path with its parameters filled in."""
    return _PARAMETER.sub(lambda match: quote(values[match[1]], safe=""), path)


@lru_cache(maxsize=20_000)
def families_for(path: str, name: str) -> frozenset[str]:
    """Return the families that a path parameter may mean: `task` for `{task_id}` in `/tasks`."""
    parts = path.split("/")
    at = next((at for at, part in enumerate(parts) if "{" + name + "}" in part), 0)
    before = parts[at - 1] if at else ""
    found = {split(name)[0], "" if before.startswith("{") else noun(before)}
    if not is_id(name):
        found.add(noun(name))
    return frozenset(found - {""})


def _things(node: Any, family: str, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if depth > _DEEPEST:
        return
    if isinstance(node, list):
        for element in node[:_FEW_ELEMENTS]:
            if isinstance(element, str) and 0 < len(element) <= _LONGEST:
                yield family, {"": element}
            yield from _things(element, family, depth + 1)
    elif isinstance(node, Mapping):
        if any(isinstance(member, str | int) for member in node.values()):
            yield family, node
        for name, member in node.items():
            inner = family if name.lower() in TRANSPARENT else noun(name)
            yield from _things(member, inner or family, depth + 1)


def _is_envelope(body: Mapping[str, Any], asked: Collection[str]) -> bool:
    """Whether an object holds a list, repeats what was asked for, and names nothing itself."""
    holds = any(isinstance(each, list) for each in body.values())
    repeats = any(isinstance(each, str) and each in asked for each in body.values())
    return holds and repeats and not any(is_id(name) or name.lower() in _KEYS for name in body)


def _unwrapped(body: Any, family: str) -> Mapping[str, Any] | None:
    if not isinstance(body, Mapping):
        return None
    for name, member in body.items():
        if isinstance(member, Mapping) and (len(body) == 1 or noun(name) in (family, "data")):
            return member
    return body


def _named(node: Any, name: str) -> Iterator[Any]:
    if isinstance(node, Mapping):
        wanted = noun(name)
        yield from (member for key, member in node.items() if noun(key) == wanted and member)
        # The filter `tag` matches the member `tagList`.
        about = set(words(name))
        yield from (v for key, v in node.items() if about and about <= set(words(key)) and v)
        for member in node.values():
            yield from _named(member, name)
