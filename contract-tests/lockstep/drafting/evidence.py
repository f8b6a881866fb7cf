"""Collects the identifiers of resources that occur in recorded bodies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from lockstep.drafting.sample import UNREADABLE, Sample
from lockstep.openapi.naming import is_id, is_unique

_LONGEST = 100
_MOST_NAMES = 100_000
_MOST_NODES = 20_000


@dataclass(slots=True)
class Evidence:
    """Maps values of members such as `id`, `slug` or `username` to the names of these members."""

    names: dict[str, Counter[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> Evidence:
        """Collect the identifiers of all request and response bodies."""
        found = cls()
        for sample in samples:
            for body in (sample.answered_json(), sample.sent_json()):
                if body is not UNREADABLE:
                    found.read(body)
            if sample.is_form:
                found.read(dict(sample.form()))
        return found

    def read(self, body: Any) -> None:
        """Record the identifiers in a body, up to a limit on its size."""
        waiting = [body]
        seen = 0
        while waiting and seen < _MOST_NODES and len(self.names) < _MOST_NAMES:
            node = waiting.pop()
            seen += 1
            if isinstance(node, list):
                waiting.extend(node[:_MOST_NODES])
                continue
            for name, member in node.items() if isinstance(node, dict) else ():
                if isinstance(member, dict | list):
                    waiting.append(member)
                elif _is_name(member) and (is_id(name) or is_unique(name)):
                    self.names.setdefault(member, Counter())[name] += 1

    def member(self, texts: Iterable[str]) -> str:
        """Return the member that contains most of the texts; empty if less than half are known."""
        listed = list(texts)
        known = [self.names[text] for text in listed if text in self.names]
        if 2 * len(known) < len(listed):
            return ""
        # Each text counts once for a member.
        total = Counter(name for counter in known for name in counter)
        return min(total, key=lambda name: (-total[name], not is_id(name), name), default="")


def _is_name(member: Any) -> bool:
    return isinstance(member, str) and 0 < len(member) <= _LONGEST
