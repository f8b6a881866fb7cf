"""One request to all targets, and everything that came of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lockstep.effects.calls.call import Made
from lockstep.effects.mirror import Changes
from lockstep.matching.difference import Difference
from lockstep.openapi.conformance import Violation
from lockstep.results.conditions import Conditions
from lockstep.transport.messages import Outcome, Request

if TYPE_CHECKING:
    from lockstep.results.findings import Finding

# Methods that change nothing (RFC 9110, section 9.2.1).
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "QUERY", "TRACE"})


@dataclass(slots=True)
class Effects:
    """What targets did beside answering: to their databases, by target, and by calling others.

    `statements` counts those that their databases were sent meanwhile, where that is known.
    """

    rows: dict[str, Changes] = field(default_factory=dict)
    statements: dict[str, int] = field(default_factory=dict)
    calls: Made = field(default_factory=Made)

    def __bool__(self) -> bool:
        return bool(self.rows or self.statements or self.calls.by_target)


@dataclass(slots=True)
class Exchange:
    """One request with what it became for each target, and what each target answered.

    `requests`, `outcomes`, `addresses` (base URLs), `curl_options` (the certificates that curl
    needs there) and `violations` (what each answer breaks of the document) are keyed by target
    name; `differences` are those of each partner from the leader. `conditions` say what stands out
    in the request, `parity` whether all answers are the same, `counted` whether a difference is a
    finding, `parted` that the targets are no longer in the same state for the actor of the request.
    One that `sets_up` only makes what others need: it is judged elsewhere. `shows` are the keys of
    the things in the answers.

    `done` is what each target did beside answering, where that is seen, and `effects` is where that
    differs from what the leader did.

    `seconds` is how long each target took, by name, where that was measured. `findings` are those
    that it is an occurrence of, `known` counts its known differences, and `excused` says why others
    are not counted, if any are.
    """

    number: int
    request: Request
    label: str
    requests: dict[str, Request]
    outcomes: dict[str, Outcome]
    addresses: dict[str, str]
    curl_options: dict[str, tuple[str, ...]] = field(default_factory=dict)
    group: str | None = None
    conditions: Conditions = ()
    parity: bool = True
    counted: bool = False
    conformant: bool = True
    parted: bool = False
    sets_up: bool = False
    at_once: bool = False
    shows: frozenset[str] = frozenset()
    violations: dict[str, list[Violation]] = field(default_factory=dict)
    differences: dict[str, list[Difference]] = field(default_factory=dict)
    done: Effects = field(default_factory=Effects)
    effects: dict[str, list[Difference]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    known: int = 0
    excused: str = ""

    @property
    def leader(self) -> Outcome:
        """The leader's outcome."""
        return next(iter(self.outcomes.values()))

    def found(self) -> Iterator[tuple[str, list[Difference]]]:
        """What differs from the leader, by partner: of the answers, then of what was done."""
        yield from self.differences.items()
        yield from self.effects.items()
