"""The amount of generated requests, and the expectations of Schemathesis checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PHASES = ("examples", "coverage", "fuzzing", "stateful")
# Minimum number of boundary values for each operation, however many operations there are.
_LEAST = 60
# The probes send the common methods, once per path; this one shows what refusals look like.
METHODS = ("trace",)
# Status codes for valid data on a server with users and state.
_OF_STATE = (401, 402, 403, 404, 409, 410, 412, 422, 423, 424, 428, 429, 451)
ACCEPTED = ("2xx", "3xx", *map(str, _OF_STATE))
# Status codes for invalid data; servers may check their state before the data.
REJECTED = ("4xx",)


@dataclass(frozen=True, slots=True)
class FuzzSettings:
    """The amount of requests, and the expectations of the checks.

    `max_examples` counts valid and invalid requests of each operation in the fuzzing phase,
    `stateful_examples` sequences of at most `stateful_steps` in each round of the stateful one. A
    round ends early when Hypothesis repeats a part of a sequence and gets a different response, as
    from a server with state; so there are several, each with its own seed. `methods` are sent where
    they are not documented. At most `boundary_values` of one operation are sent, and fewer if all
    operations of the document together would have more than `all_boundary_values`. `checks` is
    merged over the defaults, in the form of the `[checks]` section of `schemathesis.toml`. With a
    single one of the `workers`, a run is reproducible by its seed; with several, the interleaving
    of requests depends on timing.
    """

    phases: Sequence[str] = PHASES
    max_examples: int = 25
    stateful_rounds: int = 4
    stateful_examples: int = 25
    stateful_steps: int = 8
    methods: Sequence[str] = METHODS
    boundary_values: int = 500
    all_boundary_values: int = 30_000
    checks: Mapping[str, Any] = field(default_factory=dict)
    workers: int = 1

    def boundary_values_of(self, operations: int) -> int:
        """Return the maximum number of boundary values per operation of a document."""
        part = self.all_boundary_values // max(1, operations)
        return max(_LEAST, min(self.boundary_values, part))


def configuration(settings: FuzzSettings, seed: int) -> dict[str, Any]:
    """Return the settings in the form of `schemathesis.toml`."""
    checks: dict[str, Any] = {
        "positive_data_acceptance": {"expected-statuses": list(ACCEPTED)},
        "negative_data_rejection": {"expected-statuses": list(REJECTED)},
        "missing_required_header": {"expected-statuses": ["400", "428"]},
        **settings.checks,
    }
    phases: dict[str, Any] = {name: {"enabled": name in settings.phases} for name in PHASES}
    phases["fuzzing"]["generation"] = {"max-examples": settings.max_examples}
    # Refused steps end a sequence; the other phases send invalid data.
    phases["stateful"]["generation"] = {
        "max-examples": settings.stateful_examples,
        "mode": "positive",
    }
    phases["coverage"]["unexpected-methods"] = list(settings.methods)
    phases["stateful"]["max-steps"] = settings.stateful_steps
    return {
        "seed": seed,
        "workers": 1,
        "continue-on-failure": True,
        "generation": {"no-shrink": True, "database": "none"},
        "phases": phases,
        "checks": checks,
    }
