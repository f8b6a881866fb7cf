"""Extracts the object schemas that several bodies share into named components."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from lockstep.drafting.names import camel, pascal, singular_words, unique
from lockstep.drafting.schemas import Schema, object_schema
from lockstep.drafting.values import Values, merged
from lockstep.openapi.naming import TRANSPARENT, is_id, words

# This many common members identify a resource, whatever its name is.
_TELLING = 3
_ALIKE = 0.8
# Confidence in the name of a whole body; 1 for a member named like the body, 0 for any other.
_ROOT = 2
_PLACE = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Root:
    """The values of one body, and the words for the resource that it represents.

    `purpose` is empty for a response body, `new` or `update` for a request body.
    """

    values: Values
    about: tuple[str, ...]
    purpose: str = ""
    is_error: bool = False
    is_list: bool = False

    @property
    def top(self) -> tuple[str, ...]:
        """The words for the outermost object."""
        if self.is_error:
            return ("error",)
        wraps = self.is_list and self.values.types == {"object"}
        return (*self.about, "list") if wraps else self.about


@dataclass(slots=True)
class _Shape:
    """Objects with the same members, which may become a component."""

    places: list[Values] = field(default_factory=list)
    names: Counter[str] = field(default_factory=Counter)
    keys: set[tuple[frozenset[str], str, str]] = field(default_factory=set)
    members: frozenset[str] = frozenset()
    purpose: str = ""
    is_error: bool = False
    is_rooted: bool = False


class Components:
    """The object schemas that occur at several places, as `components/schemas`."""

    def __init__(self, roots: Sequence[Root]) -> None:
        self._shapes: dict[tuple[frozenset[str], str, str], _Shape] = {}
        self._names: dict[int, str] = {}
        for root in roots:
            for values, context, rank in _objects(root):
                self._note(root, values, context, rank)
        self._join_equal()
        self._join_similar()
        shared = [each for each in self._distinct() if len(each.places) > 1]
        taken: set[str] = set()
        shared.sort(key=lambda each: (bool(each.purpose), each.is_error))
        for shape in shared:
            self._names[id(shape)] = unique(_name(shape), taken)
        self.schemas = {self._names[id(each)]: self._written(each) for each in shared}
        self._leave_out_doubles(shared)
        self.schemas = dict(sorted(self.schemas.items()))

    def reader(self, root: Root) -> _Reader:
        """Return a lookup that maps the objects of a body to references to components."""
        return _Reader(self, root.about, root.top, root.purpose, root.is_error)

    def name_of(self, values: Values, about: tuple[str, ...], purpose: str, error: bool) -> str:
        """Return the component name for the objects of a place; empty if there is none."""
        shape = self._shapes.get(_key(values, about, purpose, error))
        return self._names.get(id(shape), "") if shape is not None else ""

    def _note(self, root: Root, values: Values, context: tuple[str, ...], rank: int) -> None:
        key = _key(values, context, root.purpose, root.is_error)
        shape = self._shapes.setdefault(key, _Shape(purpose=root.purpose, is_error=root.is_error))
        shape.places.append(values)
        shape.keys.add(key)
        shape.members |= key[0]
        shape.is_rooted |= rank == _ROOT
        if context:
            shape.names[pascal(context)] += 10 ** (2 * rank)

    def _distinct(self) -> list[_Shape]:
        return list({id(shape): shape for shape in self._shapes.values()}.values())

    def _join_equal(self) -> None:
        """Merge shapes that only occur as members with the one body that has the same members."""
        by_members: dict[tuple[frozenset[str], str, bool], list[_Shape]] = defaultdict(list)
        for shape in self._distinct():
            by_members[shape.members, shape.purpose, shape.is_error].append(shape)
        for (members, _, _), shapes in by_members.items():
            rooted = [shape for shape in shapes if shape.is_rooted]
            if len(members) >= (_TELLING if len(rooted) == 1 else _TELLING + 1) and len(rooted) < 2:
                target = (rooted or shapes)[0]
                for shape in shapes:
                    self._join(shape, target)

    def _join_similar(self) -> None:
        """Merge shapes that have the same name and nearly the same members."""
        by_name: dict[tuple[str, str, bool], list[_Shape]] = defaultdict(list)
        for shape in self._distinct():
            by_name[_base_name(shape), shape.purpose, shape.is_error].append(shape)
        for shapes in by_name.values():
            for one, other in combinations(shapes, 2):
                common = len(one.members & other.members)
                if common >= _ALIKE * len(one.members | other.members):
                    self._join(one, other)
        for shape in self._distinct():
            for _, name, kind in list(shape.keys):
                self._shapes.setdefault((shape.members, name, kind), shape)

    def _join(self, shape: _Shape, target: _Shape) -> None:
        if shape is target:
            return
        target.places += shape.places
        target.names += shape.names
        target.keys |= shape.keys
        target.members |= shape.members
        for key in shape.keys:
            self._shapes[key] = target

    def _written(self, shape: _Shape) -> Schema:
        about = words(_base_name(shape))
        reader = _Reader(self, about, about, shape.purpose, shape.is_error)
        return object_schema(merged(shape.places), "", reader)

    def _leave_out_doubles(self, shared: Sequence[_Shape]) -> None:
        """Remove a request schema that equals a response schema, and use that instead."""
        responses = {
            str(self.schemas[self._names[id(each)]]): self._names[id(each)]
            for each in shared
            if not each.purpose
        }
        for shape in shared:
            name = self._names[id(shape)]
            double = responses.get(str(self.schemas[name])) if shape.purpose else None
            if double:
                del self.schemas[name]
                self._names[id(shape)] = double


@dataclass(frozen=True, slots=True)
class _Reader:
    components: Components
    about: tuple[str, ...]
    top: tuple[str, ...]
    purpose: str
    is_error: bool

    def __call__(self, values: Values, name: str) -> str | None:
        about = _inner_words(name, self.about, is_error=self.is_error) if name else self.top
        found = self.components.name_of(values, about, self.purpose, self.is_error)
        return _PLACE + found if found else None


def _objects(root: Root) -> Iterator[tuple[Values, tuple[str, ...], int]]:
    """Yield the objects of a body with their words and the confidence in them, higher is more."""
    waiting: list[tuple[Values, tuple[str, ...], str, int]] = [(root.values, root.top, "", _ROOT)]
    while waiting:
        values, about, name, rank = waiting.pop()
        least = 1 if root.is_error and not name else 2
        if values.types == {"object"} and not values.is_map and len(values.members) >= least:
            yield values, about, rank
        if values.items is not None:
            waiting.append((values.items, about, name, rank))
        if values.is_map:
            waiting.append((values.mapped(), about, name, rank))
            continue
        for key, member in values.members.items():
            inner = _inner_words(key, root.about, is_error=root.is_error)
            is_own = inner == root.about
            waiting.append((member, inner, key, 1 if is_own and not is_id(key) else 0))


def _inner_words(name: str, about: tuple[str, ...], *, is_error: bool) -> tuple[str, ...]:
    found = singular_words(name)
    if is_error:
        return ("error", *([word for word in found if word != "error"] or ["detail"]))
    return about if "".join(found) in TRANSPARENT or name.lower() in TRANSPARENT else found


def _key(
    values: Values, about: tuple[str, ...], purpose: str, error: bool
) -> tuple[frozenset[str], str, str]:
    members = frozenset(values.members)
    kind = "error" if error else purpose
    return members, camel(about), kind


def _base_name(shape: _Shape) -> str:
    names: Iterable[str] = shape.names
    return min(names, key=lambda name: (-shape.names[name], name), default="")


def _name(shape: _Shape) -> str:
    name = _base_name(shape) or "Object"
    return {"new": f"New{name}", "update": f"{name}Update"}.get(shape.purpose, name)
