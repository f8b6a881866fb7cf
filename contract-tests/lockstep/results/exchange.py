"""One request to all targets, with the responses and all results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lockstep.effects.calls.call import RecordedCalls
from lockstep.effects.mirror import Changes
from lockstep.matching.difference import Difference
from lockstep.openapi.conformance import Violation
from lockstep.results.conditions import Conditions
from lockstep.transport.messages import Outcome, Request

if TYPE_CHECKING:
    from lockstep.results.findings import Finding

# Safe methods (RFC 9110, section 9.2.1).
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "QUERY", "TRACE"})


@dataclass(slots=True)
class Effects:
    """Side effects of a request: changed rows by target, SQL statements, and outbound calls.

    `statements` counts the SQL statements by target, where that is known.
    """

    rows: dict[str, Changes] = field(default_factory=dict)
    statements: dict[str, int] = field(default_factory=dict)
    calls: RecordedCalls = field(default_factory=RecordedCalls)

    def __bool__(self) -> bool:
        return bool(self.rows or self.statements or self.calls.by_target)


@dataclass(slots=True)
class Exchange:
    """One request as it was sent to each target, and the targets' responses.

    `requests`, `outcomes`, `addresses` (base URLs), `curl_options` (the certificates that curl
    needs) and `violations` (of the document by each response) are keyed by target name;
    `differences` are those of each partner from the leader. `conditions` are the notable conditions
    of the request, `parity` is true if all responses are the same, `counted` if a difference is a
    finding, `parted` if the targets' states have diverged for the actor of the request. An exchange
    that `sets_up` only creates what others need, and is not judged. `shows` are the keys of the
    resources in the responses.

    `done` has each target's side effects, where they are observed, and `effects` their differences
    from the leader's.

    `seconds` is the response time of each target, by name, where it was measured. `findings` are
    those that the exchange is an occurrence of, `known` counts its known differences, and `excused`
    is the reason why others are not counted, if any.
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
        """Yield the differences by partner: first those of the responses, then of side effects."""
        yield from self.differences.items()
        yield from self.effects.items()


def last_repetition(steps: Sequence[Exchange]) -> int | None:
    """Return the index of the last write before a read, if an earlier step has sent the same."""
    for at in range(len(steps) - 2, -1, -1):
        request = steps[at].request
        if request.method in SAFE_METHODS or steps[at].group is not None:
            continue
        same = (request.method, request.path, request.body, request.actor)
        sent = (each.request for each in steps[:at])
        repeated = any((e.method, e.path, e.body, e.actor) == same for e in sent)
        return at if repeated and steps[-1].request.method in SAFE_METHODS else None
    return None
