"""The engine of `st run`, with requests sent through an exchanger."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from schemathesis import AuthContext, Case
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events
from schemathesis.engine.core import Engine, ExecutionPlan
from schemathesis.engine.run import PhaseName
from schemathesis.filters import HasAPIOperation
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.schemas import OpenApiSchema

from lockstep.auth.schemes import without_csrf
from lockstep.drivers.fuzz.links import without_broken_links
from lockstep.drivers.fuzz.methods import documented, label_of, place_of, with_known_methods
from lockstep.drivers.fuzz.settings import FuzzSettings, configuration
from lockstep.drivers.fuzz.transport import PLACEHOLDER, ExchangeTransport
from lockstep.drivers.walk.optional_credentials import takes_user
from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.document import Document
from lockstep.openapi.soundness import usable
from lockstep.results.faults import ForeseenError
from lockstep.transport.credentials import Credential

Progress = Callable[[str, str], None]
Kept = TypeVar("Kept")


class FuzzError(ForeseenError):
    """The engine could not run, or could not generate requests for an operation."""


class LockstepSchema(OpenApiSchema):
    """A schema whose requests are sent through an exchanger."""

    exchange_transport: ExchangeTransport
    # Maximum number of boundary values per operation, and the number skipped, by operation.
    boundary_values: int
    left_out: dict[str, int]
    # Messages about the links that are not followed.
    broken_links: list[str]

    def iter_coverage_cases(
        self, operation: APIOperation[Any, Any, Any, Any], **options: Any
    ) -> Iterator[Case[Any]]:
        """Yield the boundary values of an operation, evenly sampled if there are too many.

        A recursive schema has thousands.
        """
        every = list(OpenApiSchema.iter_coverage_cases(self, operation, **options))
        kept = thinned(every, self.boundary_values)
        if len(kept) < len(every):
            self.left_out[operation.label] = len(every) - len(kept)
        yield from kept

    @property
    def transport(self) -> ExchangeTransport:
        """The transport for the requests of this schema's cases."""
        return self.exchange_transport


@dataclass(slots=True)
class LockstepEngine(Engine):
    """The engine, with more rounds of sequences.

    It has no probing phase, whose requests would bypass the transport.
    """

    rounds: int = 1

    def _create_execution_plan(self) -> ExecutionPlan:
        plan = Engine._create_execution_plan(self)
        plan.phases = [phase for phase in plan.phases if phase.name is not PhaseName.PROBING]
        stateful = [phase for phase in plan.phases if phase.name is PhaseName.STATEFUL_TESTING]
        plan.phases += [replace(phase) for phase in stateful for _ in range(self.rounds - 1)]
        return plan


def make_schema(
    exchanger: Exchanger,
    transport: ExchangeTransport,
    settings: FuzzSettings,
    seed: int,
    paths: Collection[tuple[str, str]] | None = None,
) -> LockstepSchema:
    """Return the document as a schema for the engine. Raises `FuzzError` if it has no operation.

    `paths` are the methods and paths of the operations to test, by default all.
    """
    operations = len(exchanger.ledger.document.operations)
    document = exchanger.ledger.document
    whole = usable(document.raw) if document.soundness.faults else copy.deepcopy(document.raw)
    raw = with_known_methods(without_csrf(whole))
    broken_links = without_broken_links(raw)
    config = SchemathesisConfig.from_dict(configuration(settings, seed))
    project = config.projects.get(raw)
    # Without the base path, which each target prepends to request paths.
    project.update(base_url=exchanger.targets[0].origin)
    schema = LockstepSchema(raw_schema=raw, config=project)
    if paths is not None:

        def is_ours(context: HasAPIOperation) -> bool:
            operation = context.operation
            return documented(operation.method, operation.path) in paths

        schema = cast(LockstepSchema, schema.include(is_ours))
    schema.exchange_transport = transport
    schema.boundary_values = settings.boundary_values_of(operations)
    schema.left_out = {}
    schema.broken_links = broken_links
    if not list(schema.get_all_operations()):
        raise FuzzError("the document has no operation to fuzz")
    return schema


def thinned(things: Sequence[Kept], most: int) -> list[Kept]:
    """Return at most `most` items, evenly sampled from first to last."""
    if len(things) <= most:
        return list(things)
    return [things[at * len(things) // most] for at in range(most)]


def marker(credential: Credential, document: Document) -> type:
    """Return an auth provider that marks requests for an actor, chosen when they are sent.

    The engine itself does not support schemes without a parameter, such as OAuth 2.
    """

    class Marker:
        def get(self, case: Case[Any], _context: AuthContext) -> str | None:
            operation = document.find(*place_of(case))
            marked = operation is not None and takes_user(document, operation)
            return PLACEHOLDER if marked else None

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


def drain(engine: Engine, progress: Progress, operations: int) -> list[str]:
    """Run the engine to its end, for progress out of `operations`; returns sentences on problems.

    Raises `FuzzError` if it cannot continue, and `KeyboardInterrupt` if it was interrupted.
    """
    problems: dict[str, None] = {}
    phase = ""
    begun = 0
    for event in engine.execute():
        match event:
            case events.PhaseStarted():
                phase, begun = event.phase.name.value, 0
            case events.ScenarioStarted(label=None):
                progress(phase, "sequences")
            case events.ScenarioStarted():
                begun += 1
                progress(phase, f"{begun:,} of {operations:,}: {label_of(str(event.label))}")
            case events.NonFatalError():
                place = label_of(event.label)
                problems[f"{place}: {event.info.title}: {event.info.message}"] = None
            case events.FatalError():
                raise FuzzError(str(event.exception))
            case events.Interrupted():
                raise KeyboardInterrupt
            case _:
                pass
    return list(problems)
