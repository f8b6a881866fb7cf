"""A parsed OpenAPI document with its operations, routes, resource families and annotations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from lockstep.openapi.base_paths import base_path_of, rebased
from lockstep.openapi.described import naming, self_contained
from lockstep.openapi.dialect import modernised
from lockstep.openapi.identifier_schemas import Identifier, identifier_members
from lockstep.openapi.loading import load_checked
from lockstep.openapi.operation_reader import read_operations
from lockstep.openapi.operations import DocumentedResponse, Operation, Parameter
from lockstep.openapi.request_sequences import with_array_schemas
from lockstep.openapi.resource_types import ResourceTypes, Role
from lockstep.openapi.routes import Routes
from lockstep.openapi.scopes import Scopes
from lockstep.openapi.selection import matching
from lockstep.openapi.shapes import ANNOTATION, Shape, ShapeReader, followed
from lockstep.openapi.soundness import sound
from lockstep.openapi.structure import without

_ENTITY_TAGS = re.compile(r"e-?tag\b|entity.tag|if-(none-)?match", re.IGNORECASE)


class Document:
    """A parsed OpenAPI document with its references resolved.

    `raw` is the bundled document of version 3.0 or later; `modern` is the same with its schemas in
    the dialect of 3.1. `problems` lists what could not be read. All operations have one base path,
    even if some override `servers` (see `rebased`).
    """

    def __init__(self, raw: dict[str, Any], source: Path | str | None = None) -> None:
        """Read a parsed document; relative references are resolved against its `source`.

        Raise `ValueError` if it is not an OpenAPI document or none of its operations is readable.
        """
        whole, self.problems = self_contained(raw, source)
        # Suffixes of targets' base URLs that are now part of the paths.
        self.raw, self.moved_ends = rebased(with_array_schemas(whole))
        self.soundness = sound(modernised(self.raw))
        self.modern = self.soundness.document
        self._shapes = ShapeReader(self.modern)
        found = read_operations(self.modern, self._shapes, self.problems)
        self.operations = {operation.name: operation for operation in found}
        if self.problems and not self.operations:
            raise ValueError(self.problems[0])
        if not self.is_annotated:
            self._infer_parameters()
        # The document including excluded operations, which must never be requested.
        self.whole = self
        self.routes = Routes(self.operations.values())
        self.shape_at = cache(self._shape_at)

    @classmethod
    def load(cls, source: Path | str, exclude: Iterable[str] = ()) -> Document:
        """Load a YAML or JSON document from a file or an `http(s)` URL.

        The operations that match a pattern of `exclude` are left out; see `matching`. Raise
        `OSError` or `ValueError` with the source and the reason.
        """
        raw, repeated = load_checked(source)
        with naming(source):
            document = cls(raw, source)
            document.problems[:0] = repeated
            return document.without(exclude) if exclude else document

    def without(self, patterns: Iterable[str]) -> Document:
        """Return the document without the operations that match a pattern, which `whole` has.

        Raise `ValueError` if a pattern matches no operation; see `matching`.
        """
        names = matching(list(self.operations.values()), patterns)
        excluded = [one for name, one in self.operations.items() if name in names]
        raw = without(self.raw, {(one.method, one.path) for one in excluded})
        rest = Document(raw)
        rest.problems = self.problems
        rest.moved_ends = self.moved_ends
        rest.whole = self.whole
        return rest

    @cached_property
    def excluded(self) -> list[Operation]:
        """The excluded operations, which must never be requested."""
        kept = {(one.method, one.path) for one in self.operations.values()}
        every = self.whole.operations.values()
        return [one for one in every if (one.method, one.path) not in kept]

    @cached_property
    def base_path(self) -> str:
        """The path of the first server URL, such as `/api`; empty if there is none.

        Request paths do not contain it: it is part of a target's base URL.
        """
        return base_path_of(self.modern.get("servers"))

    @cached_property
    def is_annotated(self) -> bool:
        """Whether the document marks server-generated values with `x-generated`."""
        return _has_annotation(self.modern)

    @cached_property
    def families(self) -> ResourceTypes:
        """The names in the document, grouped by resource type."""
        return ResourceTypes(self.modern, self.operations.values())

    @cached_property
    def identifier_members(self) -> dict[tuple[str, str], Identifier]:
        """The members of bodies that identify a resource, by the family around and their name."""
        return identifier_members(self.modern, self.families, self.operations.values())

    @cached_property
    def scopes(self) -> Scopes:
        """The resource families whose ids are unique only within a parent resource."""
        return Scopes(self.operations.values(), self.families, self.template)

    @cached_property
    def header_shapes(self) -> dict[str, Shape]:
        """The annotated response headers of the whole document by lower-cased name; the first wins.

        Responses that no operation documents, such as those for an unknown path, have them too.
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
        """The shapes of `+json` media types such as `application/problem+json`.

        They apply to undocumented responses.
        """
        shapes: dict[str, Shape] = {}
        for response in self._responses():
            for media_type, content in response.media_types.items():
                shape = self._shapes.read(content.get("schema"))
                if "+json" in media_type and shape is not None:
                    shapes.setdefault(media_type, shape)
        return shapes

    @cached_property
    def serves_html(self) -> bool:
        """Whether a documented response is an HTML page."""
        return any("text/html" in response.media_types for response in self._responses())

    @cached_property
    def tells_of_entity_tags(self) -> bool:
        """Whether the document says anything of entity tags, or of requests on condition of one."""
        return _ENTITY_TAGS.search(json.dumps(self.raw, default=str)) is not None

    @cached_property
    def title(self) -> str:
        """The title of the API."""
        return str(self.modern.get("info", {}).get("title", "API"))

    def find(self, method: str, path: str) -> Operation | None:
        """Return the operation that matches a request, the first if several match equally well."""
        return next(iter(self.routes.alike(method, path)), None)

    def is_excluded(self, method: str, path: str) -> bool:
        """Whether a request matches an excluded operation."""
        return self.whole.find(method, path) in self.excluded

    def template(self, path: str) -> str | None:
        """Return the path template that matches a request path."""
        return self.routes.template(path)

    def label(self, method: str, path: str) -> str:
        """Return the name of a request in reports: its operationId, else `METHOD /template`."""
        operation = self.find(method, path)
        if operation is not None:
            return operation.name
        template = self.template(path)
        return f"{method} {template}" if template else f"{method} (no documented path)"

    def resolve(self, node: Any) -> Any:
        """Resolve `$ref` until the node is not a reference."""
        return followed(self.modern, node)

    def shape_of(self, operation: Operation, status: int, media_type: str | None) -> Shape | None:
        """Return the annotations of a response body, `None` if no schema is documented."""
        response = operation.response_for(status)
        if response is None or response.content_for(media_type) is None:
            return None
        return self.shape_at(operation.name, status, media_type)

    def header_shape(self, definition: Mapping[str, Any]) -> Shape | None:
        """Return the annotations of a header, from the header object or its schema."""
        shape = self._shapes.read(definition.get("schema", {}))
        if shape is not None and ANNOTATION in definition:
            shape.kind = definition[ANNOTATION]
        return shape

    def body_shape(self, operation: Operation) -> Shape | None:
        """Return the annotations of an operation's JSON request body."""
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

    def _shape_at(self, name: str, status: int, media_type: str | None) -> Shape | None:
        response = self.operations[name].response_for(status)
        content = response.content_for(media_type) if response is not None else None
        return self._shapes.read((content or {}).get("schema"))

    def _responses(self) -> Iterator[DocumentedResponse]:
        for operation in self.operations.values():
            yield from operation.responses.values()


def _has_annotation(node: Any) -> bool:
    waiting = [node]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, dict):
            if ANNOTATION in inner:
                return True
            inner = inner.values()
        waiting += [each for each in inner if isinstance(each, dict | list)]
    return False
