"""Reads the operations of a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from lockstep.openapi.operations import DocumentedResponse, Operation, Parameter
from lockstep.openapi.shapes import ANNOTATION, ShapeReader, followed
from lockstep.openapi.structure import methods_of


def read_operations(
    document: Mapping[str, Any], shapes: ShapeReader, problems: list[str]
) -> Iterator[Operation]:
    """Yield the operations in document order; append unreadable ones to `problems`."""
    reader = _Reader(document, shapes)
    ids = Counter(
        definition.get("operationId")
        for item in document.get("paths", {}).values()
        for _, definition in methods_of(item)
    )
    for path, item in document.get("paths", {}).items():
        for method, definition in methods_of(item):
            label = f"{method.upper()} {path}"
            own = definition.get("operationId")
            name = own if isinstance(own, str) and ids[own] == 1 and own else label
            try:
                yield reader.operation(name, path, method, item, definition)
            except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
                problems.append(f"paths, {path}: cannot be read: {method.upper()} ({error!r})")


class _Reader:
    def __init__(self, document: Mapping[str, Any], shapes: ShapeReader) -> None:
        self._document = document
        self._shapes = shapes
        schemes = (document.get("components") or {}).get("securitySchemes") or {}
        self._certificates = {
            name for name, scheme in schemes.items() if _is_certificate(followed(document, scheme))
        }

    def operation(
        self,
        name: str,
        path: str,
        method: str,
        item: Mapping[str, Any],
        definition: Mapping[str, Any],
    ) -> Operation:
        parameters: dict[tuple[str, str], Parameter] = {}
        for raw in (*item.get("parameters", ()), *definition.get("parameters", ())):
            parameter = self._parameter(followed(self._document, raw))
            parameters[parameter.location, parameter.name] = parameter
        security = definition.get("security", self._document.get("security", []))
        return Operation(
            name=name,
            method=method.upper(),
            path=path,
            tags=tuple(definition.get("tags", ())),
            parameters=tuple(parameters.values()),
            responses={
                str(status): self._response(response)
                for status, response in definition.get("responses", {}).items()
            },
            requires_auth=bool(security) and all(map(self._needs_credentials, security)),
            definition=definition,
        )

    def _needs_credentials(self, alternative: Mapping[str, Any]) -> bool:
        """Whether requests need credentials; a client certificate belongs to the connection."""
        return not all(name in self._certificates for name in alternative)

    def _parameter(self, raw: Mapping[str, Any]) -> Parameter:
        schema = self._shapes.read(raw.get("schema"))
        kind = raw.get(ANNOTATION) or (schema.kind if schema else None)
        return Parameter(
            raw["name"],
            raw["in"],
            bool(raw.get("required")),
            kind,
            schema,
            has_default=self._has_default(raw.get("schema")),
        )

    def _has_default(self, schema: Any) -> bool:
        # `default` may be a sibling of `$ref`, and a schema may be a boolean.
        every = (schema, followed(self._document, schema))
        return any(isinstance(each, Mapping) and "default" in each for each in every)

    def _response(self, raw: Any) -> DocumentedResponse:
        definition = followed(self._document, raw)
        return DocumentedResponse(
            pointer=raw.get("$ref", ""),
            definition=definition,
            headers={
                name.lower(): followed(self._document, header)
                for name, header in definition.get("headers", {}).items()
            },
            media_types={
                media_type.lower(): followed(self._document, content)
                for media_type, content in definition.get("content", {}).items()
            },
        )


def _is_certificate(scheme: Any) -> bool:
    return isinstance(scheme, Mapping) and scheme.get("type") == "mutualTLS"
