"""Changes of operations, including callbacks and webhooks, which the server sends to clients."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lockstep.diff.annotations import annotation_changes
from lockstep.diff.changes import Change, Effect, Side, Space, effect_of, within
from lockstep.diff.contents import content_changes
from lockstep.diff.guard import Guard
from lockstep.diff.nodes import Node, member_of, members_of
from lockstep.diff.parameters import Operation, parameter_changes
from lockstep.diff.responses import response_changes
from lockstep.diff.schemas import SchemaComparison
from lockstep.diff.security import security_changes
from lockstep.diff.servers import base_paths, server_changes
from lockstep.openapi.structure import methods_of

_KNOWN = frozenset(
    {"parameters", "requestBody", "responses", "security", "callbacks", "operationId", "servers"}
)
_BODY_KNOWN = frozenset({"content", "required"})
_NAME = re.compile(r"\{[^}]+\}")

Operations = Mapping[tuple[str, str], Operation]


class OperationComparison:
    """Compares the operations of two documents."""

    def __init__(self, old: Node, new: Node, schemas: SchemaComparison, guard: Guard) -> None:
        self._old = old
        self._new = new
        self._schemas = schemas
        self._guard = guard
        self._bases = _bases(old, new)

    @property
    def have_moved(self) -> bool:
        """Whether a part of the base path moved into the paths, or the other way round."""
        return self._bases != ("", "")

    def of_paths(self, old: Node | None, new: Node | None) -> Iterator[Change]:
        """Compare operations by method and path, ignoring the names of path parameters."""
        base, other_base = self._bases
        before, after = _by_path(old, base), _by_path(new, other_base)
        for key, operation in before.items():
            if key in after:
                label = after[key].label
                found = self._guard.all_of(label, self._client_calls(operation, after[key]))
                yield from within(label, found)
        yield from _come_and_gone(before, after, "operation")

    def of_webhooks(self, old: Node | None, new: Node | None) -> Iterator[Change]:
        """Compare webhooks; a new one is compatible, as clients must register for it."""
        before, after = _operations(old), _operations(new)
        for key, operation in before.items():
            if key in after:
                label = f"webhook {after[key].label}"
                found = self._guard.all_of(label, self._server_calls(operation, after[key]))
                yield from within(label, found)
        yield from _come_and_gone(before, after, "webhook")

    def _client_calls(self, old: Operation, new: Operation) -> Iterator[Change]:
        if old.label != new.label:
            sentence = f"its operationId was {old.label}: generated clients name functions by it"
            yield Change(Effect.COMPATIBLE, "operation-renamed", sentence, new.node.pointer)
        yield from self._messages(old, new, Side.REQUEST)
        yield from security_changes((self._old, old.node), (self._new, new.node))
        before, after = _holder(self._old, old), _holder(self._new, new)
        if before is not self._old or after is not self._new:
            yield from server_changes(before, after, f"{new.node.pointer}/servers")
        callbacks = (member_of(one.node, "callbacks") for one in (old, new))
        yield from self._callbacks(*callbacks)

    def _callbacks(self, old: Node | None, new: Node | None) -> Iterator[Change]:
        """Compare callbacks by name and, within it, by runtime expression."""
        before, after = members_of(old), members_of(new)
        names = _renamed(before, after)
        for name in before:
            mine, theirs = _operations(before[name]), _operations(after.get(names[name]))
            for key, operation in mine.items():
                if key in theirs:
                    found = self._server_calls(operation, theirs[key])
                    yield from within(f"callback {names[name]}", found)
            yield from within(f"callback {name}", _come_and_gone(mine, theirs, "callback"))
        for name in [name for name in after if name not in names.values()]:
            found = _come_and_gone({}, _operations(after[name]), "callback")
            yield from within(f"callback {name}", found)

    def _server_calls(self, old: Operation, new: Operation) -> Iterator[Change]:
        """Compare operations that the server calls on the client, which swaps the directions."""
        yield from self._messages(old, new, Side.RESPONSE)

    def _messages(self, old: Operation, new: Operation, side: Side) -> Iterator[Change]:
        """Compare requests and responses; with `Side.RESPONSE` the server sends the request."""
        response_side = Side.RESPONSE if side is Side.REQUEST else Side.REQUEST
        yield from parameter_changes(old, new, self._schemas, side)
        was, now = member_of(old.node, "requestBody"), member_of(new.node, "requestBody")
        yield from within("request body", _body_changes(was, now, self._schemas, side))
        yield from response_changes(old.node, new.node, self._schemas, response_side)
        members = members_of(old.node), members_of(new.node)
        known = _KNOWN if side is Side.REQUEST else _KNOWN - {"operationId", "security"}
        yield from annotation_changes(*members, known, new.node.pointer)


def _operations(items: Node | None) -> dict[tuple[str, str], Operation]:
    return {
        (method, path): Operation(item, _holding(item, method).child(method), method, path)
        for path, item in members_of(items).items()
        for method, _ in methods_of(item.value)
    }


def _holding(item: Node, method: str) -> Node:
    """Return the parent of an operation: its path item, or `additionalOperations` (OpenAPI 3.2)."""
    return item if method in item.value else item.child("additionalOperations")


def _by_path(paths: Node | None, base: str) -> dict[tuple[str, str], Operation]:
    return {
        (method, base + _NAME.sub("{}", path)): operation
        for (method, path), operation in _operations(paths).items()
    }


def _bases(old: Node, new: Node) -> tuple[str, str]:
    """Return the base paths to prefix, if more operations match with them; else empty ones."""
    before, after = base_paths(old), base_paths(new)
    if len(before) != 1 or len(after) != 1 or before == after:
        return "", ""
    paths = member_of(old, "paths"), member_of(new, "paths")
    with_bases = _by_path(paths[0], before[0]).keys() & _by_path(paths[1], after[0]).keys()
    without = _by_path(paths[0], "").keys() & _by_path(paths[1], "").keys()
    return (before[0], after[0]) if len(with_bases) > len(without) else ("", "")


def _renamed(old: Mapping[str, Node], new: Mapping[str, Node]) -> dict[str, str]:
    """Map callbacks to their newer names: one with the same operations is only renamed."""
    left = {name: _operations(node).keys() for name, node in new.items() if name not in old}
    names = {}
    for name, node in old.items():
        same = [other for other, keys in left.items() if keys == _operations(node).keys()]
        names[name] = same[0] if same and name not in new else name
        left.pop(names[name], None)
    return names


def _come_and_gone(old: Operations, new: Operations, what: str) -> Iterator[Change]:
    for key, operation in old.items():
        if key not in new:
            change = Change(Effect.BREAKING, f"{what}-gone", "was removed", operation.node.pointer)
            yield from within(operation.label, [change])
    for key, operation in new.items():
        if key not in old:
            change = Change(Effect.COMPATIBLE, f"{what}-new", "was added", operation.node.pointer)
            yield from within(operation.label, [change])


def _holder(document: Node, operation: Operation) -> Node:
    """Return the innermost node whose `servers` apply to an operation."""
    holders = (one for one in (operation.node, operation.item) if one.value.get("servers"))
    return next(holders, document)


def _body_changes(
    old: Node | None, new: Node | None, schemas: SchemaComparison, side: Side
) -> Iterator[Change]:
    if old is None and new is not None:
        required = bool(new.value.get("required"))
        effect = Effect.BREAKING if required and side is Side.REQUEST else Effect.COMPATIBLE
        sentence = "was added and is required" if required else "was added"
        yield Change(effect, "body-new", sentence, new.pointer)
    elif new is None and old is not None:
        yield Change(Effect.BREAKING, "body-gone", "was removed", old.pointer)
    elif old is not None and new is not None:
        was, now = bool(old.value.get("required")), bool(new.value.get("required"))
        if was != now:
            space = Space.NARROWER if now else Space.WIDER
            sentence = "is required" if now else "is no longer required"
            yield Change(effect_of(space, side), f"required-{space}", sentence, new.pointer)
        yield from content_changes(old, new, side, schemas)
        yield from annotation_changes(members_of(old), members_of(new), _BODY_KNOWN, new.pointer)
