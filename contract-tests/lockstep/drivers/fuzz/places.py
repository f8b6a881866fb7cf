"""Identifiers chosen by clients, and accepted values of required parameters, for later requests."""

from __future__ import annotations

import random
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from lockstep.drivers.walk.items import fill
from lockstep.drivers.walk.maker import Maker
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.openapi.shapes import Generated
from lockstep.results.exchange import Exchange
from lockstep.results.request_reader import path_values
from lockstep.transport.messages import Request, status_of

_KEPT = 40
_LOCATIONS = ("header", "query")

Values = dict[str, str]
# The location and name of a parameter.
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Given:
    """Values that one stage passes to another; they are the same for every target.

    `required` are values of required parameters, `paths` documented paths with their parameters.
    """

    required: Mapping[Key, str] = field(default_factory=dict)
    paths: tuple[tuple[str, Values], ...] = ()


@dataclass(slots=True)
class Places:
    """Path parameters of resources that a client has created by `PUT`, or that were given."""

    document: Document
    rng: random.Random
    given: Given = field(default_factory=Given)
    _known: dict[str, deque[Values]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=_KEPT))
    )

    def __post_init__(self) -> None:
        for path, values in self.given.paths:
            self._known[path].append(values)

    def listen(self, exchange: Exchange, _generated: list[Generated]) -> None:
        """Add the resource created by a PUT, or remove a deleted one."""
        request = exchange.request
        statuses = [status_of(outcome) or 599 for outcome in exchange.outcomes.values()]
        template = self.document.template(request.path)
        if template is None or not template.endswith("}") or max(statuses) >= 300:
            return
        values = path_values(template, request.path.partition("?")[0])
        known = self._known[template]
        if request.method == "PUT" and values not in known:
            known.append(values)
        elif request.method == "DELETE" and values in known:
            known.remove(values)

    def values_for(self, operation: Operation) -> Values:
        """Return the path parameters of an existing resource, as far as an operation has them."""
        fitting = [
            values
            for path, several in self._known.items()
            if operation.path == path or operation.path.startswith(f"{path}/")
            for values in several
        ]
        return dict(self.rng.choice(fitting)) if fitting else {}


def given_by(maker: Maker) -> Given:
    """Return the values that a walk passes to other stages.

    Only resources that any user may access: users who register have others.
    """
    client = maker.client
    registers = any(spec.register for spec in (client.actors.specs if client.actors else ()))
    return Given(dict(_required(maker)), () if registers else tuple(_paths(maker)))


def _required(maker: Maker) -> Iterator[tuple[Key, str]]:
    client = maker.client
    for name, request in client.known.accepted.items():
        operation = client.document.operations.get(name)
        query = dict(parse_qsl(request.path.partition("?")[2], keep_blank_values=True))
        for parameter in operation.parameters if operation is not None else ():
            if not parameter.required or parameter.generated:
                continue
            if parameter.location not in _LOCATIONS:
                continue
            inside = parameter.location == "query"
            text = query.get(parameter.name) if inside else request.header(parameter.name)
            if text:
                yield (parameter.location, parameter.name), text


def _paths(maker: Maker) -> Iterator[tuple[str, Values]]:
    """Yield paths with parameters of existing resources, if they are equal on every target."""
    client, exchanger = maker.client, maker.client.exchanger
    for operation in client.document.operations.values():
        if not operation.path.endswith("}"):
            continue
        for _, values in client.known.bind(operation.path, client.mine, live=True):
            request = Request("GET", fill(operation.path, values))
            names = (target.name for target in exchanger.targets[1:])
            if all(exchanger.versions.translate(request, name) == request for name in names):
                yield operation.path, values
