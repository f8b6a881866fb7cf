"""Mentions users in texts, and reads what that tells whom: `@ada` may be notified of it.

Which users a text mentions, and who is told, stands in no schema, but in words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from lockstep.auth.bodies import flat, kind_of_value
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.outcomes import succeeded
from lockstep.drivers.walk.selection import accepted_posts, lists
from lockstep.openapi.naming import is_id, is_unique, words
from lockstep.openapi.operations import Operation

# A mention in the prose of a document; no part of an email address.
_MENTION = re.compile(r"(?<![\w.@])@[a-z_]\w*", re.IGNORECASE)
_HANDLE = re.compile(r"[a-z0-9_][a-z0-9_.-]{1,38}", re.IGNORECASE)
_HANDLES = ("username", "handle", "login", "nickname", "nick", "name")
_CHOSEN = frozenset({"const", "enum", "format", "pattern", "readOnly"})
# Room for two names and the words around them.
_ROOM = 80
# Maximum number of creations whose texts mention users, and of lists that are read after one.
_MOST_WAYS, _MOST_LISTS = 4, 8


@dataclass(slots=True)
class Mentions:
    """Creates resources whose texts mention oneself, and another user."""

    maker: Maker

    def able(self) -> Iterator[Operation]:
        """Yield a few creations with a text, if the document tells of mentions."""
        client = self.maker.client
        prose = json.dumps(client.document.modern, default=str, ensure_ascii=False)
        if client.mine == client.other or _MENTION.search(prose) is None:
            return
        found = (
            operation
            for operation in accepted_posts(client)
            if next(self._texts(operation), None) is not None
        )
        yield from islice(found, _MOST_WAYS)

    def explore(self, operation: Operation) -> None:
        """Mention each user in the texts of a creation, then nobody but oneself; read all lists."""
        client = self.maker.client
        own, other = (self._handle(actor) for actor in (client.mine, client.other))
        values = self.maker.live(operation, client.mine)
        if not own or not other or values is None:
            return
        for text in (f"Hello @{other} and @{own}, @{own}.", f"@{own}: done", f"see a@{other}!"):
            body = client.template(operation, client.mine)
            if not isinstance(body, Mapping):
                return
            told = dict.fromkeys(self._texts(operation), text)
            if succeeded(client.act(operation, values, {**body, **told})):
                self._read_lists()

    def _read_lists(self) -> None:
        client = self.maker.client
        for each in islice(lists(client.document), _MOST_LISTS):
            for actor in (client.mine, client.other):
                client.send(each, {}, client.request(each, {}), actor)

    def _handle(self, actor: str) -> str:
        """Return the name by which a user is mentioned, empty if it has none."""
        who = self.maker.client.actor(actor)
        facts: Mapping[str, Any] = who.facts if who is not None else {}
        named = sorted(facts.items(), key=lambda item: _rank(item[0]))
        found = (
            text
            for name, text in named
            if _rank(name) < len(_HANDLES) and isinstance(text, str) and _HANDLE.fullmatch(text)
        )
        return next(found, "")

    def _texts(self, operation: Operation) -> Iterator[str]:
        """Yield the members of a body that are free texts."""
        client = self.maker.client
        media = next(iter(client.media(operation)), None)
        if media is None or media.kind != "json":
            return
        properties = flat(client.document, media.schema).get("properties")
        for name, declared in properties.items() if isinstance(properties, Mapping) else ():
            member = flat(client.document, declared)
            free = kind_of_value(member) == "string" and not member.keys() & _CHOSEN
            room = member.get("maxLength", _ROOM) >= _ROOM
            if free and room and not is_id(name) and not is_unique(name):
                yield name


def _rank(name: str) -> int:
    """Return how probably a fact about a user is its handle: the lower, the more."""
    joined = "".join(words(name))
    found = (at for at, handle in enumerate(_HANDLES) if joined in (handle, f"user{handle}"))
    return next(found, len(_HANDLES))
