"""What a document says about one operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lockstep.openapi.shapes import Shape

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A declared parameter.

    `generated` is its `x-generated` kind, if the server makes it; without annotations it is
    inferred, and `family` says which things it names. `has_default` tells whether it is stated what
    a request without it means.
    """

    name: str
    location: str
    required: bool
    generated: str | None
    shape: Shape | None
    family: str = ""
    has_default: bool = False


@dataclass(slots=True)
class DocumentedResponse:
    """What the document says about one status of one operation.

    `pointer` names the place in the document; `headers` maps lower-cased names to definitions.
    """

    pointer: str
    definition: Mapping[str, Any]
    headers: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    media_types: dict[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Operation:
    """One operation; `name` is its operationId, or `METHOD /path` where it has none."""

    name: str
    method: str
    path: str
    tags: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    responses: dict[str, DocumentedResponse]
    requires_auth: bool
    definition: Mapping[str, Any]

    def response_for(self, status: int) -> DocumentedResponse | None:
        """The documentation of a status: exact, else its class (`4XX`), else `default`."""
        for key in (str(status), f"{status // 100}XX", f"{status // 100}xx", "default"):
            if key in self.responses:
                return self.responses[key]
        return None

    @property
    def statuses(self) -> list[int]:
        """The statuses that are documented one by one."""
        return sorted(int(key) for key in self.responses if key.isdigit())
