"""Detects safe requests that must not be repeated, as some APIs delete by GET."""

from __future__ import annotations

import re

from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.naming import words
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import SAFE_METHODS
from lockstep.transport.messages import Request, status_of

_CHANGING = frozenset(
    re.findall(
        r"\w+",
        """
        delete deletes remove destroy purge clear reset erase drop logout signout revoke cancel
        kill shutdown stop restart unsubscribe deactivate disable archive
        """,
    )
)
_PAIRS = frozenset({("log", "out"), ("sign", "out"), ("log", "off"), ("sign", "off")})
_GONE = (404, 410)


def changes_state(operation: Operation) -> bool:
    """Whether the name of an operation with a safe method suggests a change."""
    if operation.method not in SAFE_METHODS:
        return False
    literals = [part for part in operation.path.split("/") if part and "{" not in part]
    last = words(literals[-1]) if literals else ()
    named = words(operation.definition.get("operationId", ""))
    return any(_says_so(text) for text in (last, named[:2]))


def is_spent(exchanger: Exchanger, request: Request) -> bool:
    """Whether a resource exists for the first safe request and is gone for the second.

    Nothing is compared or recorded.
    """
    first = status_of(next(iter(exchanger.ask(request).values()))) or 599
    if first >= 300:
        return False
    return status_of(next(iter(exchanger.ask(request).values()))) in _GONE


def _says_so(text: tuple[str, ...]) -> bool:
    return bool(_CHANGING & {*text[:1], *text[-1:]}) or text[:2] in _PAIRS
