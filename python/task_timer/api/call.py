"""The request being handled."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..operations import Operation
from ..resources import Resources
from ..services.auth_service import Identity

Fields = list[tuple[str, str]]


@dataclass(slots=True)
class Call:
    """A request as far as it has been processed; the checks fill it in, in their order.

    port: the one that the request came to. fields: header fields as received, with names in lower
    case. read: gives the body, up to so many bytes. path_values, query, headers and body: validated
    against the contract, with its defaults; given: the query without defaults. closes: whether the
    response closes the connection; refusal: why, if the message itself is malformed; status: its
    own, 0 until there is one.
    """

    resources: Resources
    method: str
    target: str
    protocol: str
    peer: str
    port: int
    fields: Fields
    read: Callable[[int], bytes]
    started: float = field(default_factory=time.perf_counter)
    request_id: str = ""
    path: str = ""
    query_string: str = ""
    path_values: dict[str, str] = field(default_factory=dict)
    operation: Operation | None = None
    caller: Identity | None = None
    data: bytes = b""
    given: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    closes: bool = False
    refusal: str | None = None
    status: int = 0

    @property
    def identity(self) -> Identity:
        """The authenticated user and session; only if the operation requires authentication."""
        if self.caller is None:
            raise RuntimeError("the operation is public")
        return self.caller

    @property
    def user_id(self) -> str:
        """The ID of the authenticated user."""
        return str(self.identity.user.id)

    @property
    def operation_name(self) -> str:
        """The operationId, or `unknown` if the request matches none."""
        return self.operation.id if self.operation else "unknown"

    def path_of(self, operation_id: str, **values: str) -> str:
        """Returns the path of an operation with its parameters filled in."""
        return self.resources.contract.path_of(operation_id, **values)

    def field_values(self, name: str) -> list[str]:
        """Lists the values of a header as received; its name is in lower case."""
        return [value for found, value in self.fields if found == name]

    def field_value(self, name: str) -> str | None:
        """Returns the only value of a header, or None if it is missing or repeated."""
        values = self.field_values(name)
        return values[0] if len(values) == 1 else None
