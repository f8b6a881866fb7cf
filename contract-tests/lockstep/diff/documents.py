"""Compares two OpenAPI documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lockstep.diff.annotations import annotation_changes
from lockstep.diff.changes import Change
from lockstep.diff.guard import Guard
from lockstep.diff.nodes import Node, member_of, members_of
from lockstep.diff.operations import OperationComparison
from lockstep.diff.schemas import SchemaComparison
from lockstep.diff.security import scheme_changes
from lockstep.diff.servers import server_changes
from lockstep.openapi.dialect import modernised

_KNOWN = frozenset({"paths", "components", "servers", "security", "webhooks"})


def compare(
    old: dict[str, Any],
    new: dict[str, Any],
    *,
    strict: bool = False,
    unread: list[str] | None = None,
) -> list[Change]:
    """Return the changes from one parsed document to another, in the order of the older one.

    With `strict` a new member of a response whose schema was closed is breaking, too. Schemas and
    operations that cannot be read, for example because of an unresolvable reference, are appended
    to `unread` and skipped. Raise `ValueError` if a document is not OpenAPI 3 or, without `unread`,
    if any part cannot be read.
    """
    before, after = (Node(modern, modern) for modern in (modernised(old), modernised(new)))
    guard = Guard(unread)
    schemas = SchemaComparison(guard, strict=strict)
    try:
        return list(dict.fromkeys(_all_changes(before, after, schemas, guard)))
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"a document cannot be read ({error!r})") from error


def _all_changes(old: Node, new: Node, schemas: SchemaComparison, guard: Guard) -> Iterator[Change]:
    operations = OperationComparison(old, new, schemas, guard)
    if not operations.have_moved:
        yield from server_changes(old, new)
    yield from scheme_changes(old, new)
    yield from annotation_changes(members_of(old), members_of(new), _KNOWN, "")
    yield from operations.of_paths(member_of(old, "paths"), member_of(new, "paths"))
    yield from operations.of_webhooks(member_of(old, "webhooks"), member_of(new, "webhooks"))
