"""What changed between two OpenAPI documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lockstep.diff.annotations import annotation_changes
from lockstep.diff.changes import Change
from lockstep.diff.nodes import Node, member_of, members_of
from lockstep.diff.operations import OperationComparison
from lockstep.diff.schemas import SchemaComparison
from lockstep.diff.security import scheme_changes
from lockstep.diff.servers import server_changes
from lockstep.openapi.dialect import modernised

_KNOWN = frozenset({"paths", "components", "servers", "security", "webhooks"})


def compare(old: dict[str, Any], new: dict[str, Any], *, strict: bool = False) -> list[Change]:
    """The changes from one parsed document to another, in the order of the older one.

    strict: a new member of an answer that was closed breaks clients too. `ValueError` if a
    document is no OpenAPI 3, or a reference leads nowhere.
    """
    before, after = (Node(modern, modern) for modern in (modernised(old), modernised(new)))
    try:
        return list(dict.fromkeys(_all_changes(before, after, SchemaComparison(strict=strict))))
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"a document cannot be read ({error!r})") from error


def _all_changes(old: Node, new: Node, schemas: SchemaComparison) -> Iterator[Change]:
    operations = OperationComparison(old, new, schemas)
    if not operations.have_moved:
        yield from server_changes(old, new)
    yield from scheme_changes(old, new)
    yield from annotation_changes(members_of(old), members_of(new), _KNOWN, "")
    yield from operations.of_paths(member_of(old, "paths"), member_of(new, "paths"))
    yield from operations.of_webhooks(member_of(old, "webhooks"), member_of(new, "webhooks"))
