"""Changes of an operation's parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lockstep.diff.annotations import annotation_changes
from lockstep.diff.changes import Change, Effect, Side, Space, effect_of, within
from lockstep.diff.contents import content_changes
from lockstep.diff.nodes import Node, is_equal, member_of, members_of
from lockstep.diff.schemas import SchemaComparison

Key = tuple[str, str]

# These headers are not described as parameters (OpenAPI 3.1, 4.8.12.1).
_NOT_PARAMETERS = frozenset({("header", name) for name in ("accept", "content-type")})
_NOT_PARAMETERS |= {("header", "authorization")}
# How values become text.
_FORMS = ("style", "explode", "allowReserved")
_KNOWN = frozenset({"name", "in", "required", "schema", "content", *_FORMS})
_NAME = re.compile(r"\{([^}]+)\}")


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation with the item of its path, whose parameters it shares."""

    item: Node
    node: Node
    method: str
    path: str

    @property
    def label(self) -> str:
        """The operationId, or `METHOD /path` where there is none."""
        return self.node.value.get("operationId") or f"{self.method.upper()} {self.path}"


def parameter_changes(
    old: Operation, new: Operation, schemas: SchemaComparison
) -> Iterator[Change]:
    """Compare the parameters of two operations; those of a path are known by their place in it."""
    before, after = _parameters(old), _parameters(new)
    for key, parameter in before.items():
        if key not in after:
            sentence = "is gone"
            change = Change(Effect.BREAKING, "parameter-gone", sentence, parameter.pointer)
            yield from within(_label(parameter), [change])
        else:
            yield from within(_label(after[key]), _changes(parameter, after[key], schemas))
    for key, parameter in after.items():
        if key not in before:
            required = _is_required(parameter)
            sentence = "is new and required" if required else "is new"
            effect = Effect.BREAKING if required else Effect.COMPATIBLE
            change = Change(effect, "parameter-new", sentence, parameter.pointer)
            yield from within(_label(parameter), [change])


def _changes(old: Node, new: Node, schemas: SchemaComparison) -> Iterator[Change]:
    if old.value["name"] != new.value["name"] and old.value["in"] != "header":
        sentence = f"its name was {old.value['name']}"
        yield Change(Effect.COMPATIBLE, "path-parameter-renamed", sentence, new.pointer)
    if _is_required(old) != _is_required(new):
        space = Space.NARROWER if _is_required(new) else Space.WIDER
        sentence = "is required" if _is_required(new) else "is no longer required"
        yield Change(effect_of(space, Side.REQUEST), f"required-{space}", sentence, new.pointer)
    for word in _FORMS:
        before, after = member_of(old, word), member_of(new, word)
        if not is_equal(before, after):
            sentence = f"{word} changed, and with it how values are written"
            yield Change(Effect.BREAKING, f"{word}-changed", sentence, new.pointer)
    yield from schemas.changes(_schema(old), _schema(new), Side.REQUEST)
    yield from content_changes(old, new, Side.REQUEST, schemas)
    words = members_of(old), members_of(new)
    yield from annotation_changes(*words, _KNOWN, new.pointer)


def _parameters(operation: Operation) -> dict[Key, Node]:
    """By place and name; those of the operation go before those of the path item."""
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


def _schema(parameter: Node) -> Node | None:
    return parameter.child("schema") if "schema" in parameter.value else None


def _is_required(parameter: Node) -> bool:
    return bool(parameter.value.get("required"))


def _label(parameter: Node) -> str:
    return f"{parameter.value['in']} {parameter.value['name']}"
