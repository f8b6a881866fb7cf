"""Runs plain Schemathesis against one twin, like its command line, for comparison."""

import copy
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events
from schemathesis.engine.core import Engine
from schemathesis.specs.openapi.schemas import OpenApiSchema

from lockstep.drivers.fuzz.settings import FuzzSettings, configuration

# It would end the only session; all further responses would be 401.
_LEFT_OUT = "deleteCurrentUser"


@dataclass(frozen=True)
class Progress:
    """The number of requests sent so far, and the failures found with the last ones."""

    requests: int
    failures: tuple[str, ...]


def run_plain(
    document: dict[str, Any], base_url: str, token: str, settings: FuzzSettings, seed: int
) -> Iterator[Progress]:
    """Run all phases with all checks against one server, with an access token on every request.

    A failure is identified by its operation, check and subject, so that one fault has the same name
    in every run.
    """
    schema = _schema(document, base_url, token, settings, seed)
    sent = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for event in Engine(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                sent += len(event.recorder.interactions)
                yield Progress(sent, tuple(dict.fromkeys(_failures(event))))
            elif isinstance(event, events.FatalError):
                raise RuntimeError(f"Schemathesis could not run: {event.exception}")


def _schema(
    document: dict[str, Any], base_url: str, token: str, settings: FuzzSettings, seed: int
) -> OpenApiSchema:
    raw = copy.deepcopy(document)
    config = SchemathesisConfig.from_dict(configuration(settings, seed))
    project = config.projects.get(raw)
    project.update(base_url=base_url, headers={"Authorization": f"Bearer {token}"})
    schema = OpenApiSchema(raw_schema=raw, config=project)
    return cast(OpenApiSchema, schema.exclude(operation_id=_LEFT_OUT))


def _failures(event: events.ScenarioFinished) -> Iterator[str]:
    for case_id, checks in event.recorder.checks.items():
        for check in checks:
            failure = check.failure_info.failure if check.failure_info else None
            if check.status is Status.FAILURE and failure is not None:
                operation = event.recorder.cases[case_id].value.operation.label
                yield f"{operation}: {type(failure).__name__}, {failure.title}"
