"""Changes of an operation's parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from lockstep.diff.annotations import annotation_changes
from lockstep.diff.changes import Change, Effect, Side, Space, effect_of, within
from lockstep.diff.contents import content_changes
from lockstep.diff.folding import fold
from lockstep.diff.nodes import Node, member_of, members_of
from lockstep.diff.schemas import SchemaComparison
from lockstep.diff.serialization import (
    WORDS,
    is_exploded_form,
    repeated_item,
    serialization_changes,
    text_changes,
)
from lockstep.openapi.operations import IGNORED_HEADERS

Key = tuple[str, str]

_NOT_PARAMETERS = frozenset(("header", name) for name in IGNORED_HEADERS)
_KNOWN = frozenset({"name", "in", "required", "schema", "content", "allowEmptyValue", *WORDS})
_NAME = re.compile(r"\{([^}]+)\}")


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation with its path item, whose parameters apply to it, too."""

    item: Node
    node: Node
    method: str
    path: str

    @property
    def label(self) -> str:
        """The operationId, or `METHOD /path` without one."""
        return self.node.value.get("operationId") or f"{self.method.upper()} {self.path}"


def parameter_changes(
    old: Operation, new: Operation, schemas: SchemaComparison, side: Side = Side.REQUEST
) -> Iterator[Change]:
    """Compare the parameters of two operations; path parameters are matched by position.

    With `Side.RESPONSE` the server sends them, to a webhook or callback.
    """
    listed = _parameters(old), _parameters(new)
    before, after = _opened(*listed), _opened(*reversed(listed))
    for key, parameter in before.items():
        if key not in after:
            yield from within(_label(parameter), [_gone(parameter, side)])
        else:
            yield from within(_label(after[key]), _changes(parameter, after[key], schemas, side))
    for key, parameter in after.items():
        if key not in before:
            yield from within(_label(parameter), [_new(parameter, side)])


def _gone(parameter: Node, side: Side) -> Change:
    """Return the change for a removed parameter; clients only rely on receiving required ones."""
    harmless = side is Side.RESPONSE and not _is_required(parameter)
    effect = Effect.COMPATIBLE if harmless else Effect.BREAKING
    return Change(effect, "parameter-gone", "was removed", parameter.pointer)


def _new(parameter: Node, side: Side) -> Change:
    required = _is_required(parameter)
    effect = Effect.BREAKING if required and side is Side.REQUEST else Effect.COMPATIBLE
    sentence = "was added and is required" if required else "was added"
    return Change(effect, "parameter-new", sentence, parameter.pointer)


def _changes(old: Node, new: Node, schemas: SchemaComparison, side: Side) -> Iterator[Change]:
    if old.value["name"] != new.value["name"] and old.value["in"] != "header":
        sentence = f"its name was {old.value['name']}"
        yield Change(Effect.COMPATIBLE, "path-parameter-renamed", sentence, new.pointer)
    if _is_required(old) != _is_required(new):
        space = Space.NARROWER if _is_required(new) else Space.WIDER
        sentence = "is required" if _is_required(new) else "is no longer required"
        yield Change(effect_of(space, side), f"required-{space}", sentence, new.pointer)
    may, might = bool(new.value.get("allowEmptyValue")), bool(old.value.get("allowEmptyValue"))
    if may != might:
        space = Space.WIDER if may else Space.NARROWER
        sentence = "may be empty" if may else "may no longer be empty"
        yield Change(effect_of(space, side), f"empty-{space}", sentence, new.pointer)
    yield from _serialization(old, new, side)
    described = _schema(old), _schema(new)
    item = repeated_item(old, new) if new.value["in"] == "query" else None
    if item is not None:
        yield Change(effect_of(Space.WIDER, side), "type-changed", "may be repeated", new.pointer)
        described = described[0], item
    yield from text_changes(*described, side) or schemas.changes(*described, side)
    yield from content_changes(old, new, side, schemas)
    members = members_of(old), members_of(new)
    yield from annotation_changes(*members, _KNOWN, new.pointer)


def _serialization(old: Node, new: Node, side: Side) -> Iterator[Change]:
    """Compare how values are serialized: by `style`, or, with `content`, as a media type."""
    was, now = ("content" in node.value for node in (old, new))
    if was != now:
        sentence = f"is {'' if now else 'no longer '}serialized as a media type"
        yield Change(Effect.BREAKING, "content-changed", sentence, new.pointer)
    elif not now:
        yield from serialization_changes(old, new, str(new.value["in"]), side)


def _parameters(operation: Operation) -> dict[Key, Node]:
    """Return the parameters by location and name; the operation overrides its path item."""
    found: dict[Key, Node] = {}
    names = _NAME.findall(operation.path)
    for holder in (operation.item, operation.node):
        listed = member_of(holder, "parameters")
        for element in listed.elements() if listed else ():
            parameter = element.followed()
            place, name = str(parameter.value["in"]), str(parameter.value["name"])
            if place == "path" and name in names:
                name = str(names.index(name))
            elif place == "header":
                name = name.lower()
            if (place, name) not in _NOT_PARAMETERS:
                found[place, name] = parameter
    return found


def _opened(parameters: Mapping[Key, Node], others: Mapping[Key, Node]) -> dict[Key, Node]:
    """Replace an exploded object by its members if `others` declare them as parameters.

    `?page=1&size=9` may be two parameters or the members of one (OpenAPI 3.1, 4.8.12.6).
    """
    found: dict[Key, Node] = {}
    for key, parameter in parameters.items():
        members = {} if key in others else _members(parameter)
        found |= members if members.keys() & others.keys() else {key: parameter}
    return found


def _members(parameter: Node) -> dict[Key, Node]:
    if parameter.value["in"] != "query" or "schema" not in parameter.value:
        return {}
    if not is_exploded_form(parameter):
        return {}
    schema = fold(parameter.child("schema"))
    return {
        ("query", name): Node(
            member.document,
            {
                "name": name,
                "in": "query",
                "required": _is_required(parameter) and name in schema.required,
                "schema": member.value,
            },
            member.pointer,
            rewritten=True,
        )
        for name, member in schema.properties.items()
    }


def _schema(parameter: Node) -> Node | None:
    """Return the schema of a parameter; a member of an object is itself the schema."""
    if "schema" not in parameter.value:
        return None
    schema = parameter.child("schema")
    return replace(schema, pointer=parameter.pointer) if parameter.rewritten else schema


def _is_required(parameter: Node) -> bool:
    return bool(parameter.value.get("required"))


def _label(parameter: Node) -> str:
    return f"{parameter.value['in']} {parameter.value['name']}"
