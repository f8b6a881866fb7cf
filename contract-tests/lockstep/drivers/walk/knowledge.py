"""What a walk knows: the things that there are, and what was accepted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lockstep.drivers.walk.creators import made_elsewhere
from lockstep.drivers.walk.items import Item, families_for, made, parameters_of, seen
from lockstep.openapi.document import Document
from lockstep.openapi.naming import split
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import Exchange
from lockstep.transport.messages import Request, Response, status_of

_MOST_SEEN = 120
# Of one family and actor: the newest are used.
_MOST_MADE = 16
_GONE = (404, 410)
_USERS = frozenset({"user", "account", "member", "profile"})

Values = dict[str, str]


@dataclass(slots=True)
class Knowledge:
    """Things by whom they belong to, and the requests that every target accepted.

    `recipes` are contents with which a creation succeeds, by the schema; `accepted` are the last
    requests that did, by the name of the operation. `in_future` says that times must be to come.
    `extras` are optional headers with which an operation succeeds, `bodiless` those that succeed
    without a body alone. `ample` are the numbers of contents that have to be larger than they must,
    by the schema: a product that is in stock.
    """

    document: Document
    items: list[Item] = field(default_factory=list)
    recipes: dict[str, Any] = field(default_factory=dict)
    accepted: dict[str, Request] = field(default_factory=dict)
    in_future: bool = False
    extras: dict[str, dict[str, str]] = field(default_factory=dict)
    bodiless: set[str] = field(default_factory=set)
    ample: dict[str, dict[str, int]] = field(default_factory=dict)
    gone: set[Item] = field(default_factory=set)
    # The values of what was deleted, by the documented path that named it.
    _deleted: dict[str, set[frozenset[tuple[str, str]]]] = field(
        default_factory=lambda: defaultdict(set)
    )
    _renamed: dict[Item, Item] = field(default_factory=dict)
    _works: dict[tuple[str, str], str] = field(default_factory=dict)
    # What `_ordered` gives for a path, and `_sorted` without one, until there is something new.
    _ordering: dict[tuple[str, str, bool], list[Item]] = field(default_factory=dict)
    # How well each item fits a parameter, by what that may name.
    _fit: dict[tuple[frozenset[str], str], dict[Item, int | None]] = field(default_factory=dict)
    _wide: dict[frozenset[str], frozenset[str]] = field(default_factory=dict)
    _fails: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))

    def bind(self, path: str, actor: str, *, live: bool = False) -> Iterator[tuple[Item, Values]]:
        """The ways to fill in the parameters of a path with an actor's things.

        What was made comes first, the newest before all, then what was only seen, then what is gone
        (not with `live`). Users stand for everybody: where something is done to one, another one
        comes first.
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
        """Whether what a path names, or what that is in, was deleted."""
        parts = path.split("/")
        for at, part in enumerate(parts, 1):
            deleted = self._deleted.get("/".join(parts[:at])) if part.endswith("}") else None
            if deleted and _key("/".join(parts[:at]), values) in deleted:
                return True
        return False

    def newest(self, family: str, actor: str) -> Item | None:
        """The newest thing of a family that an actor has, or any user."""
        return next(iter(self.all(family, actor)), None)

    def all(self, family: str, actor: str) -> list[Item]:
        """The things of a family that an actor has, or all users, the newest first."""
        return [item for item in self._sorted(actor, live=True) if family in self._words(item)]

    def is_user(self, path: str, name: str) -> bool:
        """Whether a parameter of a path names a user."""
        named = families_for(path, name)
        users = {word for item in self.items if item.user for word in item.families}
        exact = any(item.exact(name) for item in self.items if item.user)
        return exact or bool(named & (users or _USERS))

    def learn(
        self, operation: Operation, exchange: Exchange, actor: str, values: Mapping[str, str]
    ) -> None:
        """Take in what an exchange showed of things, if all targets agree that it succeeded."""
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
                also = made_elsewhere(self.document, operation)
                self._add(replace(item, also=item.also | also))
        elif operation.method in ("PUT", "PATCH"):
            self._rename(operation.path, answer, actor, values)
        about = self.document.families.about(operation.path)
        is_list = not operation.path.endswith("}")
        for item in seen(about, answer, actor, values, is_list=is_list):
            self._see(item)

    def present(self, path: str, values: Mapping[str, str], actor: str) -> Values:
        """What names the same thing now: a change may have given it another name."""
        if not self._renamed:
            return {**values}
        bound = self.bind(path, actor)
        renamed = (self._renamed.get(item) for item, known in bound if known == values)
        item = next(filter(None, renamed), None)
        return next((known for each, known in self.bind(path, actor) if each is item), {**values})

    def name(self, operation: Operation, actor: str, values: Mapping[str, str]) -> None:
        """Note that a client named something by a PUT that succeeded."""
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
        """Note who an actor is; `words` are what users are called."""
        flat: dict[str, Any] = {}
        for key, member in facts.items():
            flat |= member if isinstance(member, Mapping) else {key: member}
        self.items = [item for item in self.items if item.user != name]
        self._add(Item("user", name, flat, {}, also=_USERS | set(words), user=name))

    def use_up(self, path: str, values: Mapping[str, str], actor: str) -> None:
        """Note that what a path is about is no longer there."""
        self._bury(path[: path.rindex("}") + 1], values, actor)

    def forget(self, actor: str = "") -> None:
        """Drop an actor's things, or all things, as they are no longer alike, or not theirs."""
        self._ordering.clear()
        self.items = [
            item
            for item in self.items
            if (item.actor != actor if actor else not item.made and not item.user)
        ]

    def _rename(self, path: str, answer: Response, actor: str, values: Mapping[str, str]) -> None:
        """Take in the name that a thing, or the user, has after a change."""
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
        """Forget the oldest of what an actor has made of a family, where that is much."""
        made = (each for each in self.items if each.made and not each.user)
        alike = [each for each in made if (each.family, each.actor) == (family, actor)]
        if len(alike) >= _MOST_MADE:
            self.items.remove(alike[0])

    def _see(self, item: Item) -> None:
        known = [each for each in self.items if not each.made]
        for each in known:
            if each.shown == item.shown and each.actor == item.actor:
                if not item.families <= each.families and each not in self.gone:
                    # Another answer calls it by another word.
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
        """How well an item fits a parameter, 0 being best; `None` if it does not."""
        by_family = bool(self._families(path, name) & self._words(item))
        exact = item.exact(name) is not None
        if not by_family and not exact:
            return None
        member = next((member for member, _ in item.candidates(name)), "")
        if by_family and member in (name, split(name)[1]):
            return 0
        return 1 if item.exact(name) else 2

    def _families(self, path: str, name: str) -> frozenset[str]:
        return self._widened(families_for(path, name))

    def _words(self, item: Item) -> frozenset[str]:
        return self._widened(item.families)

    def _widened(self, named: frozenset[str]) -> frozenset[str]:
        """Words for things, and those that the document uses for the same."""
        if named not in self._wide:
            self._wide[named] = named | set(map(self.document.families.of, named))
        return self._wide[named]

    def _value(self, path: str, name: str, item: Item) -> str | None:
        if not self._families(path, name) & self._words(item):
            return item.exact(name)
        found = dict(item.candidates(name))
        chosen = self._works.get((path, name))
        if chosen is not None and chosen in found:
            return found[chosen]
        failed = self._fails[path, name]
        return next((v for member, v in found.items() if member not in failed), None) or next(
            iter(found.values()), None
        )

    def _outer(self, path: str, names: list[str], item: Item, actor: str) -> Values:
        """Values of the parameters further left, out of the newest things of an actor."""
        if len(names) < 2 or set(names[:-1]) <= item.outer.keys():
            return {}
        around = path[: path.rindex("{" + names[-2] + "}") + len(names[-2]) + 2]
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
        """The member that the last parameter of a path was taken from."""
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
    """The values of the parameters of a path."""
    return frozenset((name, values.get(name, "")) for name in parameters_of(path))
