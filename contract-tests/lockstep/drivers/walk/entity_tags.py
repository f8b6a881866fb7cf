"""The entity tags of things, for the operations that change nothing without them."""

from __future__ import annotations

from lockstep.openapi.operations import Operation
from lockstep.results.exchange import SAFE_METHODS, Exchange
from lockstep.transport.messages import Response

# RFC 6585, section 3.
_PRECONDITION_REQUIRED = 428
_WEAK = "W/"
# An entity tag that no resource has.
NO_TAG = '"0"'
_SHOWS = (*SAFE_METHODS, "PUT", "PATCH")


class EntityTags:
    """Remembers the current tag of each path, and which operations ask for `If-Match`."""

    def __init__(self) -> None:
        self._current: dict[str, str] = {}
        self._conditional: set[str] = set()

    def learn(self, exchange: Exchange) -> None:
        """Take in the tag that a response has, and forget those that a change may have ended."""
        answer, request = exchange.leader, exchange.request
        if not isinstance(answer, Response):
            return
        if answer.status == _PRECONDITION_REQUIRED and request.operation is not None:
            self._conditional.add(request.operation)
        if answer.status >= 300:
            return
        if request.method not in SAFE_METHODS:
            # What is done to one thing may have changed any other.
            self._current.clear()
        tag = answer.header("etag")
        if tag is not None and request.method in _SHOWS:
            self._current[_path(request.path)] = tag

    def current(self, path: str) -> str:
        """The tag of a path, empty if it is not known."""
        return self._current.get(_path(path), "")

    def is_asked_for(self, operation: Operation) -> bool:
        """Whether an operation was refused since it had no condition."""
        return operation.name in self._conditional


def spellings(tag: str) -> tuple[str, ...]:
    """Return an entity tag of the other strength, and in a list (RFC 9110, section 8.8.3.2).

    The strength counts for `If-Match` alone.
    """
    other = tag.removeprefix(_WEAK) if tag.startswith(_WEAK) else _WEAK + tag
    return other, f"{NO_TAG}, {tag}"


def _path(target: str) -> str:
    return target.partition("?")[0]
