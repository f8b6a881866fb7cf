"""Changes what other resources show a copy of: the name of an author, with each of the articles.

A copy may be made when the other resource is created, or cached, and never be renewed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from lockstep.auth.bodies import flat, kind_of_value
from lockstep.drivers.walk.bodies import Style, with_own_names
from lockstep.drivers.walk.items import parameters_of
from lockstep.drivers.walk.maker import Maker
from lockstep.drivers.walk.outcomes import succeeded
from lockstep.drivers.walk.reader import Reader
from lockstep.drivers.walk.repeatable import changes_state
from lockstep.openapi.naming import is_id, split, words
from lockstep.openapi.operations import Operation
from lockstep.transport.json_bodies import json_of
from lockstep.transport.messages import Response

# Maximum number of resources that show others, and of those that one of them shows.
_MOST_WAYS, _MOST_COPIES = 6, 2
_CHANGES = frozenset({"PUT", "PATCH"})


@dataclass(slots=True)
class Copies:
    """Changes the texts of a resource that another one shows, and reads the other one."""

    maker: Maker
    reader: Reader

    def able(self) -> Iterator[Operation]:
        """Yield reads of resources that have succeeded, if any other resource can be changed."""
        client = self.maker.client
        found = (
            operation
            for operation in client.document.operations.values()
            if operation.method == "GET"
            and operation.path.endswith("}")
            and operation.name in client.known.accepted
            and not changes_state(operation)
            and next(self._changes(operation), None) is not None
        )
        yield from islice(found, _MOST_WAYS)

    def explore(self, operation: Operation) -> None:
        """Read a resource before and after a change of others that it shows."""
        client = self.maker.client
        values = self.maker.live(operation, client.mine)
        seen = self.reader.look(operation, values) if values is not None else None
        answer = seen.leader if seen is not None and not seen.parted else None
        shown = json_of(answer.body) if isinstance(answer, Response) else None
        if values is None or not isinstance(shown, Mapping):
            return
        for family, value in islice(self._shown(operation, shown), _MOST_COPIES):
            for change, texts in self._changes(operation):
                if client.document.families.about(change.path) == family:
                    where = {parameters_of(change.path)[0]: value}
                    if succeeded(client.act(change, where, texts)):
                        self.reader.look_around(operation, values)

    def _shown(self, operation: Operation, shown: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield the families and identifiers of others of which more than that is shown."""
        families = self.maker.client.document.families
        owner = families.about(operation.path)
        for name, member in shown.items():
            if isinstance(member, Mapping) and len(member) > 1:
                family, value = families.inside(name, owner), member.get("id")
            elif is_id(name) and _has_more(shown, name):
                family, value = families.of(split(name)[0]), member
            else:
                continue
            if family != owner and isinstance(value, str | int):
                yield family, str(value)

    def _changes(self, operation: Operation) -> Iterator[tuple[Operation, dict[str, Any]]]:
        """Yield changes of others, except users, that have succeeded, each with new texts."""
        client = self.maker.client
        families, known = client.document.families, client.known
        for each in client.document.operations.values():
            names = parameters_of(each.path)
            alone = each.method in _CHANGES and len(names) == 1 and each.path.endswith("}")
            if not alone or each.name not in known.accepted or known.is_user(each.path, names[0]):
                continue
            if families.about(each.path) == families.about(operation.path):
                continue
            if texts := self._texts(each):
                yield each, texts

    def _texts(self, change: Operation) -> dict[str, Any]:
        """Return a body with new texts: for a PATCH these alone; empty if there are none."""
        client = self.maker.client
        media = next(iter(client.media(change)), None)
        if media is None or not media.has_members:
            return {}
        members = flat(client.document, media.schema).get("properties", {})
        style = Style.PLAIN if change.method == "PUT" else Style.WORDS
        plain = client.template(change, client.mine, style)
        own = with_own_names(client.document, media.schema, plain, every=True)
        if not isinstance(own, Mapping):
            # A list of changes (RFC 6902).
            return {}
        changed = {
            name: value
            for name, value in own.items()
            if isinstance(value, str) and "${" in value
            if kind_of_value(flat(client.document, members.get(name))) == "string"
        }
        return {**(own if changed and change.method == "PUT" else {}), **changed}


def _has_more(shown: Mapping[str, Any], name: str) -> bool:
    """Whether a member beside an id is about the same: an `author_name` beside an `author_id`."""
    about = words(name)[:-1]
    beside = (words(each) for each in shown if each != name and not is_id(each))
    return bool(about) and any(each[: len(about)] == about for each in beside)
