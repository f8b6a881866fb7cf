"""An OpenAPI document, asked the questions that lockstep has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from lockstep.openapi.base_paths import base_path_of, rebased
from lockstep.openapi.described import naming, self_contained
from lockstep.openapi.dialect import modernised
from lockstep.openapi.loading import load_data
from lockstep.openapi.operation_reader import read_operations
from lockstep.openapi.operations import DocumentedResponse, Operation, Parameter
from lockstep.openapi.resource_types import ResourceTypes, Role
from lockstep.openapi.routes import Routes
from lockstep.openapi.scopes import Scopes
from lockstep.openapi.selection import matching
from lockstep.openapi.shapes import ANNOTATION, Shape, ShapeReader, followed
from lockstep.openapi.soundness import sound
from lockstep.openapi.structure import without


class Document:
    """A parsed document; references inside it are followed.

    `raw` is the document as written, in one file and of a version from 3.0 on; `modern` is the
    same with its schemas in the dialect of 3.1. `problems` says what could not be read. Where
    operations have servers of their own all have one base path here (see `rebased`).
    """

    def __init__(self, raw: dict[str, Any], source: Path | str | None = None) -> None:
        """Read a parsed document; other files are looked for beside its `source`.

        `ValueError` when it is no document of OpenAPI, or none of its operations can be read.
        """
        whole, self.problems = self_contained(raw, source)
        # With what base URLs of targets may end that belongs into the paths.
        self.raw, self.moved_ends = rebased(whole)
        self.soundness = sound(modernised(self.raw))
        self.modern = self.soundness.document
        self._shapes = ShapeReader(self.modern)
        found = read_operations(self.modern, self._shapes, self.problems)
        self.operations = {operation.name: operation for operation in found}
        if self.problems and not self.operations:
            raise ValueError(self.problems[0])
        if not self.is_annotated:
            self._infer_parameters()
        # The same with the operations that must never be requested.
        self.whole = self
        self.routes = Routes(self.operations.values())
        self.shape_at = cache(self._shape_at)

    @classmethod
    def load(cls, source: Path | str, exclude: Iterable[str] = ()) -> Document:
        """Read YAML or JSON from a file or an `http(s)` URL, without the operations to `exclude`.

        `OSError` and `ValueError` name the source and what is wrong, also with a pattern; see
        `matching`.
        """
        raw = load_data(source)
        with naming(source):
            document = cls(raw, source)
            return document.without(exclude) if exclude else document

    def without(self, patterns: Iterable[str]) -> Document:
        """The document without the operations that patterns match; `whole` is the one with them.

        `ValueError` when a pattern matches none; see `matching`.
        """
        names = matching(list(self.operations.values()), patterns)
        gone = [one for name, one in self.operations.items() if name in names]
        raw = without(self.raw, {(one.method, one.path) for one in gone})
        rest = Document(raw)
        rest.problems = self.problems
        rest.moved_ends = self.moved_ends
        rest.whole = self.whole
        return rest

    @property
    def excluded(self) -> list[Operation]:
        """The documented operations that must never be requested."""
        kept = {(one.method, one.path) for one in self.operations.values()}
        every = self.whole.operations.values()
        return [one for one in every if (one.method, one.path) not in kept]

    @cached_property
    def base_path(self) -> str:
        """The path of the first server URL, such as `/api`; empty without one.

        Request paths are written without it: it belongs to the base URL of a target.
        """
        return base_path_of(self.modern.get("servers"))

    @cached_property
    def is_annotated(self) -> bool:
        """Whether the document says itself which values the servers make."""
        return _has_annotation(self.modern)

    @cached_property
    def families(self) -> ResourceTypes:
        """Which names in the document are about the same kind of thing."""
        return ResourceTypes(self.modern, self.operations.values())

    @cached_property
    def scopes(self) -> Scopes:
        """Which things are numbered inside of others."""
        return Scopes(self.operations.values(), self.families, self.template)

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
        """The operation of a request, the first one where the document cannot tell them apart."""
        return next(iter(self.routes.alike(method, path)), None)

    def is_excluded(self, method: str, path: str) -> bool:
        """Whether a request is for an operation that must never be requested."""
        return self.whole.find(method, path) in self.excluded

    def template(self, path: str) -> str | None:
        """The documented path that a request path falls under."""
        return self.routes.template(path)

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
        """The annotations of a response body, `None` if no schema is documented."""
        response = operation.response_for(status)
        if response is None or response.content_for(media_type) is None:
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
