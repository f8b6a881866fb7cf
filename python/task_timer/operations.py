"""The operations of the contract, compiled: the rules of their requests and responses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .utils.json_schema import Validator

PLACES = ("path", "query", "header")
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters in one part of a request: their JSON types, defaults and rules."""

    types: Mapping[str, str]
    defaults: Mapping[str, Any]
    validator: Validator


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request: the defaults of its properties, and its rules."""

    defaults: Mapping[str, Any]
    validator: Validator


@dataclass(frozen=True, slots=True)
class Response:
    """A documented response: the rules, if any, of each media type, and whether it has an ETag."""

    validators: Mapping[str, Validator | None]
    has_etag: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the contract. Names of headers are in lower case."""

    id: str
    method: str
    path: str
    secured: bool
    role: str | None
    rate_limit: str
    parameters: Mapping[str, Parameters]
    body: Body | None
    responses: Mapping[int, Response]


class OperationReader:
    """Reads the operations of an OpenAPI document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._components = {"schemas": document["components"]["schemas"]}
        self._validators: dict[tuple[str, str], Validator] = {}

    def read(self, method: str, path: str, item: dict[str, Any]) -> Operation:
        """Compiles the operation of a path item for a method in lower case."""
        raw = item[method]
        body = self.resolve(raw.get("requestBody"))
        return Operation(
            id=raw["operationId"],
            method=method.upper(),
            path=path,
            secured=bool(raw.get("security", self._document["security"])),
            role=raw.get("x-role"),
            rate_limit=raw.get("x-rate-limit", "general"),
            parameters={place: self._parameters(place, item, raw) for place in PLACES},
            body=self._body(body["content"][JSON]["schema"]) if body else None,
            responses={
                int(status): self._response(self.resolve(response))
                for status, response in raw["responses"].items()
            },
        )

    def resolve(self, node: Any) -> Any:
        """Resolves the `$ref` of a node, and merges its siblings."""
        while isinstance(node, dict) and "$ref" in node:
            target: Any = self._document
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            node = target | {key: value for key, value in node.items() if key != "$ref"}
        return node

    def validator(self, schema: Any, place: str) -> Validator:
        """Compiles a schema that may refer to the components."""
        key = place, str(schema)
        if key not in self._validators:
            self._validators[key] = Validator(schema, self._components, place)
        return self._validators[key]

    def _parameters(self, place: str, item: dict[str, Any], raw: dict[str, Any]) -> Parameters:
        every = [self.resolve(p) for p in item.get("parameters", []) + raw.get("parameters", [])]
        here = [parameter for parameter in every if parameter["in"] == place]
        names = [p["name"].lower() if place == "header" else p["name"] for p in here]
        schemas = {name: p["schema"] for name, p in zip(names, here, strict=True)}
        # A missing If-Match has its own code, so no header is required by a schema.
        required = [p["name"] for p in here if p.get("required") and place != "header"]
        rules = {
            "type": "object",
            "properties": schemas,
            "required": required,
            "unevaluatedProperties": False,
        }
        return Parameters(
            types={name: self.resolve(schema)["type"] for name, schema in schemas.items()},
            defaults=self._defaults(schemas),
            validator=self.validator(rules, place),
        )

    def _body(self, schema: Any) -> Body:
        properties = self.resolve(schema)["properties"]
        return Body(self._defaults(properties), self.validator(schema, "body"))

    def _defaults(self, schemas: dict[str, Any]) -> dict[str, Any]:
        resolved = {name: self.resolve(schema) for name, schema in schemas.items()}
        return {name: rule["default"] for name, rule in resolved.items() if "default" in rule}

    def _response(self, response: dict[str, Any]) -> Response:
        content = response.get("content", {})
        return Response(
            validators={
                media: self.validator(rules["schema"], "response") if "schema" in rules else None
                for media, rules in content.items()
            },
            has_etag="ETag" in response.get("headers", {}),
        )
