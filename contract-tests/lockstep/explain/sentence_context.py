"""What a sentence about a finding is made of."""

from __future__ import annotations

from dataclasses import dataclass

from lockstep.explain.resource_context import ResourceContext
from lockstep.openapi.schema_lookup import Place
from lockstep.results.findings import Finding


@dataclass(frozen=True, slots=True)
class SentenceContext:
    """What a sentence is made of; `call` names the request, `when` what stands out in it.

    `fault` is what the document has against the request.
    """

    finding: Finding
    call: str
    place: Place
    situation: ResourceContext
    when: str
    fault: str | None

    @property
    def about(self) -> str:
        """The request, whose thing it names, and what stands out in it."""
        thing = f" of {self.situation.thing}" if self.situation.thing else ""
        broken = "500" <= max(self.finding.values.values(), default="") <= "599"
        if self.finding.kind == "status" and self.fault and not (broken and self.when):
            return f"{self.call}{thing}, although {self.fault}"
        return f"{self.call}{thing}" + (f" {self.when}" if self.when else "")

    @property
    def answer(self) -> str:
        """The answer to that request."""
        return f"the answer to {self.about}"
