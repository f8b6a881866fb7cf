"""What the code that runs now belongs to: a request, and what its process holds."""

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
    """What is used, and how many SQL statements were sent, also from threads that work for it."""

    resources: Resources
    statements: int = 0


_context: ContextVar[Context | None] = ContextVar("context", default=None)


def enter(resources: Resources) -> Token[Context | None]:
    """Lets services use these resources from now on, and begins to count statements."""
    return _context.set(Context(resources))


def leave(token: Token[Context | None]) -> None:
    """Ends what `enter` began."""
    _context.reset(token)


@contextmanager
def using(resources: Resources) -> Iterator[None]:
    """Lets services use these resources, as in a request."""
    token = enter(resources)
    try:
        yield
    finally:
        leave(token)


def context() -> Context:
    """Gives the context of the code that runs."""
    found = _context.get()
    if found is None:
        raise RuntimeError("no resources: run this within `using`, or in an application context")
    return found


def resources() -> Resources:
    """Gives what the process holds, as handed on to the request being answered."""
    return context().resources
