"""The current context: the request being handled, and the resources of its process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .resources import Resources


@dataclass(slots=True)
class Context:
    """The resources in use, and the number of SQL statements sent, from other threads too.

    client: the client that the request counts for, once known.
    """

    resources: Resources
    statements: int = 0
    client: str = ""


_context: ContextVar[Context | None] = ContextVar("context", default=None)


def enter(resources: Resources) -> Token[Context | None]:
    """Makes these resources available to services, and starts to count statements."""
    return _context.set(Context(resources))


def leave(token: Token[Context | None]) -> None:
    """Reverts `enter`."""
    _context.reset(token)


@contextmanager
def using(resources: Resources) -> Iterator[None]:
    """Makes these resources available to services, as in a request."""
    token = enter(resources)
    try:
        yield
    finally:
        leave(token)


def context() -> Context:
    """Returns the current context."""
    found = _context.get()
    if found is None:
        raise RuntimeError("no resources: run this within `using` or an application context")
    return found


def resources() -> Resources:
    """Returns the resources of the process, as passed to the request being handled."""
    return context().resources
