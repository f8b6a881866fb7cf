"""What changed between two OpenAPI documents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from lockstep.diff.annotations import annotation_changes
from lockstep.diff.changes import Change, Effect, Side, Space, effect_of, within
from lockstep.diff.contents import content_changes
from lockstep.diff.nodes import Node, is_equal, member_of, members_of
from lockstep.diff.parameters import Operation, parameter_changes
from lockstep.diff.responses import response_changes
from lockstep.diff.schemas import SchemaComparison
from lockstep.diff.security import scheme_changes, security_changes
from lockstep.openapi.dialect import modernised
from lockstep.openapi.operations import METHODS

_KNOWN = frozenset(
    {"parameters", "requestBody", "responses", "security", "callbacks", "operationId"}
)
_TOP_KNOWN = frozenset({"paths", "components", "servers", "security", "webhooks"})
_BODY_KNOWN = frozenset({"content", "required"})
_NAME = re.compile(r"\{[^}]+\}")


def compare(old: dict[str, Any], new: dict[str, Any], *, strict: bool = False) -> list[Change]:
    """The changes from one parsed document to another, in the order of the older one.

    strict: a new member of an answer that was closed breaks clients too. `ValueError` where a
    document is no OpenAPI 3, or a reference leads nowhere.
    """
    before, after = (Node(modern, modern) for modern in (modernised(old), modernised(new)))
    try:
        return list(dict.fromkeys(_all_changes(before, after, SchemaComparison(strict=strict))))
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"a document cannot be read ({error!r})") from error


def _all_changes(old: Node, new: Node, schemas: SchemaComparison) -> Iterator[Change]:
    yield from _top_changes(old, new)
    mine, theirs = _operations(old), _operations(new)
    for key, operation in mine.items():
        if key in theirs:
            found = _changes((old, operation), (new, theirs[key]), schemas)
            yield from within(theirs[key].label, found)
        else:
            yield from _one(operation, Effect.BREAKING, "operation-gone", "is gone")
    for key, operation in theirs.items():
        if key not in mine:
            yield from _one(operation, Effect.COMPATIBLE, "operation-new", "is new")


def _operations(document: Node) -> dict[tuple[str, str], Operation]:
    """By method and path; how a path names its parameters does not count."""
    return {
        (method, _NAME.sub("{}", path)): Operation(item, item.child(method), method, path)
        for path, item in members_of(member_of(document, "paths")).items()
        for method in METHODS
        if method in item.value
    }


def _one(operation: Operation, effect: Effect, rule: str, sentence: str) -> Iterator[Change]:
    return within(operation.label, [Change(effect, rule, sentence, operation.node.pointer)])


def _changes(
    old: tuple[Node, Operation], new: tuple[Node, Operation], schemas: SchemaComparison
) -> Iterator[Change]:
    (old_document, before), (new_document, after) = old, new
    if before.label != after.label:
        sentence = f"its operationId was {before.label}: generated clients name functions by it"
        yield Change(Effect.COMPATIBLE, "operation-renamed", sentence, after.node.pointer)
    yield from parameter_changes(before, after, schemas)
    was, now = member_of(before.node, "requestBody"), member_of(after.node, "requestBody")
    yield from within("request body", _body_changes(was, now, schemas))
    yield from response_changes(before.node, after.node, schemas)
    yield from security_changes((old_document, before.node), (new_document, after.node))
    yield from _unread(before.node, after.node, "callbacks")
    words = members_of(before.node), members_of(after.node)
    yield from annotation_changes(*words, _KNOWN, after.node.pointer)


def _body_changes(
    old: Node | None, new: Node | None, schemas: SchemaComparison
) -> Iterator[Change]:
    if old is None and new is not None:
        required = bool(new.value.get("required"))
        effect = Effect.BREAKING if required else Effect.COMPATIBLE
        sentence = "is new and required" if required else "is new"
        yield Change(effect, "body-new", sentence, new.pointer)
    elif new is None and old is not None:
        yield Change(Effect.BREAKING, "body-gone", "is gone", old.pointer)
    elif old is not None and new is not None:
        was, now = bool(old.value.get("required")), bool(new.value.get("required"))
        if was != now:
            space = Space.NARROWER if now else Space.WIDER
            sentence = "is required" if now else "is no longer required"
            effect = effect_of(space, Side.REQUEST)
            yield Change(effect, f"required-{space}", sentence, new.pointer)
        yield from content_changes(old, new, Side.REQUEST, schemas)
        yield from annotation_changes(members_of(old), members_of(new), _BODY_KNOWN, new.pointer)


def _top_changes(old: Node, new: Node) -> Iterator[Change]:
    was, now = _base_path(old), _base_path(new)
    if was != now:
        sentence = f"the path of the first server was {was or '/'}, is {now or '/'}"
        yield Change(Effect.BREAKING, "base-path-changed", sentence, "/servers")
    yield from scheme_changes(old, new)
    yield from _unread(old, new, "webhooks")
    yield from annotation_changes(members_of(old), members_of(new), _TOP_KNOWN, "")


def _base_path(document: Node) -> str:
    servers = document.value.get("servers") or [{}]
    return urlsplit(str(servers[0].get("url", ""))).path.rstrip("/")


def _unread(old: Node, new: Node, word: str) -> Iterator[Change]:
    before, after = member_of(old, word), member_of(new, word)
    place = after or before
    if place is not None and not is_equal(before, after):
        sentence = f"{word} changed; what that does to clients is not told here"
        yield Change(Effect.BREAKING, f"{word}-changed", sentence, place.pointer)
