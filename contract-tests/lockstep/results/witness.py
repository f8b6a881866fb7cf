"""Whoever looks at what targets leave beside their answers, such as the lines of a log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lockstep.results.findings import Finding
from lockstep.transport.messages import Outcome, Request

# A text in the leader's names, and a target's name: the text in the names of that target.
Translate = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Sent:
    """One request to every target and what came of it, by target name; `label` names it.

    What was sent `at_once` with others may have waited for them on one target and not on another.
    """

    label: str
    requests: Mapping[str, Request]
    outcomes: Mapping[str, Outcome]
    at_once: bool = False


class Witness(Protocol):
    """Looks at what all targets leave of what they are all sent."""

    def begin(self) -> None:
        """What came before is nobody's concern."""

    def judge(self, title: str, sent: Sequence[Sent], translate: Translate) -> Iterable[Finding]:
        """What is wrong with what was left since the last time; `title` is what was played."""
