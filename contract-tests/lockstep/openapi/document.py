"""An OpenAPI document, asked the questions that lockstep has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lockstep.openapi.dialect import modernised
from lockstep.openapi.loading import load_data
from lockstep.openapi.operation_reader import read_operations
from lockstep.openapi.operations import DocumentedResponse, Operation, Parameter
from lockstep.openapi.resource_types import ResourceTypes, Role
from lockstep.openapi.shapes import ANNOTATION, Shape, ShapeReader, followed


class Document:
    """A parsed document; references inside it are followed.

    `raw` is the document as written, `modern` the same with its schemas in the dialect of 3.1.
    """

    def __init__(self, raw: dict[str, Any]) -> None:
        """Read a parsed document; `ValueError` when it is no OpenAPI 3 document."""
        self.raw = raw
        self.modern = modernised(raw)
        self._shapes = ShapeReader(self.modern)
        found = read_operations(self.modern, self._shapes)
        self.operations = {operation.name: operation for operation in found}
        if not self.is_annotated:
            self._infer_parameters()
        self._routes = self._compile_routes()
        self.shape_at = cache(self._shape_at)

    @classmethod
    def load(cls, source: Path | str) -> Document:
        """Read YAML or JSON from a file or an `http(s)` URL.

        `OSError` and `ValueError` name the source and what is wrong.
        """
        raw = load_data(source)
        try:
            return cls(raw)
        except ValueError as error:
            raise ValueError(f"{source}: {error}") from error

    @cached_property
    def base_path(self) -> str:
        """The path of the first server URL, such as `/api`; empty without one.

        Request paths are written without it: it belongs to the base URL of a target.
        """
        servers = self.modern.get("servers") or [{}]
        server = servers[0]
        url = str(server.get("url", ""))
        for name, variable in server.get("variables", {}).items():
            url = url.replace("{" + name + "}", str(variable.get("default", "")))
        return urlsplit(url).path.rstrip("/")

    @cached_property
    def is_annotated(self) -> bool:
        """Whether the document says itself which values the servers make."""
        return _has_annotation(self.modern)

    @cached_property
    def families(self) -> ResourceTypes:
        """Which names in the document are about the same kind of thing."""
        return ResourceTypes(self.modern, self.operations.values())

    @cached_property
    def header_shapes(self) -> dict[str, Shape]:
        """The annotated headers of the whole document by lower-cased name, first one first.

        Answers that no operation documents (an unknown path, say) carry them too.
        """
        shapes: dict[str, Shape] = {}
        for response in self._responses():
            for name, definition in response.headers.items():
                shape = self.header_shape(definition)
                if shape is not None and shape.kind is not None:
                    shapes.setdefault(name, shape)
        return shapes

    @cached_property
    def error_shapes(self) -> dict[str, Shape]:
        """The shape of `application/problem+json` and its like, for undocumented answers."""
        shapes: dict[str, Shape] = {}
        for response in self._responses():
            for media_type, content in response.media_types.items():
                shape = self._shapes.read(content.get("schema"))
                if "+json" in media_type and shape is not None:
                    shapes.setdefault(media_type, shape)
        return shapes

    @cached_property
    def title(self) -> str:
        """The document's own title."""
        return str(self.modern.get("info", {}).get("title", "API"))

    def find(self, method: str, path: str) -> Operation | None:
        """The operation of a request; literal paths go before templates (OpenAPI 3.1, 4.8.8.2)."""
        plain = path.partition("?")[0]
        for pattern, operations in self._routes:
            if pattern.fullmatch(plain):
                return operations.get(method)
        return None

    def template(self, path: str) -> str | None:
        """The documented path that a request path falls under."""
        plain = path.partition("?")[0]
        for pattern, operations in self._routes:
            if pattern.fullmatch(plain):
                return next(iter(operations.values())).path
        return None

    def label(self, method: str, path: str) -> str:
        """A name for a request in reports: operationId, else `METHOD /template`."""
        operation = self.find(method, path)
        if operation is not None:
            return operation.name
        template = self.template(path)
        return f"{method} {template}" if template else f"{method} (no documented path)"

    def resolve(self, node: Any) -> Any:
        """Follow `$ref` until there is none."""
        return followed(self.modern, node)

    def shape_of(self, operation: Operation, status: int, media_type: str | None) -> Shape | None:
        """The annotations of a response body, `None` where no schema is documented."""
        response = operation.response_for(status)
        if response is None or media_type not in response.media_types:
            return None
        return self.shape_at(operation.name, status, media_type)

    def header_shape(self, definition: Mapping[str, Any]) -> Shape | None:
        """The annotations of a header; they may stand on the header or on its schema."""
        shape = self._shapes.read(definition.get("schema", {}))
        if shape is not None and ANNOTATION in definition:
            shape.kind = definition[ANNOTATION]
        return shape

    def body_shape(self, operation: Operation) -> Shape | None:
        """The annotations of an operation's JSON request body."""
        body = self.resolve(operation.definition.get("requestBody", {}))
        for media_type, content in body.get("content", {}).items():
            if "json" in media_type:
                return self._shapes.read(content.get("schema"))
        return None

    def _infer_parameters(self) -> None:
        for operation in self.operations.values():
            operation.parameters = tuple(
                self._inferred(operation, parameter) for parameter in operation.parameters
            )

    def _inferred(self, operation: Operation, parameter: Parameter) -> Parameter:
        families, name = self.families, parameter.name
        if parameter.location == "path":
            role = families.parameter(operation.path, name)
        elif parameter.location == "query":
            role = families.role(name, families.about(operation.path))
        else:
            role = Role("etag") if name.lower() in ("if-match", "if-none-match") else None
        if role is None:
            return parameter
        kind = "id" if role.kind == "key" else role.kind
        return replace(parameter, generated=kind, family=role.family)

    def _shape_at(self, name: str, status: int, media_type: str) -> Shape | None:
        response = self.operations[name].response_for(status)
        assert response is not None
        return self._shapes.read(response.media_types[media_type].get("schema"))

    def _responses(self) -> Iterator[DocumentedResponse]:
        for operation in self.operations.values():
            yield from operation.responses.values()

    def _compile_routes(self) -> list[tuple[re.Pattern[str], dict[str, Operation]]]:
        by_path: dict[str, dict[str, Operation]] = {}
        for operation in self.operations.values():
            by_path.setdefault(operation.path, {})[operation.method] = operation
        ordered = sorted(by_path, key=lambda path: (path.count("{"), path))
        return [(_path_pattern(path), by_path[path]) for path in ordered]


def _has_annotation(node: Any) -> bool:
    if isinstance(node, Mapping):
        return ANNOTATION in node or any(map(_has_annotation, node.values()))
    return isinstance(node, list) and any(map(_has_annotation, node))


def _path_pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]+\}", path)
    return re.compile("[^/]+".join(map(re.escape, parts)))
