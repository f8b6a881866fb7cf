"""Finds the preconditions of operations: an order, for example, needs a cart with items."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from lockstep.drivers.walk.client import Client
from lockstep.drivers.walk.creators import creators
from lockstep.drivers.walk.items import parameters_of
from lockstep.drivers.walk.knowledge import Values
from lockstep.drivers.walk.outcomes import succeeded
from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.results.exchange import Exchange
from lockstep.transport.json_bodies import scalars

# The path parameters of a request, and its body.
Named = tuple[Mapping[str, str], Any]
Act = Callable[[Operation, Values, str], Exchange | None]
# Maximum number of actions to try for one operation.
_MOST = 5


@dataclass(slots=True)
class Needs:
    """Finds the preconditions of an operation once, and meets them for each resource.

    `act` performs an action on a resource; it returns `None` if that was refused.
    """

    client: Client
    act: Act
    # Operations to perform first, in order, by the name of the operation.
    _known: dict[str, list[Operation]] = field(default_factory=dict)
    # Where that is done: the operation's name and the identifier of the resource.
    _done: set[tuple[str, str]] = field(default_factory=set)
    # What has succeeded before, and its preconditions were sought nevertheless.
    _sought: set[str] = field(default_factory=set)
    _doing: bool = False
    _filling: list[Operation] | None = None

    def find(
        self,
        operation: Operation,
        named: Named,
        actor: str,
        again: Callable[[], Exchange],
        key: str = "",
    ) -> Exchange | None:
        """Perform actions on what a request refers to until it succeeds `again`, if it does.

        `key` stands for one of the states that an operation may lead to, which differ in that.
        """
        if self._doing:
            return None
        done: list[Operation] = []
        for other, values in islice(self._beside(operation, named, actor), _MOST):
            if self._act(other, values, actor) is None:
                continue
            done.append(other)
            exchange = again()
            if succeeded(exchange):
                self._known[key or operation.name] = done
                return exchange
        return None

    def may_differ(self, operation: Operation) -> bool:
        """Whether what succeeded before may need something now; true once per operation."""
        known = operation.name in self.client.known.accepted
        if not known or operation.name in {*self._known, *self._sought} or self._doing:
            return False
        self._sought.add(operation.name)
        return True

    def meet(self, operation: Operation, named: Named, actor: str, key: str = "") -> None:
        """Meet an operation's preconditions for what a request refers to, once per resource."""
        name = key or operation.name
        known = self._known.get(name, ())
        if not known or self._doing:
            return
        for other, values in self._beside(operation, named, actor):
            is_done = (name, next(reversed(values.values()), "")) in self._done
            if other in known and not is_done:
                self._act(other, values, actor)
        self._done |= {(name, text) for text in _texts(named)}

    def use_up(self, operation: Operation, key: str = "") -> None:
        """Record that an operation succeeded, after which its preconditions may be needed again."""
        self._done = {each for each in self._done if each[0] != (key or operation.name)}

    @property
    def filling(self) -> list[Operation]:
        """The operations that put something into what each user has one of."""
        if self._filling is None:
            document = self.client.document
            every = document.operations.values()
            self._filling = [each for each in every if fills(document, each)]
        return self._filling

    def _act(self, operation: Operation, values: Values, actor: str) -> Exchange | None:
        self._doing = True
        try:
            with self.client.setting_up(operation):
                return self.act(operation, values, actor)
        finally:
            self._doing = False

    def _beside(
        self, operation: Operation, named: Named, actor: str
    ) -> Iterator[tuple[Operation, Values]]:
        """Yield the other actions on the resources that a request refers to."""
        texts = _texts(named)
        for other in self.client.document.operations.values():
            path = other.path
            if other is operation or other.method not in ("POST", "PUT") or path.endswith("}"):
                continue
            around = path[: path.rfind("}") + 1]
            if not around:
                continue
            bound = self.client.known.bind(around, actor, live=True)
            last, called = parameters_of(around)[-1], named[0].values()
            for item, values in bound:
                if values[last] in texts or item.is_called(called):
                    yield other, values
                    break
        yield from ((other, {}) for other in self.about_the_same(operation, actor))
        for other in self.filling:
            if other is operation:
                continue
            if not parameters_of(other.path):
                yield other, {}
                continue
            bound = self.client.known.bind(other.path, actor, live=True)
            yield from ((other, values) for _, values in islice(bound, 1))

    def about_the_same(self, operation: Operation, actor: str) -> Iterator[Operation]:
        """Yield the creations that have succeeded, and refer to what an operation refers to.

        What is returned by its barcode, say, has been lent by it before. An action on an order
        refers to what the order does: what is to be sold has been received.
        """
        client = self.client
        referred = client.referred(operation, actor).keys() | self._within(operation, actor)
        for name in list(client.known.accepted) if referred else ():
            other = client.document.operations.get(name)
            if other is None or other is operation or name in client.entrances:
                continue
            is_creation = other.method == "POST" and "{" not in other.path
            if is_creation and not referred.isdisjoint(client.referred(other, actor)):
                yield other

    def _within(self, operation: Operation, actor: str) -> set[str]:
        """Return the families that the resource of a path refers to when it is created."""
        names = parameters_of(operation.path)
        if not names:
            return set()
        head = operation.path[: operation.path.rindex("{" + names[-1] + "}")]
        makers = creators(self.client.document, head, names[-1], self.client.entrances)
        return {family for maker in makers for family in self.client.referred(maker, actor)}


def fills(document: Document, operation: Operation) -> bool:
    """Whether an operation puts something into what each user has one of: a cart, say."""
    if operation.method not in ("POST", "PUT"):
        return False
    root = operation.path.partition("{")[0].rstrip("/")
    while root.count("/") > 1 and not _is_single(document, root):
        root = root.rpartition("/")[0]
    return operation.path.rstrip("/") != root and _is_single(document, root)


def _is_single(document: Document, path: str) -> bool:
    """Whether a path can be read, and is no list to which things are added."""
    paths = {(each.method, each.path.rstrip("/")) for each in document.operations.values()}
    inside = re.compile(re.escape(path) + r"/\{[^}/]+\}")
    return (
        ("GET", path) in paths
        and ("POST", path) not in paths
        and not any(inside.fullmatch(each) for _, each in paths)
    )


def _texts(named: Named) -> set[str]:
    values, content = named
    return {*values.values(), *map(str, scalars(content))}
