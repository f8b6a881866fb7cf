"""The operations that a walk chooses among: creations that have succeeded, and lists to read."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.drivers.walk.client import Client
from lockstep.drivers.walk.repeatable import changes_state
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation


def accepted_posts(client: Client) -> Iterator[Operation]:
    """Yield the POST operations that have succeeded, other than to register and to log in."""
    for operation in client.document.operations.values():
        accepted = operation.name in client.known.accepted and operation.method == "POST"
        if accepted and operation.name not in client.entrances:
            yield operation


def lists(document: Document) -> Iterator[Operation]:
    """Yield the reads without path parameters that change nothing."""
    for operation in document.operations.values():
        if operation.method == "GET" and "{" not in operation.path and not changes_state(operation):
            yield operation
