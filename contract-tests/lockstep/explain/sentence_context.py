"""The parts of a sentence about a finding."""

from __future__ import annotations

from dataclasses import dataclass

from lockstep.explain.resource_context import noun_of
from lockstep.openapi.operations import Operation
from lockstep.openapi.schema_lookup import Place
from lockstep.results.conditions import in_words
from lockstep.results.findings import Finding


@dataclass(frozen=True, slots=True)
class SentenceContext:
    """The parts of a sentence; `call` describes the request, `place` a part of the response."""

    finding: Finding
    call: str
    place: Place
    operation: Operation | None

    @property
    def when(self) -> str:
        """The conditions of the request as a clause with a leading space, or an empty string."""
        noun = noun_of(self.operation.path) if self.operation is not None else "resource"
        effect = f" after `{self.finding.effect_of}`" if self.finding.effect_of else ""
        proved = self.finding.neighbour is not None
        conditions = (c for c in self.finding.conditions if proved or c.kind != "notable")
        return in_words(tuple(conditions), noun) + effect

    @property
    def about(self) -> str:
        """The request, the number of other operations with the same finding, and the conditions."""
        others = {place.operation for place in self.finding.places} - {self.finding.operation}
        more = ""
        if others:
            more = f" and {len(others)} more operation{'s' * (len(others) > 1)}"
        return f"{self.call}{more}{self.when}"

    @property
    def response(self) -> str:
        """The response to that request."""
        return f"the response to {self.about}"
