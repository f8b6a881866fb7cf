"""What the bodies of a recording call things by."""

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
    """The texts that stand in members such as `id`, `slug` or `username`, and in which ones."""

    names: dict[str, Counter[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> Evidence:
        """What all bodies show, those that were sent too."""
        found = cls()
        for sample in samples:
            for body in (sample.answered_json(), sample.sent_json()):
                if body is not UNREADABLE:
                    found.read(body)
            if sample.is_form:
                found.read(dict(sample.form()))
        return found

    def read(self, body: Any) -> None:
        """Note the names in a body, as far as it is of a bearable size."""
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
        """The member in which most of some texts stand; empty if hardly any does."""
        listed = list(texts)
        shown = [self.names[text] for text in listed if text in self.names]
        if 2 * len(shown) < len(listed):
            return ""
        # Each text counts once for a member.
        total = Counter(name for counter in shown for name in counter)
        return min(total, key=lambda name: (-total[name], not is_id(name), name), default="")


def _is_name(member: Any) -> bool:
    return isinstance(member, str) and 0 < len(member) <= _LONGEST
