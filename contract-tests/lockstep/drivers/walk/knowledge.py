"""The knowledge of a walk: existing resources, and accepted requests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

from lockstep.drivers.walk.creators import families_made
from lockstep.drivers.walk.items import USERS, Item, families_for, made, parameters_of, seen
from lockstep.drivers.walk.offered import Offered
from lockstep.drivers.walk.parameters import Declared
from lockstep.openapi.document import Document
from lockstep.openapi.naming import noun, split, words
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import Exchange
from lockstep.transport.messages import Request, Response, status_of

_MOST_SEEN = 120
# Maximum number per family and actor; the newest are kept.
_MOST_MADE = 16
_GONE = (404, 410)
# Of a header field that is named like a member: `X-Delete-Key`, but not `X-Name`.
_FEWEST_WORDS = 2

Values = dict[str, str]


@dataclass(slots=True)
class Knowledge:
    """Resources by owner, and requests that every target accepted.

    `recipes` are bodies with which a creation succeeds, by schema; `accepted` are the last
    successful requests, by the name of the operation. `in_future` is true if times must be in the
    future. `extras` are optional header fields with which an operation succeeds, `bodiless`
    operations that succeed only without a body. `ample` are integer
    members that have to be larger than their minimum, by schema: the stock of a product. `chosen`
    are values of members that only a description or a refusal tells, `addressed` the attribute of
    another user that members hold, both by schema.
    """

    document: Document
    items: list[Item] = field(default_factory=list)
    recipes: dict[str, Any] = field(default_factory=dict)
    accepted: dict[str, Request] = field(default_factory=dict)
    in_future: bool = False
    extras: dict[str, dict[str, str]] = field(default_factory=dict)
    bodiless: set[str] = field(default_factory=set)
    ample: dict[str, dict[str, int]] = field(default_factory=dict)
    chosen: dict[str, dict[str, str]] = field(default_factory=dict)
    addressed: dict[str, dict[str, str]] = field(default_factory=dict)
    offered: Offered = field(default_factory=Offered)
    gone: set[Item] = field(default_factory=set)
    # The families of users, where none is known.
    people: frozenset[str] = USERS
    # The families of what the main user creates without being one itself: of members by a desk.
    kept: frozenset[str] = frozenset()
    # The path parameters of deleted resources, by path template.
    _deleted: dict[str, set[frozenset[tuple[str, str]]]] = field(
        default_factory=lambda: defaultdict(set)
    )
    _renamed: dict[Item, Item] = field(default_factory=dict)
    _works: dict[tuple[str, str], str] = field(default_factory=dict)
    # Caches of `_ordered` by path, and of `_sorted` with an empty path, until an item is added.
    _ordering: dict[tuple[str, str, bool], list[Item]] = field(default_factory=dict)
    # Caches the quality of each item for a parameter, by families and parameter name.
    _fit: dict[tuple[frozenset[str], str], dict[Item, int | None]] = field(default_factory=dict)
    _wide: dict[frozenset[str], frozenset[str]] = field(default_factory=dict)
    _fails: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))

    def bind(self, path: str, actor: str, *, live: bool = False) -> Iterator[tuple[Item, Values]]:
        """Yield the ways to fill in the parameters of a path with an actor's resources.

        Created ones come first, the newest before all, then those only seen, then deleted ones (not
        with `live`). For users, any will do: for an action on one, another user comes first.
        """
        names = parameters_of(path)
        if not names:
            return
        asked = path, actor, live
        if asked not in self._ordering:
            self._ordering[asked] = self._ordered(path, names[-1], actor, live=live)
        for item in self._ordering[asked]:
            value = self._value(path, names[-1], item)
            if value is None:
                continue
            known = {**self._outer(path, names, item, actor), **item.outer, names[-1]: value}
            for name in names[:-1]:
                inside = item.exact(name)
                if inside is not None and name not in item.outer:
                    known[name] = inside
            if not all(name in known for name in names):
                continue
            values = {name: known[name] for name in names}
            if not (live and self.is_gone(path, values)):
                yield item, values

    def is_gone(self, path: str, values: Mapping[str, str]) -> bool:
        """Whether the resource of a path, or one of its parents, was deleted."""
        parts = path.split("/")
        for at, part in enumerate(parts, 1):
            deleted = self._deleted.get("/".join(parts[:at])) if part.endswith("}") else None
            if deleted and _key("/".join(parts[:at]), values) in deleted:
                return True
        return False

    def newest(self, family: str, actor: str) -> Item | None:
        """Return the newest resource of a family that an actor owns, or the newest user."""
        return next(iter(self.all(family, actor)), None)

    def all(self, family: str, actor: str) -> list[Item]:
        """Return the resources of a family that an actor owns, or all users, the newest first."""
        return [item for item in self._sorted(actor, live=True) if family in self._words(item)]

    def has_made(self, path: str, values: Mapping[str, str], actor: str) -> bool:
        """Whether an actor has created the resource that a path names, or the one that it is in."""
        around = path[: path.rindex("}") + 1] if "}" in path else path
        own = self.bind(around, actor, live=True)
        return any(known == values for item, known in own if item.made and not item.user)

    def is_user(self, path: str, name: str) -> bool:
        """Whether a path parameter refers to a user."""
        named = families_for(path, name)
        users = {word for item in self.items if item.user for word in item.families}
        shown = any(item.exact(name) for item in self.items if item.user)
        exact = shown and named.isdisjoint(self.kept)
        return exact or bool(named & (users or self.people))

    def learn(
        self, operation: Operation, exchange: Exchange, actor: str, values: Mapping[str, str]
    ) -> None:
        """Learn the resources in an exchange, if it succeeded on all targets."""
        self.offered.notice(exchange.request, exchange.leader)
        statuses = [status_of(outcome) or 599 for outcome in exchange.outcomes.values()]
        if statuses[0] in _GONE and operation.method in ("GET", "HEAD"):
            self._note_failure(operation.path, values, actor)
        answer = exchange.leader
        if max(statuses) >= 300 or not isinstance(answer, Response):
            return
        self.accepted[operation.name] = exchange.request
        if operation.method == "DELETE":
            self._bury(operation.path, values, actor)
            return
        if operation.method == "GET":
            self._note_success(operation.path, values, actor)
        if operation.method == "POST":
            item = made(operation.path, answer, actor, values)
            if item is not None:
                also = families_made(self.document, operation, item, values)
                self._add(replace(item, also=item.also | also))
        elif operation.method in ("PUT", "PATCH"):
            self._rename(operation.path, answer, actor, values)
        about = self.document.families.about(operation.path)
        is_list = not operation.path.endswith("}")
        asked = [text for _, text in parse_qsl(exchange.request.path.partition("?")[2])]
        for item in seen(about, answer, actor, values, is_list=is_list, asked=asked):
            self._see(item)

    def issued(self, operation: Operation, header: Declared, values: Mapping[str, str]) -> str:
        """Return what the creation of a resource issued for a header field, empty if nothing.

        A `delete_key` goes into `X-Delete-Key`, for example: who has it needs no account.
        """
        named = tuple(word for word in words(header.name) if word != "x")
        if header.location != "header" or not values or len(named) < _FEWEST_WORDS:
            return ""
        last = next(reversed(parameters_of(operation.path)), "")
        own = (each for each in reversed(self.items) if each.made and last in values)
        issuing = (each.shown for each in own if each.value(last) == values[last])
        members = (pair for shown in issuing for pair in shown.items())
        return str(next((value for name, value in members if words(name) == named), ""))

    def as_described(self, value: Any, key: str, another: str) -> Any:
        """Return a body with what only descriptions list, where it has members, and lists offer.

        `key` is that of the media type, `another` the name of another user.
        """
        if not isinstance(value, Mapping):
            return value
        described: dict[str, str] = {**self.chosen.get(key, {})}
        for name, attribute in self.addressed.get(key, {}).items():
            users = (item for item in self.items if item.user == another)
            found = next((text for item in users if (text := item.value(attribute))), None)
            described |= {name: found} if found is not None else {}
        known = {name: text for name, text in described.items() if name in value}
        return self.offered.into({**value, **known}, key)

    def present(self, path: str, values: Mapping[str, str], actor: str) -> Values:
        """Return the current path parameters of a resource, as a change may have renamed it."""
        if not self._renamed:
            return {**values}
        bound = self.bind(path, actor)
        renamed = (self._renamed.get(item) for item, known in bound if known == values)
        item = next(filter(None, renamed), None)
        return next((known for each, known in self.bind(path, actor) if each is item), {**values})

    def name(self, operation: Operation, actor: str, values: Mapping[str, str]) -> None:
        """Record a resource that a client has created with a PUT."""
        *outer, last = parameters_of(operation.path)
        around = {name: values[name] for name in outer}
        family = min(families_for(operation.path, last), default=last)
        also = frozenset(families_for(operation.path, last))
        self._deleted[operation.path].discard(_key(operation.path, values))
        for item in self.items:
            if item.actor == actor and item.shown == {last: values[last]} and item.outer == around:
                self.gone.discard(item)
                self._ordering.clear()
                return
        self._add(Item(family, actor, {last: values[last]}, around, also=also))

    def introduce(self, name: str, facts: Mapping[str, Any], words: Iterable[str]) -> None:
        """Record the resource of an actor; `words` are the families of users."""
        flat: dict[str, Any] = {}
        for key, member in facts.items():
            flat |= member if isinstance(member, Mapping) else {key: member}
        self.items = [item for item in self.items if item.user != name]
        self._add(Item("user", name, flat, {}, also=frozenset(words), user=name))

    def use_up(self, path: str, values: Mapping[str, str], actor: str) -> None:
        """Record that the resource of a path no longer exists."""
        self._bury(path[: path.rindex("}") + 1], values, actor)

    def forget(self, actor: str = "") -> None:
        """Forget an actor's resources, or all created ones and users, as these have diverged."""
        self._ordering.clear()
        self.items = [
            item
            for item in self.items
            if (item.actor != actor if actor else not item.made and not item.user)
        ]

    def _rename(self, path: str, answer: Response, actor: str, values: Mapping[str, str]) -> None:
        """Record the new identifier of a resource, or of the user, after a change."""
        item = made(path, answer, actor, values)
        names = parameters_of(path)
        if item is None:
            return
        if not names:
            about = {self.document.families.about(path), item.family}
            for user in [each for each in self.items if each.user == actor and actor]:
                if about & self._words(user):
                    self.items.remove(user)
                    self._add(replace(user, shown={**user.shown, **item.shown}))
            return
        if not path.endswith("}"):
            return
        member, value = next(iter(item.candidates(names[-1])), ("", None))
        named = member in (names[-1], split(names[-1])[1])
        if named and value != values[names[-1]]:
            outer = {name: values[name] for name in names[:-1]}
            renamed = replace(item, outer=outer)
            for old, known in list(self.bind(path, actor)):
                if known == values:
                    self._deleted[path].add(_key(path, values))
                    self.gone.add(old)
                    self._renamed[old] = renamed
            self._add(renamed)

    def _add(self, item: Item) -> None:
        if item.made:
            self._leave_room(item.family, item.actor)
        self.items.append(item)
        self._ordering.clear()

    def _leave_room(self, family: str, actor: str) -> None:
        """Remove the oldest item that an actor has created in a family, if there are too many."""
        made = (each for each in self.items if each.made and not each.user)
        alike = [each for each in made if (each.family, each.actor) == (family, actor)]
        if len(alike) >= _MOST_MADE:
            self.items.remove(alike[0])

    def _see(self, item: Item) -> None:
        known = [each for each in self.items if not each.made]
        for each in known:
            if each.shown == item.shown and each.actor == item.actor:
                if not item.families <= each.families and each not in self.gone:
                    # Another response uses another family for it.
                    also = each.also | item.families
                    self.items[self.items.index(each)] = replace(each, also=also)
                    self._ordering.clear()
                return
        if len(known) >= _MOST_SEEN:
            self.items.remove(known[0])
        self._add(item)

    def _sorted(self, actor: str, *, live: bool) -> list[Item]:
        asked = "", actor, live
        if asked not in self._ordering:
            self._ordering[asked] = self._sort(actor, live=live)
        return self._ordering[asked]

    def _sort(self, actor: str, *, live: bool) -> list[Item]:
        mine = [item for item in reversed(self.items) if item.actor == actor or item.user]
        ranked = sorted(mine, key=lambda item: (item in self.gone, not item.made))
        return [item for item in ranked if item not in self.gone] if live else ranked

    def _ordered(self, path: str, name: str, actor: str, *, live: bool) -> list[Item]:
        fit = self._fit.setdefault((families_for(path, name), name), {})
        done_to = not path.rstrip("/").endswith("}")
        found = []
        for item in self._sorted(actor, live=live):
            if item not in fit:
                fit[item] = self._quality(path, name, item)
            quality = fit[item]
            if quality is not None:
                found.append((quality, bool(item.user) and (item.user == actor) is done_to, item))
        return [item for *_, item in sorted(found, key=lambda ranked: ranked[:2])]

    def _quality(self, path: str, name: str, item: Item) -> int | None:
        """Return how well an item fits a parameter, 0 being best; `None` if it does not."""
        by_family = bool(self._families(path, name) & self._words(item))
        exact = item.exact(name) is not None
        if not by_family and not exact:
            return 3 if item.made and item.alias(name) is not None else None
        member = next((member for member, _ in item.candidates(name)), "")
        # What is called as a parameter itself is no mere mention of it in another thing.
        if by_family and (member in (name, split(name)[1]) or noun(name) in self._words(item)):
            return 0
        return 1 if item.exact(name) else 2

    def _families(self, path: str, name: str) -> frozenset[str]:
        return self._widened(families_for(path, name))

    def _words(self, item: Item) -> frozenset[str]:
        return self._widened(item.families)

    def _widened(self, named: frozenset[str]) -> frozenset[str]:
        """Return families with the document's synonyms."""
        if named not in self._wide:
            self._wide[named] = named | set(map(self.document.families.of, named))
        return self._wide[named]

    def _value(self, path: str, name: str, item: Item) -> str | None:
        if not self._families(path, name) & self._words(item):
            return item.exact(name) or item.alias(name)
        found = dict(item.candidates(name))
        chosen = self._works.get((path, name))
        if chosen is not None and chosen in found:
            return found[chosen]
        failed = self._fails[path, name]
        return next((v for member, v in found.items() if member not in failed), None) or next(
            iter(found.values()), None
        )

    def _outer(self, path: str, names: list[str], item: Item, actor: str) -> Values:
        """Return the parameters further left, from the newest resources of an actor."""
        if len(names) < 2 or set(names[:-1]) <= item.outer.keys():
            return {}
        # A name may be repeated: `/a/{id}/b/{id}`.
        head = path[: path.rindex("{" + names[-1] + "}")]
        around = head[: head.rindex("{" + names[-2] + "}") + len(names[-2]) + 2]
        return next((values for _, values in self.bind(around, actor)), {})

    def _note_success(self, path: str, values: Mapping[str, str], actor: str) -> None:
        for name, member in self._chosen(path, values, actor):
            self._works.setdefault((path, name), member)

    def _note_failure(self, path: str, values: Mapping[str, str], actor: str) -> None:
        for name, member in self._chosen(path, values, actor):
            if (path, name) not in self._works:
                self._fails[path, name].add(member)

    def _chosen(
        self, path: str, values: Mapping[str, str], actor: str
    ) -> Iterator[tuple[str, str]]:
        """Yield the member that the last parameter of a path was taken from."""
        for name in parameters_of(path)[-1:]:
            families = self._families(path, name)
            self._ordered(path, name, actor, live=True)
            fit = self._fit[families_for(path, name), name]
            for item in self._sorted(actor, live=True):
                if fit.get(item) is not None and families & self._words(item):
                    for member, value in item.candidates(name):
                        if value == values.get(name):
                            yield name, member

    def _bury(self, path: str, values: Mapping[str, str], actor: str) -> None:
        if path.endswith("}"):
            self._deleted[path].add(_key(path, values))
            self.gone |= {item for item, known in self.bind(path, actor) if known == values}
            self._ordering.clear()


def _key(path: str, values: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    """Return the path parameters as a hashable key."""
    return frozenset((name, values.get(name, "")) for name in parameters_of(path))
