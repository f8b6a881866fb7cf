"""Which recorded requests are about the same user's account."""

from __future__ import annotations

from dataclasses import dataclass, field

from lockstep.recordings.uniquify import has_password, unique_members
from lockstep.transport.messages import Request


@dataclass(slots=True)
class Accounts:
    """Groups registrations and log-ins by the names in them, which clients have made up."""

    _groups: dict[str, str] = field(default_factory=dict)

    def group(self, request: Request) -> str | None:
        """The group of a request with a password and a name; `None` for any other."""
        if request.method != "POST" or not has_password(request):
            return None
        names = list(unique_members(request))
        if not names:
            return None
        known = [self._groups[name] for name in names if name in self._groups]
        group = known[0] if known else f"recorded user {len(set(self._groups.values())) + 1}"
        for name in names:
            self._groups.setdefault(name, group)
        return group
