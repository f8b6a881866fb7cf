"""Plain Schemathesis with a ten-line parity check, as a user would write it, for comparison.

python schemathesis_parity.py DOCUMENT OLD NEW FILE [HEADERS_OLD HEADERS_NEW]

Headers are JSON objects. FILE receives the failures, and the requests, for other tools to replay;
it is rewritten after every scenario, in case of a timeout.
"""

from __future__ import annotations

import json
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events
from schemathesis.engine.core import Engine
from schemathesis.specs.openapi.schemas import OpenApiSchema

# The maximum number of recorded requests of an operation with the same status code.
_MOST_ALIKE = 2
_GENERATED = re.compile(r"[0-9a-fA-F-]{8,}|\d+")


def shape(value: object, name: str = "") -> object:
    """Return a JSON value without generated ids and times."""
    if isinstance(value, dict):
        return {key: shape(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    if isinstance(value, int) and name.lower().endswith("id"):
        return "#"
    return _GENERATED.sub("#", value) if isinstance(value, str) else value


def body_of(response: schemathesis.Response) -> object:
    """Return the shape of a body, `None` if it is not JSON."""
    try:
        return shape(response.json())
    except ValueError:
        return None


def add_check(address: str, headers: dict[str, str]) -> None:
    """Send every case to another server as well, and compare both responses."""

    @schemathesis.check
    def parity(
        _context: schemathesis.CheckContext,
        response: schemathesis.Response,
        case: schemathesis.Case[Any],
    ) -> None:
        other = case.call(base_url=address, headers=headers, timeout=10)
        if response.status_code != other.status_code:
            raise AssertionError(f"status: {response.status_code} / {other.status_code}")
        if body_of(response) != body_of(other):
            raise AssertionError("body: differs")


def main() -> int:
    """Run all phases with this check only."""
    document, old, new, file, *headers = sys.argv[1:]
    old_headers, new_headers = map(json.loads, headers or ("{}", "{}"))
    add_check(new, new_headers)
    raw = json.loads(Path(document).read_text(encoding="utf-8"))
    config = SchemathesisConfig.from_dict(
        {
            "seed": 0,
            "continue-on-failure": True,
            "generation": {"no-shrink": True, "database": "none", "max-examples": 4},
            "phases": {"stateful": {"generation": {"max-examples": 4}}},
            "request-timeout": 10,
            "checks": {"enabled": False, "parity": {"enabled": True}},
        }
    )
    project = config.projects.get(raw)
    project.update(base_url=old, headers=old_headers)
    found = _Found(Path(file))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for event in Engine(OpenApiSchema(raw_schema=raw, config=project)).execute():
            if isinstance(event, events.ScenarioFinished):
                found.add(event)
            elif isinstance(event, events.FatalError):
                raise RuntimeError(f"Schemathesis could not run: {event.exception}")
    return 0


def _label(case: schemathesis.Case[Any]) -> str:
    """Return the method that was sent, which may differ from the operation's, and the path."""
    return f"{case.method.upper()} {case.operation.path}"


class _Found:
    """The failures and requests so far."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.failures: dict[tuple[str, str], int] = {}
        self.requests: list[dict[str, Any]] = []
        self.alike: dict[tuple[str, str, int], int] = {}

    def add(self, event: events.ScenarioFinished) -> None:
        """Add a scenario."""
        recorder = event.recorder
        for case_id, checks in recorder.checks.items():
            label = _label(recorder.cases[case_id].value)
            for check in checks:
                failure = check.failure_info.failure if check.failure_info else None
                if check.status is Status.FAILURE and failure is not None:
                    key = (label, failure.message.strip().splitlines()[0])
                    self.failures[key] = self.failures.get(key, 0) + 1
        for case_id, interaction in recorder.interactions.items():
            self._record(_label(recorder.cases[case_id].value), interaction)
        failures = [
            {"operation": label, "message": message, "count": count}
            for (label, message), count in self.failures.items()
        ]
        part = self.file.with_suffix(".part")
        part.write_text(json.dumps({"failures": failures, "requests": self.requests}))
        part.replace(self.file)

    def _record(self, label: str, interaction: Any) -> None:
        request, response = interaction.request, interaction.response
        if response is None:
            return
        key = (label, request.method, response.status_code)
        self.alike[key] = self.alike.get(key, 0) + 1
        if self.alike[key] > _MOST_ALIKE:
            return
        headers = {name: ", ".join(values) for name, values in request.headers.items()}
        body = request.body.decode("latin-1") if request.body else None
        self.requests.append(
            {
                "operation": label,
                "method": request.method,
                "uri": request.uri,
                "headers": headers,
                "body": body,
            }
        )


if __name__ == "__main__":
    sys.exit(main())
