"""Values that clients sent and servers accepted, to match stored ones in later requests.

The boundary of a filter only shows for a value equal to a stored one, and two periods touch only if
one begins as the other ends: random values never do.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lockstep.transport.messages import Request

KEPT = 30
# RFC 3339, and common variants: a date without a time, a space for the T, no time zone.
INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d(?:(?P<time>[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(?P<zone>Z|[+-]\d\d:?\d\d)?)?",
    re.IGNORECASE,
)


@dataclass(slots=True)
class ValueDictionary:
    """Recent values: instants by format, other strings by name."""

    rng: random.Random
    _instants: dict[str, deque[str]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=KEPT))
    )
    _strings: dict[str, deque[str]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=KEPT))
    )

    def learn(self, request: Request) -> list[str]:
        """Add the JSON body of an accepted request; returns the instants in it."""
        instants = []
        for name, value in _strings_in(_parsed(request.body), ""):
            form = form_of(value)
            known = self._instants[form] if form else self._strings[name]
            if value not in known:
                known.append(value)
            if form:
                instants.append(value)
        return instants

    def instant_like(self, value: Any) -> str | None:
        """Return an earlier instant of the same format, or `None` if there is none."""
        known = self._instants.get(form_of(value)) if isinstance(value, str) else None
        return self.rng.choice(known) if known else None

    def named(self, name: str) -> str | None:
        """Return an earlier string with this name, or from a list with its plural."""
        known = self._strings.get(name) or self._strings.get(f"{name}s")
        return self.rng.choice(known) if known else None


def form_of(value: str) -> str:
    """Return `date`, `local` or `instant`; an empty string if the text is not a point in time."""
    found = INSTANT.fullmatch(value)
    if found is None:
        return ""
    if found["time"] is None:
        return "date"
    return "instant" if found["zone"] else "local"


def _parsed(body: bytes | None) -> Any:
    try:
        return json.loads(body or b"null")
    except (ValueError, RecursionError):
        return None


def _strings_in(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _strings_in(member, key)
    elif isinstance(value, list):
        for element in value:
            yield from _strings_in(element, name)
