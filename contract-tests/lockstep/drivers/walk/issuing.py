"""Resources that only an action on another one makes: the invoice of a completed order, say.

No path creates them. So the actions after which the first one appeared are repeated on a new
resource whenever another one is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lockstep.drivers.walk.items import families_for, parameters_of
from lockstep.drivers.walk.knowledge import Values
from lockstep.openapi.document import Document
from lockstep.openapi.naming import split

# Acts on a new resource, and returns the identifier of what that makes, `None` if it fails.
Issue = Callable[[], str | None]


@dataclass(slots=True)
class Issuing:
    """Knows by which actions the resources of a family appear, and takes these again."""

    document: Document
    _known: dict[str, Issue] = field(default_factory=dict)
    _is_acting: bool = False

    def learn(self, member: str, issue: Issue) -> None:
        """Record what makes the resource appear that a member names; the first one is kept."""
        about, _ = split(member)
        if about:
            self._known.setdefault(self.document.families.of(about), issue)

    def new(self, path: str, name: str) -> Values | None:
        """Make a resource that a path names appear; `None` if it is not known how, or fails."""
        of = self.document.families.of
        named = map(of, sorted(families_for(path, name)))
        issue = next((self._known[family] for family in named if family in self._known), None)
        if issue is None or self._is_acting or len(parameters_of(path)) > 1:
            return None
        self._is_acting = True
        try:
            found = issue()
        finally:
            self._is_acting = False
        return {name: found} if found is not None else None
