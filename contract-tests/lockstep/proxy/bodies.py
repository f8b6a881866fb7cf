"""Prepares bodies for comparison: decoded and complete, or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lockstep.openapi.conformance import Conformance, Violation
from lockstep.openapi.operations import Operation
from lockstep.transport.encodings import decoded
from lockstep.transport.messages import Outcome, Response


class HeadConformance(Conformance):
    """Validates responses without their bodies."""

    def check(
        self, operation: Operation | None, outcome: Outcome, expected: frozenset[int] = frozenset()
    ) -> list[Violation]:
        """Return the violations of an outcome, except those of its body."""
        found = super().check(operation, outcome, expected)
        return [each for each in found if "body" not in each.kind]


def whole_bodies(outcomes: Mapping[str, Outcome], limit: int) -> dict[str, Outcome] | None:
    """Return the outcomes with decoded bodies, or `None`.

    `None` if one has more than `limit` bytes, or an unknown encoding.
    """
    found: dict[str, Outcome] = {}
    for name, outcome in outcomes.items():
        plain = decoded(outcome) if isinstance(outcome, Response) else outcome
        if plain is None or (isinstance(plain, Response) and len(plain.body) > limit):
            return None
        found[name] = plain
    return found


def without_bodies(outcomes: Mapping[str, Outcome]) -> dict[str, Outcome]:
    """Return the outcomes with status code and header fields only."""
    return {
        name: _head(outcome) if isinstance(outcome, Response) else outcome
        for name, outcome in outcomes.items()
    }


def _head(response: Response) -> Response:
    kept = tuple(item for item in response.headers if item[0].lower() != "content-length")
    return replace(response, headers=kept, body=b"")
