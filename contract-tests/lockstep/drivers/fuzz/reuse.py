"""Makes random requests reuse values that clients sent before, and request complete responses."""

from __future__ import annotations

import random
from typing import Any

from schemathesis import Case
from schemathesis.core.parameters import ParameterLocation

from lockstep.drivers.fuzz.parts import is_free, is_random
from lockstep.drivers.fuzz.value_dictionary import ValueDictionary
from lockstep.openapi.operations import Operation

# The remaining values stay random.
GIVEN_SHARE = 0.4
# A response without a body shows less, and `*` is the likeliest value of If-None-Match.
CONDITIONAL_SHARE = 0.2


class Reuse:
    """Replaces random values by earlier ones with the same format or name."""

    def __init__(self, given: ValueDictionary, rng: random.Random) -> None:
        self._given = given
        self._rng = rng

    def apply(self, case: Case[Any], operation: Operation) -> None:
        """Change the replaceable parts of a case whose values are random."""
        if is_random(case):
            self._filter(case, operation)
            self._touch(case)
            self._ask_in_full(case)

    def _filter(self, case: Case[Any], operation: Operation) -> None:
        """Set filters to values that were sent before."""
        given = self._given
        for parameter in operation.parameters:
            name = parameter.name
            if parameter.location != "query" or parameter.generated:
                continue
            value = case.query.get(name)
            known = given.instant_like(value) or given.named(name)
            free = isinstance(value, str) and is_free(case, ParameterLocation.QUERY, name)
            if known is not None and free and self._rng.random() < GIVEN_SHARE:
                case.query[name] = known
                self._leave_alone(case, operation, name)

    def _touch(self, case: Case[Any]) -> None:
        """Make a body's range begin or end at a known instant."""
        if not isinstance(case.body, dict) or not is_free(case, ParameterLocation.BODY):
            return
        given = self._given
        # Replacing two in one body would rarely leave them in order.
        instants = [name for name, value in case.body.items() if given.instant_like(value)]
        if instants and self._rng.random() < GIVEN_SHARE:
            name = self._rng.choice(instants)
            case.body[name] = given.instant_like(case.body[name])

    def _ask_in_full(self, case: Case[Any]) -> None:
        """Usually remove If-None-Match from reads (RFC 9110, section 13.1.2)."""
        name = next((each for each in case.headers or () if each.lower() == "if-none-match"), None)
        if case.method.upper() not in ("GET", "HEAD") or name is None:
            return
        free = is_free(case, ParameterLocation.HEADER, name)
        if free and self._rng.random() >= CONDITIONAL_SHARE:
            del case.headers[name]

    def _leave_alone(self, case: Case[Any], operation: Operation, name: str) -> None:
        """Remove the other filters half of the time, as many filters together match nothing."""
        if self._rng.random() < 0.5:
            return
        others = [
            each.name
            for each in operation.parameters
            if each.location == "query" and not each.required and each.name != name
        ]
        for other in others:
            if other in case.query and is_free(case, ParameterLocation.QUERY, other):
                del case.query[other]
