"""Bodies as they are compared: decoded and whole, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lockstep.openapi.conformance import Conformance, Violation
from lockstep.openapi.operations import Operation
from lockstep.transport.encodings import decoded
from lockstep.transport.messages import Outcome, Response


class HeadConformance(Conformance):
    """Judges an answer without its body."""

    def check(
        self, operation: Operation | None, outcome: Outcome, expected: frozenset[int] = frozenset()
    ) -> list[Violation]:
        """The violations of an outcome, but for those of its body."""
        found = super().check(operation, outcome, expected)
        return [each for each in found if "body" not in each.kind]


def whole_bodies(outcomes: Mapping[str, Outcome], limit: int) -> dict[str, Outcome] | None:
    """The outcomes with decoded bodies; `None` if one has more than `limit` bytes, or an
    encoding that is not known.
    """
    found: dict[str, Outcome] = {}
    for name, outcome in outcomes.items():
        plain = decoded(outcome) if isinstance(outcome, Response) else outcome
        if plain is None or (isinstance(plain, Response) and len(plain.body) > limit):
            return None
        found[name] = plain
    return found


def without_bodies(outcomes: Mapping[str, Outcome]) -> dict[str, Outcome]:
    """The outcomes with status and headers alone."""
    return {
        name: _head(outcome) if isinstance(outcome, Response) else outcome
        for name, outcome in outcomes.items()
    }


def _head(response: Response) -> Response:
    kept = tuple(item for item in response.headers if item[0].lower() != "content-length")
    return replace(response, headers=kept, body=b"")
