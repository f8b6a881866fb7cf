"""The request in the samples of an operation, from the contract's examples."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation

_READS = ("GET", "HEAD")
# More would document the parameters, not their use.
_OPTIONAL_QUERY = 2


@dataclass(frozen=True, slots=True)
class Variable:
    """A value that the reader of a sample sets in the environment, such as a token."""

    name: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class Fresh:
    """A value that is generated for each request."""


Value = str | Variable | Fresh
Answer = Literal["json", "text", "none"]


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """A request from the contract's examples.

    path: starts with a slash. query: texts by name. headers: without Content-Type. body: sent as
    JSON, where values may be a `Variable`; None for none. answer: the body of a successful
    response. redirects: whether success is a redirect.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, Value]
    body: Mapping[str, Any] | None
    answer: Answer
    redirects: bool


def sample_request(document: Document, operation: Operation) -> SampleRequest:
    """Return the request for an operation.

    Raises KeyError for a required value without an example.
    """
    parameters = list(_parameters(document, operation))
    success = success_status(operation)
    return SampleRequest(
        method=operation.method,
        path=_path(operation.path, parameters),
        query=_query(parameters),
        headers=_headers(operation, parameters),
        body=_body(document, operation),
        answer=_answer(operation, success),
        redirects=300 <= success < 400,
    )


def success_status(operation: Operation) -> int:
    """Return the status code of a sample: the first documented success."""
    return next(status for status in operation.statuses if status < 400 and status != 304)


def _parameters(document: Document, operation: Operation) -> Iterator[Mapping[str, Any]]:
    item = document.resolve(document.raw["paths"][operation.path])
    for raw in (*item.get("parameters", ()), *operation.definition.get("parameters", ())):
        yield document.resolve(raw)


def _path(template: str, parameters: list[Mapping[str, Any]]) -> str:
    values = {part["name"]: part["example"] for part in parameters if part["in"] == "path"}
    return template.format_map(values)


def _query(parameters: list[Mapping[str, Any]]) -> dict[str, str]:
    """Return required parameters, and the first ones that change the response."""
    declared = [parameter for parameter in parameters if parameter["in"] == "query"]
    required = [parameter for parameter in declared if parameter.get("required")]
    optional = [parameter for parameter in declared if not parameter.get("required")]
    telling = [parameter for parameter in optional if _differs_from_default(parameter)]
    shown = (*required, *telling[:_OPTIONAL_QUERY])
    return {parameter["name"]: _text(parameter["example"]) for parameter in shown}


def _differs_from_default(parameter: Mapping[str, Any]) -> bool:
    default = parameter["schema"].get("default")
    return bool(parameter.get("example", default) != default)


def _headers(operation: Operation, parameters: list[Mapping[str, Any]]) -> dict[str, Value]:
    headers: dict[str, Value] = {}
    if operation.requires_auth:
        headers["Authorization"] = Variable("TOKEN", before="Bearer ")
    # A conditional read would return no body.
    if operation.method not in _READS:
        sent = (parameter for parameter in parameters if parameter["in"] == "header")
        headers |= {parameter["name"]: _header(parameter) for parameter in sent}
    return headers


def _header(parameter: Mapping[str, Any]) -> Value:
    if parameter.get("x-generated") == "etag":
        return Variable("ETAG")
    return Fresh() if parameter["name"] == "Idempotency-Key" else _text(parameter["example"])


def _body(document: Document, operation: Operation) -> dict[str, Any] | None:
    """Return the first example of the JSON body; tokens in it become variables."""
    definition = document.resolve(operation.definition.get("requestBody", {}))
    content = definition.get("content", {}).get("application/json")
    if content is None:
        return None
    example = document.resolve(next(iter(content["examples"].values())))["value"]
    shape = document.body_shape(operation)
    assert shape is not None
    tokens = {name for name, member in shape.properties.items() if member.kind == "token"}
    return {
        name: Variable(name.upper()) if name in tokens else value for name, value in example.items()
    }


def _answer(operation: Operation, status: int) -> Answer:
    if 300 <= status < 400:
        return "text"
    first = next(iter(operation.responses[str(status)].media_types), None)
    return "none" if first is None else "json" if first == "application/json" else "text"


def _text(value: Any) -> str:
    """Format a value for a query."""
    return str(value).lower() if isinstance(value, bool) else str(value)
