"""The load: operations of the contract with its examples, and their frequencies."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation

WORKLOAD = Path(__file__).with_name("workload.yaml")
Mix = Mapping[str, int]


@dataclass(frozen=True)
class Request:
    """A template of requests; `{user.…}` and `{task.…}` are filled in when one is sent.

    takes: what it needs exclusively, `task`, `stopped` or `running`; None for nothing. bodies: JSON
    texts, used in turn. status: that of a success.
    """

    id: str
    method: str
    path: str
    headers: Mapping[str, str]
    bodies: tuple[str, ...]
    takes: str | None
    status: int

    def as_json(self) -> dict[str, Any]:
        """Return it for the load generator."""
        return asdict(self)


@dataclass(frozen=True)
class Workload:
    """All requests, their mix, and the loads measured separately, by their name on the page.

    hashing: how many log-ins may wait for a worker; it rejects further ones.
    """

    requests: tuple[Request, ...]
    mixed: Mix
    alone: Mapping[str, Mix]
    hashing: int

    def connections(self, mix: Mix) -> int | None:
        """Return the most connections that a load may keep busy; None for no limit."""
        return self.hashing if set(mix) == {"logIn"} else None


def load_workload(document: Document, source: Path = WORKLOAD) -> Workload:
    """Read the workload. Raises KeyError for operations that the contract does not have."""
    data = yaml.safe_load(source.read_text(encoding="utf-8"))
    requests = tuple(
        _request(document, document.operations[name], given or {})
        for name, given in data["operations"].items()
    )
    hashing = document.modern["x-password-queue"]["waiting"]
    return Workload(requests, data["mixed"], data["alone"], hashing)


def _request(document: Document, operation: Operation, given: Mapping[str, Any]) -> Request:
    headers = dict(given.get("headers", {}))
    if operation.requires_auth:
        headers["Authorization"] = "Bearer {user.token}"
    bodies = _bodies(document, operation, given)
    if bodies:
        headers["Content-Type"] = "application/json"
    return Request(
        id=operation.name,
        method=operation.method.upper(),
        path=_path(document, operation, given),
        headers=headers,
        bodies=bodies,
        takes=given.get("takes"),
        status=next(status for status in operation.statuses if 200 <= status < 300),
    )


def _path(document: Document, operation: Operation, given: Mapping[str, Any]) -> str:
    path = operation.path
    for name, value in given.get("path", {}).items():
        path = path.replace(f"{{{name}}}", value)
    examples = {
        parameter["name"]: parameter.get("example")
        for parameter in map(document.resolve, operation.definition.get("parameters", []))
    }
    query = {name: examples[name] for name in given.get("query", [])}
    return f"{path}?{urlencode(query)}" if query else path


def _bodies(document: Document, operation: Operation, given: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the example, with the replacements of `with`, and its alternate."""
    definition = document.resolve(operation.definition.get("requestBody"))
    if definition is None:
        return ()
    examples = definition["content"]["application/json"]["examples"]
    example = examples[given["example"]] if "example" in given else next(iter(examples.values()))
    body = {**example["value"], **given.get("with", {})}
    turns = [body, {**body, **given["alternate"]}] if "alternate" in given else [body]
    return tuple(json.dumps(turn, separators=(",", ":"), default=str) for turn in turns)
