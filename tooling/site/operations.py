"""View models of the operations of the contract."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tooling.site.document import Json, raw_operations
from tooling.site.errors import Error
from tooling.site.samples import CodeSample
from tooling.site.schemas import Property, Schemas, Shape, names_within


@dataclass(frozen=True)
class Parameter:
    """A parameter of a request; `place` is path, query or header."""

    name: str
    place: str
    required: bool
    description: str
    shape: Shape
    example: Any


@dataclass(frozen=True)
class Body:
    """A request or response body; `examples` are titles with values."""

    media_type: str
    shape: Shape | None
    properties: tuple[Property, ...]
    examples: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Header:
    """A header field of a response."""

    name: str
    description: str
    always: bool


@dataclass(frozen=True)
class Answer:
    """A documented response of an operation."""

    status: str
    description: str
    headers: tuple[Header, ...]
    body: Body | None


@dataclass(frozen=True)
class Operation:
    """One operation; `id` is its anchor."""

    id: str
    method: str
    path: str
    tag: str
    summary: str
    description: str
    needs: str
    limit: str
    parameters: tuple[Parameter, ...]
    body: Body | None
    answers: tuple[Answer, ...]
    errors: tuple[Error, ...]
    follow_ups: tuple[str, ...]
    samples: tuple[CodeSample, ...]


@dataclass(frozen=True)
class Group:
    """The operations of a tag."""

    name: str
    description: str
    operations: tuple[Operation, ...]

    @property
    def anchor(self) -> str:
        """The id of its heading."""
        return self.name.lower().replace(" ", "-")


class Operations:
    """Reads the operations of a document, in its order."""

    def __init__(
        self,
        document: Json,
        errors: Sequence[Error],
        samples: Mapping[str, Sequence[CodeSample]],
    ) -> None:
        self._document = document
        self._schemas = Schemas(document)
        self._errors = errors
        self._samples = samples

    def groups(self) -> list[Group]:
        """Return the operations by tag."""
        every = [self._operation(*found) for found in raw_operations(self._document)]
        return [
            Group(
                tag["name"],
                tag["description"],
                tuple(each for each in every if each.tag == tag["name"]),
            )
            for tag in self._document["tags"]
        ]

    def users_of_schemas(self) -> dict[str, tuple[str, ...]]:
        """Return the ids of the operations that refer to a schema in a body, by schema."""
        found: dict[str, list[str]] = {}
        for _, _, _, operation in raw_operations(self._document):
            parts = [operation.get("requestBody"), operation["responses"]]
            for name in dict.fromkeys(names_within(parts)):
                found.setdefault(name, []).append(operation["operationId"])
        return {name: tuple(users) for name, users in found.items()}

    def _operation(self, method: str, path: str, shared: list[Json], raw: Json) -> Operation:
        identity = raw["operationId"]
        answers = [self._answer(status, node) for status, node in raw["responses"].items()]
        return Operation(
            id=identity,
            method=method.upper(),
            path=path,
            tag=raw["tags"][0],
            summary=raw["summary"],
            description=raw["description"],
            needs=_needs(raw),
            limit=raw.get("x-rate-limit", "general"),
            parameters=tuple(
                self._parameter(node) for node in [*shared, *raw.get("parameters", ())]
            ),
            body=self._body(raw.get("requestBody")),
            answers=tuple(answer for answer in answers if answer.status < "4"),
            errors=tuple(error for error in self._errors if identity in error.operations),
            follow_ups=tuple(
                dict.fromkeys(
                    link["operationId"]
                    for node in raw["responses"].values()
                    for link in self._schemas.resolve(node).get("links", {}).values()
                )
            ),
            samples=tuple(self._samples.get(identity, ())),
        )

    def _parameter(self, node: Json) -> Parameter:
        whole = self._schemas.resolve(node)
        return Parameter(
            name=whole["name"],
            place=whole["in"],
            required=whole.get("required", False),
            description=whole["description"],
            shape=self._schemas.shape(whole["schema"]),
            example=whole.get("example"),
        )

    def _answer(self, status: str, node: Json) -> Answer:
        whole = self._schemas.resolve(node)
        headers = {
            name: self._schemas.resolve(header) for name, header in whole.get("headers", {}).items()
        }
        return Answer(
            status=status,
            description=whole["description"],
            headers=tuple(
                Header(name, header["description"], header.get("required", False))
                for name, header in headers.items()
            ),
            body=self._body(whole),
        )

    def _body(self, node: Json | None) -> Body | None:
        content = self._schemas.resolve(node or {}).get("content", {})
        for media_type, part in content.items():
            schema = part.get("schema")
            return Body(
                media_type=media_type,
                shape=self._schemas.shape(schema) if schema else None,
                properties=self._schemas.properties(schema) if schema else (),
                examples=tuple(self._examples(part)),
            )
        return None

    def _examples(self, part: Json) -> Iterator[tuple[str, Any]]:
        for name, node in part.get("examples", {}).items():
            whole = self._schemas.resolve(node)
            yield whole.get("summary", name.capitalize()), whole["value"]


def _needs(raw: Json) -> str:
    if not raw["security"]:
        return "nobody"
    return str(raw.get("x-role", "user"))
