"""Probes with undocumented paths and methods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from lockstep.drivers.probes.trial import Probe, Send, Trial
from lockstep.drivers.walk.maker import Maker
from lockstep.openapi.operations import Operation
from lockstep.transport.messages import Request

_UNKNOWN_PATH, _SLASH, _METHOD = 4, 10, 16
_METHODS = ("DELETE", "PUT", "POST", "PATCH", "GET", "OPTIONS")
_NOWHERE = "lockstep-no-such-path"


def path_probes(maker: Maker) -> Iterator[Probe]:
    """Yield the probes for the paths of a document, regardless of their operations."""
    client = maker.client
    share = client.exchanger.ledger.share
    by_path: dict[str, list[Operation]] = {}
    for operation in client.document.operations.values():
        by_path.setdefault(operation.path, []).append(operation)
    signed = client.mine
    if share.shard.number == 1:
        yield from _unknown_paths(maker, by_path, signed)
    for operations in by_path.values():
        if share.owns(operations[0].name):
            yield from _at_path(maker, operations)


def _unknown_paths(maker: Maker, known: Iterable[str], signed: str) -> Iterator[Probe]:
    yield Probe(_UNKNOWN_PATH, "an unknown path", lambda: _nowhere(maker, f"/{_NOWHERE}", ""))
    yield Probe(_UNKNOWN_PATH, "the same, signed", lambda: _nowhere(maker, f"/{_NOWHERE}", signed))
    below = next((path for path in known if path.count("/") == 1 and "{" not in path), None)
    if below is not None:
        deep = f"{below}/1/{_NOWHERE}"
        yield Probe(_UNKNOWN_PATH, "a path below one", lambda: _nowhere(maker, deep, signed))


def _at_path(maker: Maker, operations: list[Operation]) -> Iterator[Probe]:
    reader = next((op for op in operations if op.method == "GET"), operations[0])
    trial = Trial(maker, reader)
    if trial.spares_user:
        return
    if not reader.path.endswith("/"):
        yield Probe(_SLASH, "a slash at the end", lambda: trial.send(trial.request(), change=slash))
    excluded = (one for one in maker.client.document.excluded if one.path == reader.path)
    documented = {operation.method for operation in (*operations, *excluded)}
    for method in _METHODS:
        if method not in documented:
            yield Probe(_METHOD, f"{method} is not documented", _sent_by(trial, method))


def _sent_by(trial: Trial, method: str) -> Send:
    def change(request: Request) -> Request:
        bare = request.without_header("Content-Type")
        return replace(bare, method=method, body=None, operation=None)

    return lambda: trial.send(trial.request(), change=change)


def slash(request: Request) -> Request:
    """Return the request with a slash appended to its path."""
    path, mark, query = request.path.partition("?")
    return replace(request, path=f"{path}/{mark}{query}", operation=None)


def _nowhere(maker: Maker, path: str, actor: str) -> object:
    client = maker.client
    request = Request("GET", path)
    return client.send_as(client.sign(request, actor) if actor else request, actor)
