"""What a document says about one operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lockstep.openapi.media import find_media_type
from lockstep.openapi.shapes import Shape

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# Header parameters of these names are to be ignored (OpenAPI 3.1.1, Parameter Object, `name`).
IGNORED_HEADERS = frozenset({"accept", "authorization", "content-type"})


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

    def content_for(self, media_type: str | None) -> Mapping[str, Any] | None:
        """What is documented for a `Content-Type`; its key may be a range such as `image/*`."""
        return find_media_type(self.media_types, media_type)


@dataclass(slots=True)
class Operation:
    """One operation.

    `name` is its operationId, or `METHOD /path` where it has none, or one that is not its alone.
    """

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
        family = str(status // 100)
        for key in (str(status), f"{family}XX", f"{family}xx", f"{family}Xx", "default"):
            if key in self.responses:
                return self.responses[key]
        return None

    @property
    def target(self) -> str:
        """The path as it is sent: without the fragment by which some documents tell paths apart."""
        return self.path.partition("#")[0]

    @property
    def statuses(self) -> list[int]:
        """The statuses that are documented one by one."""
        return sorted(int(key) for key in self.responses if key.isdigit())
