"""The protocol for observers of side channels of targets, such as log lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lockstep.results.findings import Finding
from lockstep.transport.messages import Outcome, Request

# Translates a text with the leader's values for a target, given by name.
Translate = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Sent:
    """One request and its outcomes, by target name; `label` is the operation's label.

    `at_once` requests run concurrently: they may have been blocked on one target and not on
    another.
    """

    label: str
    requests: Mapping[str, Request]
    outcomes: Mapping[str, Outcome]
    at_once: bool = False


class Witness(Protocol):
    """Observes what all targets write while requests are sent."""

    def begin(self) -> None:
        """Ignore what was written so far."""

    def judge(self, title: str, sent: Sequence[Sent], translate: Translate) -> Iterable[Finding]:
        """Return findings on what was written since the last call; `title` is that of the story."""
