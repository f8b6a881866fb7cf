"""Compares each target with itself: values that change on each request are no divergence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lockstep.auth.actors import ActorBook
from lockstep.exchange.exchanger import Exchanger
from lockstep.exchange.noise_probe import self_differences
from lockstep.matching import Difference
from lockstep.openapi.operations import Operation
from lockstep.transport.messages import Request, Response

_SAFE = ("GET", "HEAD")


def self_check(exchanger: Exchanger, actors: ActorBook | None) -> list[str]:
    """Request everything without parameters twice from every target; differences are noise.

    Returns sentences on what cannot be judged: places and status codes that change on each request.
    Raises `TargetLostError`.
    """
    ledger = exchanger.ledger
    found: list[str] = []
    for operation in _askable(ledger.document.operations.values()):
        if not ledger.share.owns(operation.name):
            continue
        request = Request(operation.method, operation.path, operation=operation.name)
        if actors is not None and operation.requires_auth:
            actor = actors.choose(operation.name)
            request = actors.authorise(request, actor)
        with ledger.faults.about(f"{operation.name}: not compared with itself"):
            found += _twice(exchanger, operation, request)
    return found


def _twice(exchanger: Exchanger, operation: Operation, request: Request) -> Iterator[str]:
    """Send a request to every target twice."""
    ledger = exchanger.ledger
    rounds = [exchanger.ask(request) for _ in range(2)]
    for target in exchanger.targets:
        first, second = (outcomes[target.name] for outcomes in rounds)
        own = self_differences(ledger, target, request, first, second)
        ledger.noise.learn(operation.name, target.name, own)
        yield from (f"{operation.name}, {text}" for text in _sentences(target.name, own))
        if not own and not isinstance(first, Response):
            yield f"{operation.name}: {target.name} does not respond ({first.reason})"


def _askable(operations: Iterable[Operation]) -> Iterator[Operation]:
    for operation in operations:
        needed = any(parameter.required for parameter in operation.parameters)
        if operation.method in _SAFE and not needed and "{" not in operation.path:
            yield operation


def _sentences(name: str, differences: Sequence[Difference]) -> Iterator[str]:
    for difference in differences:
        yield (
            f"{difference.where}: {name} returns a different response to the same request"
            f" ({difference.left} and {difference.right})"
        )
