"""Changes of the OAuth 2 flows in which clients obtain tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lockstep.diff.changes import Change, Effect, within
from lockstep.diff.nodes import Node, member_of, members_of

_URLS = ("authorizationUrl", "tokenUrl", "deviceAuthorizationUrl")


def flows(scheme: Node) -> dict[str, Any]:
    """Return the URLs and the scope names of each flow of a security scheme."""
    described = members_of(member_of(scheme, "flows"))
    return {name: (_urls(flow), sorted(_scopes(flow))) for name, flow in described.items()}


def flow_changes(old: Node, new: Node) -> Iterator[Change]:
    """Compare the flows of two schemes; clients must still get the same tokens in each flow."""
    before, after = (members_of(member_of(scheme, "flows")) for scheme in (old, new))
    for name, flow in before.items():
        if name in after:
            yield from within(f"flow {name}", _changes(flow, after[name]))
        else:
            change = Change(Effect.BREAKING, "flow-gone", "was removed", flow.pointer)
            yield from within(f"flow {name}", [change])
    for name, flow in after.items():
        if name not in before:
            change = Change(Effect.COMPATIBLE, "flow-new", "was added", flow.pointer)
            yield from within(f"flow {name}", [change])


def _changes(old: Node, new: Node) -> Iterator[Change]:
    before, after = _urls(old), _urls(new)
    for name, url in before.items():
        if url != after[name]:
            sentence = f"{name} was {url or 'none'}, is {after[name] or 'none'}"
            # No client depends on an endpoint that did not exist.
            effect = Effect.BREAKING if url else Effect.COMPATIBLE
            yield Change(effect, "flow-url-changed", sentence, new.pointer)
    was, now = _scopes(old), _scopes(new)
    for scope in sorted(was.keys() - now.keys()):
        sentence = f"the scope {scope} was removed"
        yield Change(Effect.BREAKING, "scope-gone", sentence, f"{old.pointer}/scopes")
    for scope in sorted(now.keys() - was.keys()):
        sentence = f"the scope {scope} was added"
        yield Change(Effect.COMPATIBLE, "scope-new", sentence, f"{new.pointer}/scopes")
    reworded = [scope for scope in sorted(was.keys() & now.keys()) if was[scope] != now[scope]]
    if reworded:
        sentence = f"the description of {', '.join(reworded)} changed"
        yield Change(Effect.SILENT, "words-changed", sentence, f"{new.pointer}/scopes")


def _urls(flow: Node) -> dict[str, str | None]:
    """Return the URLs of a flow; `refreshUrl` only if it differs from `tokenUrl`."""
    urls = {name: flow.value.get(name) for name in _URLS}
    refresh = flow.value.get("refreshUrl")
    return urls | {"refreshUrl": None if refresh == urls["tokenUrl"] else refresh}


def _scopes(flow: Node) -> Mapping[str, Any]:
    scopes: Mapping[str, Any] = flow.value.get("scopes") or {}
    return scopes
