"""Drives the targets with the engine of Schemathesis."""

from __future__ import annotations

import copy
import random
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from schemathesis import AuthContext, Case
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events
from schemathesis.engine.core import Engine, ExecutionPlan
from schemathesis.engine.run import PhaseName
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER
from schemathesis.specs.openapi.schemas import OpenApiSchema

from lockstep.actors import ActorBook
from lockstep.credentials import Credential
from lockstep.drivers.fuzz_failures import FailureFilter
from lockstep.drivers.fuzz_filler import Filler
from lockstep.drivers.fuzz_transport import PLACEHOLDER, ExchangeTransport
from lockstep.drivers.pool import Pool
from lockstep.exchange import Exchanger

PHASES = ("examples", "coverage", "fuzzing", "stateful")
METHODS = ("get", "put", "post", "delete", "options", "patch", "trace", "query")
# What valid data may meet in a server with users and state.
ACCEPTED = ("2xx", "304", "401", "403", "404", "409", "412", "422", "428", "429")
# What invalid data may meet; a server may decide by its state before it looks at the data.
REJECTED = tuple(map(str, (400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 428, 429)))

Progress = Callable[[str, str], None]


class FuzzError(Exception):
    """The engine could not run, or could not generate requests for an operation."""


@dataclass(frozen=True, slots=True)
class FuzzSettings:
    """How much is sent, and what the checks take for right.

    `max_examples` counts valid and invalid requests of each operation in the fuzzing phase,
    `stateful_examples` sequences of at most `stateful_steps` in each round of the stateful one. A
    round ends early when Hypothesis repeats a part of a sequence and is answered otherwise, as it
    is by a server with state; so there are several, each with a seed of its own. `methods` are
    tried where they are not documented. `checks` is merged over the defaults, in the form of the
    `[checks]` section of `schemathesis.toml`.
    """

    phases: Sequence[str] = PHASES
    max_examples: int = 25
    stateful_rounds: int = 4
    stateful_examples: int = 25
    stateful_steps: int = 8
    methods: Sequence[str] = METHODS
    checks: Mapping[str, Any] = field(default_factory=dict)


class _Schema(OpenApiSchema):
    """A schema whose requests go through an exchanger."""

    exchange_transport: ExchangeTransport

    @property
    def transport(self) -> ExchangeTransport:
        return self.exchange_transport


@dataclass(slots=True)
class _Engine(Engine):
    """The engine of `st run`, with more rounds of sequences.

    It has no probes: they would not go through the transport.
    """

    rounds: int = 1

    def _create_execution_plan(self) -> ExecutionPlan:
        plan = Engine._create_execution_plan(self)
        plan.phases = [phase for phase in plan.phases if phase.name is not PhaseName.PROBING]
        stateful = [phase for phase in plan.phases if phase.name is PhaseName.STATEFUL_TESTING]
        plan.phases += [replace(phase) for phase in stateful for _ in range(self.rounds - 1)]
        return plan


def _marker(credential: Credential) -> type:
    """Marks the requests that need an actor; who it is shows when they are sent."""

    class Marker:
        def get(self, case: Case[Any], _context: AuthContext) -> str | None:
            return PLACEHOLDER if any(case.operation.security.iter_parameters()) else None

        def set(self, case: Case[Any], data: str, _context: AuthContext) -> None:
            value = credential.form.format(token=data)
            match credential.location:
                case "header":
                    case.headers[credential.name] = value
                case "cookie":
                    case.cookies[credential.name] = value
                case "query":
                    case.query[credential.name] = value

    return Marker


def fuzz(
    exchanger: Exchanger,
    actors: ActorBook | None,
    settings: FuzzSettings,
    seed: int,
    progress: Progress,
) -> list[str]:
    """Run the phases of Schemathesis; what its checks find becomes findings of the exchanger.

    Returns what the engine could not do, in words. `progress` hears the phase and the operation
    that is worked on. Raises `FuzzError` when the engine cannot start or go on.
    """
    rng = random.Random(seed)
    pool = Pool(rng)
    transport = ExchangeTransport(exchanger, actors, pool)
    schema = _schema(exchanger, settings, seed)
    schema.exchange_transport = transport
    failures = FailureFilter(exchanger, transport)
    schema.hooks.register_hook_with_name(failures.filter_failure, "filter_failure")
    if actors is not None:
        schema.auth(refresh_interval=None)(_marker(actors.credential))
    filler = Filler(exchanger.ledger.document, pool, rng)
    before_call = GLOBAL_HOOK_DISPATCHER.register_hook_with_name(filler.before_call, "before_call")
    exchanger.listeners.append(pool.listen)
    try:
        return _drain(_Engine(schema, settings.stateful_rounds), progress)
    except KeyboardInterrupt:
        if transport.lost:
            raise FuzzError(transport.lost) from None
        raise
    finally:
        exchanger.listeners.remove(pool.listen)
        GLOBAL_HOOK_DISPATCHER.unregister(before_call)


def _schema(exchanger: Exchanger, settings: FuzzSettings, seed: int) -> _Schema:
    raw = copy.deepcopy(exchanger.ledger.document.raw)
    config = SchemathesisConfig.from_dict(configuration(settings, seed))
    project = config.projects.get(raw)
    # Without the base path, which each target puts before what it is sent.
    project.update(base_url=exchanger.targets[0].origin)
    schema = _Schema(raw_schema=raw, config=project)
    if not list(schema.get_all_operations()):
        raise FuzzError("the document has no operation to be fuzzed")
    return schema


def configuration(settings: FuzzSettings, seed: int) -> dict[str, Any]:
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


def _drain(engine: Engine, progress: Progress) -> list[str]:
    problems: dict[str, None] = {}
    phase = ""
    with warnings.catch_warnings():
        # The engine's own deprecations are not the concern of who runs lockstep.
        warnings.simplefilter("ignore")
        for event in engine.execute():
            match event:
                case events.PhaseStarted():
                    phase = event.phase.name.value
                case events.ScenarioStarted():
                    progress(phase, event.label or "sequences")
                case events.NonFatalError():
                    problems[f"{event.label}: {event.info.title}: {event.info.message}"] = None
                case events.FatalError():
                    raise FuzzError(str(event.exception))
                case events.Interrupted():
                    raise KeyboardInterrupt
                case _:
                    pass
    return list(problems)
