"""Groups the names in a document by the type of resource that they refer to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lockstep.openapi.attributes import (
    Attributes,
    read_attributes,
    shown_attribute,
    type_of,
)
from lockstep.openapi.naming import (
    TRANSPARENT,
    is_id,
    is_plural,
    kind_of,
    noun,
    split,
    thing,
)
from lockstep.openapi.operations import Operation
from lockstep.openapi.shapes import followed, resolve

# Attributes that resources of any family have.
_COMMON = frozenset({"name", "key", "code", "type", "title", "value", "version", "date", "status"})

# Maximum nesting of `allOf`: a schema may contain itself.
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Role:
    """The role of the values of a member or a parameter.

    `kind` is `id`, `key` (another attribute that identifies a resource in paths, such as a slug),
    `token`, `time`, `elapsed`, `etag`, `digest` or `cursor`. The values of one `family`, such as
    `task.id`, are matched with each other; it is empty for kinds without families.
    """

    kind: str
    family: str = ""


class ResourceTypes:
    """Groups names into families: `author_id`, `author: {id}` and `/users/{id}` may be one.

    Two names are joined if the document relates them: a member `author` whose schema is `User`, or
    a path `/users/{user_id}` that returns a `User`.
    """

    def __init__(self, document: Mapping[str, Any], operations: Iterable[Operation]) -> None:
        self._document = document
        self._parents: dict[str, str] = {}
        # JSON types of path parameters, by family and the attribute in the parameter's name.
        self._types: dict[tuple[str, str], str] = {}
        self._attributes: Attributes = {}
        self._role = lru_cache(20_000)(self._read_role)
        self._parameter = lru_cache(20_000)(self._read_parameter)
        members: dict[str, set[str]] = defaultdict(set)
        for schema in _objects(document):
            for name, member in schema["properties"].items():
                found = self._component(member)
                if found:
                    members[noun(name)].add(found)
        for name, components in members.items():
            if len(components) == 1 and name not in TRANSPARENT:
                self._join(name, components.pop())
        operations = list(operations)
        for operation in operations:
            self._read(operation)
        self._types = {(self.of(family), key): kind for (family, key), kind in self._types.items()}
        self._attributes = read_attributes(document, operations, self)
        keys = {(family, self._shown(family, key)) for family, key in self._types}
        self._keys = {(family, key) for family, key in keys if not is_id(key)}

    def of(self, name: str) -> str:
        """Return the family that a noun belongs to."""
        while name in self._parents:
            name = self._parents[name]
        return name

    def about(self, path: str) -> str:
        """Return the family of the resource that a path returns: `/users/{id}/tasks` -> `task`."""
        parts = [part for part in path.split("/") if part]
        for at in range(len(parts) - 1, -1, -1):
            if parts[at].startswith("{"):
                return self._named(parts, at)
            if is_plural(parts[at]) or not any(part.startswith("{") for part in parts):
                return self.of(noun(parts[at]))
        return ""

    def inside(self, name: str, owner: str, component: str = "") -> str:
        """Return the family of an object that is the member `name` of a resource of `owner`."""
        if component:
            return self.of(thing(component))
        if is_id(name):
            return owner
        found = noun(name)
        return owner if not found or found in TRANSPARENT or name in TRANSPARENT else self.of(found)

    def role(self, name: str, owner: str) -> Role | None:
        """Return the role of the member or query parameter `name` of a resource, if it has one."""
        return self._role(name, owner)

    def _read_role(self, name: str, owner: str) -> Role | None:
        kind = kind_of(name)
        about, attribute = split(name)
        family = self.of(about) if about else owner
        if kind == "id":
            return Role("id", f"{family}.{attribute}")
        if attribute == "slug" or (family, attribute) in self._keys:
            return Role("key", f"{family}.{attribute}")
        # A compound name may be an attribute as a whole: `user_name` of a user.
        if (owner, noun(name)) in self._keys:
            return Role("key", f"{owner}.{noun(name)}")
        return Role(kind) if kind else None

    def key_of_another(self, name: str, owner: str) -> Role | None:
        """Return the role of a member that is a path key of another family: a user's `username`.

        `None` if no path has such a key, or if the name is too common, such as `title`.
        """
        _, attribute = split(name)
        for candidate in (attribute, noun(name)):
            if candidate not in _COMMON and any(candidate == key for _, key in self._keys):
                return Role("key", f"{owner}.{candidate}")
        return None

    def identified_by(self, name: str) -> str:
        """Return the only family that paths identify by a name: `article` by `sku`.

        It is empty if there is none, and for names that are too common, such as `title`.
        """
        key = noun(name)
        families = {family for family, known in self._keys if known == key}
        return families.pop() if len(families) == 1 and key not in _COMMON else ""

    def parameter(self, path: str, name: str) -> Role | None:
        """Return the role of the path parameter `name`, if it identifies a resource."""
        return self._parameter(path, name)

    def _read_parameter(self, path: str, name: str) -> Role | None:
        parts = [part for part in path.split("/") if part]
        at = next((at for at, part in enumerate(parts) if part == "{" + name + "}"), None)
        if at is None:
            return None
        _, attribute = split(name)
        family = self._named(parts, at)
        attribute = self._shown(family, attribute)
        return Role("id" if is_id(attribute) else "key", f"{family}.{attribute}")

    def _shown(self, family: str, attribute: str) -> str:
        """Return the attribute in responses that holds the value of a path parameter."""
        kind = self._types.get((family, attribute), "")
        return shown_attribute(family, attribute, kind, self._attributes.get(family, {}))

    def _named(self, parts: list[str], at: int) -> str:
        """Return the family that the path parameter at index `at` identifies."""
        about, _ = split(parts[at].strip("{}"))
        literals = [part for part in parts[:at] if not part.startswith("{")]
        before = noun(literals[-1]) if literals else ""
        if is_id(parts[at].strip("{}")) and about:
            return self.of(about)
        return self.of(before)

    def _read(self, operation: Operation) -> None:
        parts = [part for part in operation.path.split("/") if part]
        for at, part in enumerate(parts):
            if not part.startswith("{"):
                continue
            about, attribute = split(part.strip("{}"))
            before = parts[at - 1] if at else ""
            if not is_id(part.strip("{}")):
                kind = type_of(self._document, operation, part.strip("{}"))
                self._types[self._named(parts, at), attribute] = kind
            elif about and is_plural(before) and not before.startswith("{"):
                self._join(about, noun(before))
        if parts and (parts[-1].startswith("{") or is_plural(parts[-1])):
            # What something is added to may be returned itself.
            changed = parts[:-1] if operation.method != "GET" and is_plural(parts[-1]) else ()
            around = {noun(part) for part in changed if not part.startswith("{")}
            for component in self._returned(operation):
                if component not in around:
                    self._join(component, self.about(operation.path))

    def returned(self, operation: Operation) -> set[str]:
        """Return the families of the resources in the successful responses of an operation."""
        return set(map(self.of, self._returned(operation)))

    def _returned(self, operation: Operation) -> Iterator[str]:
        for status, response in operation.responses.items():
            for content in response.media_types.values() if status.startswith("2") else ():
                found = self._component(content.get("schema"), depth=2)
                if found:
                    yield found

    def _component(self, schema: Any, depth: int = 0) -> str:
        """Return the resource that a schema, or its list items, describe; empty if it is unnamed.

        With a `depth` it may be wrapped in that many objects, as their only such member.
        """
        name = ""
        # A base with further members, such as those of every page with the list of this one.
        extended: Mapping[str, Any] | None = None
        for _ in range(8):
            if not isinstance(schema, Mapping):
                return ""
            if isinstance(schema.get("$ref"), str):
                name = schema["$ref"].rpartition("/")[2]
                schema = resolve(self._document, schema["$ref"])
            elif "items" in schema:
                schema, name = schema["items"], ""
            else:
                parts = [
                    part for key in ("allOf", "anyOf", "oneOf") for part in schema.get(key, ())
                ]
                named = [part for part in parts if "$ref" in part or "items" in part]
                if len(named) != 1 or name:
                    break
                if any("properties" in part for part in schema.get("allOf", ())):
                    extended = schema
                schema = named[0]
        members = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
        if depth and extended is not None:
            members = dict(self._members(extended))
        if depth and not any(is_id(member) for member in members):
            inner = [found for m in members.values() if (found := self._component(m, depth - 1))]
            if len(inner) == 1:
                return inner[0]
            if extended is not None:
                # What several pages have in common is no resource.
                return ""
        return thing(name)

    def _members(self, schema: Any, depth: int = _DEEPEST) -> Iterator[tuple[str, Any]]:
        """Yield the members of an object with the schemas of these, those of a base included."""
        schema = followed(self._document, schema)
        if isinstance(schema, Mapping) and depth:
            for part in schema.get("allOf", ()):
                yield from self._members(part, depth - 1)
            yield from schema.get("properties", {}).items()

    def _join(self, one: str, other: str) -> None:
        first, second = self.of(one), self.of(other)
        if first and second and first != second:
            self._parents[first] = second


def _objects(node: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every schema with `properties` in the document."""
    if isinstance(node, list):
        for item in node:
            yield from _objects(item)
    elif isinstance(node, Mapping):
        if isinstance(node.get("properties"), Mapping):
            yield node
        for value in node.values():
            if isinstance(value, dict | list):
                yield from _objects(value)
