"""How much is generated, and what the checks of Schemathesis take for right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PHASES = ("examples", "coverage", "fuzzing", "stateful")
# Of boundary values so many are tried of each operation, however many there are.
_LEAST = 60
# The probes try the common ones, once for each path; this one shows what refusals look like.
METHODS = ("trace",)
# What valid data may meet in a server with users and state.
ACCEPTED = ("2xx", "3xx", "401", "403", "404", "409", "412", "422", "428", "429")
# What invalid data may meet; a server may decide by its state before it looks at the data.
REJECTED = tuple(map(str, (400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 428, 429)))


@dataclass(frozen=True, slots=True)
class FuzzSettings:
    """How much is sent, and what the checks take for right.

    `max_examples` counts valid and invalid requests of each operation in the fuzzing phase,
    `stateful_examples` sequences of at most `stateful_steps` in each round of the stateful one. A
    round ends early when Hypothesis repeats a part of a sequence and is answered otherwise, as it
    is by a server with state; so there are several, each with a seed of its own. `methods` are
    tried where they are not documented. Of the boundary values of one operation `boundary_values`
    are tried at most, and fewer in a document of so many operations that all would have more than
    `all_boundary_values`. `checks` is merged over the defaults, in the form of the `[checks]`
    section of `schemathesis.toml`. With one of the `workers` a run repeats exactly by its seed;
    with several, which answers meet in the same state depends on the moment.
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
        """How many boundary values are tried of one operation, where there are so many."""
        part = self.all_boundary_values // max(1, operations)
        return max(_LEAST, min(self.boundary_values, part))


def configuration(settings: FuzzSettings, seed: int) -> dict[str, Any]:
    """The settings in the form of `schemathesis.toml`."""
    checks: dict[str, Any] = {
        "positive_data_acceptance": {"expected-statuses": list(ACCEPTED)},
        "negative_data_rejection": {"expected-statuses": list(REJECTED)},
        "missing_required_header": {"expected-statuses": ["400", "428"]},
        **settings.checks,
    }
    phases: dict[str, Any] = {name: {"enabled": name in settings.phases} for name in PHASES}
    phases["fuzzing"]["generation"] = {"max-examples": settings.max_examples}
    # A step that is refused leads nowhere; invalid data are what the other phases are for.
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
