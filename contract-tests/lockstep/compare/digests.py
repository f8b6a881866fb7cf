"""Compares digests: a digest of the content alone must be equal, and is not an identifier."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from lockstep.inference.digests import contents, is_digest_of, same_sort
from lockstep.matching.bounded_dict import BoundedDict
from lockstep.transport.messages import Request

# The kind under which digests of two servers are matched.
DIGEST = "digest"
_KEPT = 5_000
_RECENT = 60


@dataclass
class _Exchange:
    left: Request
    right: Request

    @cached_property
    def contents(self) -> tuple[list[bytes], list[bytes]]:
        """The contents sent to each side that a digest may be computed from."""
        return contents(self.left), contents(self.right)


@dataclass(slots=True)
class Digests:
    """The known digests of two servers.

    A digest over a generated id or time differs by nature. A digest over the content alone can be
    recognised: it is the digest of what was sent, or it is the same for several resources.
    """

    _sent: deque[_Exchange] = field(default_factory=lambda: deque(maxlen=_RECENT))
    _things: BoundedDict[tuple[str, str], dict[str, str]] = field(
        default_factory=lambda: BoundedDict(_KEPT)
    )
    _reported: BoundedDict[tuple[str, str], None] = field(
        default_factory=lambda: BoundedDict(_KEPT)
    )

    def note(self, left: Request, right: Request) -> None:
        """Record the two requests of an exchange."""
        if left.body:
            self._sent.append(_Exchange(left, right))

    def differ(
        self, a: str, b: str, thing: tuple[str, str] | None, beside: Iterable[str] = ()
    ) -> bool:
        """Whether two unequal digests show that the servers compute them differently.

        `thing` is the kind and the identifier of the resource whose digest the leader returned;
        `beside` holds texts around the digests that are equal on both sides.
        """
        if (a, b) in self._reported:
            return True
        if not same_sort(a, b) or self._follows(a, b, beside) or self._repeats(a, b, thing):
            self._reported[a, b] = None
            return True
        return False

    def _follows(self, a: str, b: str, beside: Iterable[str]) -> bool:
        """Whether either is the digest of a recently sent content or of a text beside it."""
        for text in beside:
            content = text.encode("utf-8", "surrogatepass")
            if is_digest_of(a, content) or is_digest_of(b, content):
                return True
        for exchange in list(self._sent):
            left, right = exchange.contents
            if any(is_digest_of(a, content) for content in left):
                return True
            if any(is_digest_of(b, content) for content in right):
                return True
        return False

    def _repeats(self, a: str, b: str, thing: tuple[str, str] | None) -> bool:
        """Whether each server returned the same digest for another resource before."""
        if thing is None:
            return False
        kind, name = thing
        return self._things.setdefault((a, b), {}).setdefault(kind, name) != name
