"""Changes of security requirements, of which a client must satisfy one, and security schemes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lockstep.diff.annotations import annotation_changes
from lockstep.diff.changes import Change, Effect, within
from lockstep.diff.flows import flow_changes, flows
from lockstep.diff.nodes import Node, member_of, members_of

Way = Mapping[str, frozenset[str]]

# The fields that define a scheme of each type (OpenAPI 3.1, 4.8.27.1); others have no effect.
_FIELDS = {
    "apiKey": ("in", "name"),
    "http": ("scheme",),
    "openIdConnect": ("openIdConnectUrl",),
}
_KNOWN = frozenset({"type", "flows"}).union(*_FIELDS.values())


def security_changes(old: tuple[Node, Node], new: tuple[Node, Node]) -> Iterator[Change]:
    """Compare the security requirements of two operations, each given as (document, operation).

    The change is breaking if the same schemes and scopes are no longer sufficient.
    """
    names = _renamed(_schemes(old[0]), _schemes(new[0]))
    before, after = _requirements(*old, names), _requirements(*new, {})
    pointer = f"{new[1].pointer}/security"
    for way in before:
        if not any(_is_enough(way, other) for other in after):
            sentence = f"{_named(way)} is no longer sufficient"
            yield Change(Effect.BREAKING, "security-tightened", sentence, pointer)
    # If anonymous requests remain allowed, a new scheme is still worth reporting.
    known = [other for other in before if other or {} not in after]
    for way in after:
        if way not in before and not any(_is_enough(way, other) for other in known):
            sentence = f"{_named(way)} is sufficient"
            yield Change(Effect.COMPATIBLE, "security-loosened", sentence, pointer)


def scheme_changes(old: Node, new: Node) -> Iterator[Change]:
    """Compare the security schemes of two documents.

    A removed scheme is compatible by itself: operations that required it are compared separately.
    """
    before, after = _schemes(old), _schemes(new)
    names = _renamed(before, after)
    for name, scheme in before.items():
        label = f"security scheme {name}"
        if names.get(name, name) in after:
            yield from within(label, _scheme(scheme, after[names.get(name, name)]))
        else:
            change = Change(Effect.COMPATIBLE, "scheme-gone", "was removed", scheme.pointer)
            yield from within(label, [change])
    for name in sorted(after.keys() - before.keys() - set(names.values())):
        change = Change(Effect.COMPATIBLE, "scheme-new", "was added", after[name].pointer)
        yield from within(f"security scheme {name}", [change])


def _schemes(document: Node) -> dict[str, Node]:
    every = members_of(member_of(member_of(document, "components"), "securitySchemes"))
    return {name: scheme for name, scheme in every.items() if isinstance(scheme.value, Mapping)}


def _renamed(old: Mapping[str, Node], new: Mapping[str, Node]) -> dict[str, str]:
    """Map schemes to their newer names: one with the same fields is only renamed."""
    left = [name for name in new if name not in old]
    found = {}
    for name, scheme in old.items():
        same = [other for other in left if _traits(new[other]) == _traits(scheme)]
        if name not in new and same:
            found[name] = same[0]
            left.remove(same[0])
    return found


def _traits(scheme: Node) -> dict[str, Any]:
    """Return what determines how a client authenticates; case-insensitive names are lower-cased."""
    kind = scheme.value.get("type")
    traits = {field: scheme.value.get(field) for field in ("type", *_FIELDS.get(kind, ()))}
    if kind == "http" or traits.get("in") == "header":
        # RFC 9110, 11.1 and 5.1.
        field = "scheme" if kind == "http" else "name"
        traits[field] = str(traits[field]).lower()
    return traits | {"flows": flows(scheme)}


def _scheme(old: Node, new: Node) -> Iterator[Change]:
    before, after = _traits(old), _traits(new)
    for field in sorted((before.keys() | after.keys()) - {"flows"}):
        if before.get(field) != after.get(field):
            sentence = f"{field} changed: clients must send other credentials"
            yield Change(Effect.BREAKING, "security-scheme-changed", sentence, new.pointer)
    yield from flow_changes(old, new)
    yield from annotation_changes(members_of(old), members_of(new), _KNOWN, new.pointer)


def _requirements(document: Node, operation: Node, names: Mapping[str, str]) -> list[Way]:
    holder = operation if "security" in operation.value else document
    listed = holder.value.get("security") or [{}]
    return [
        {names.get(name, name): frozenset(scopes or ()) for name, scopes in way.items()}
        for way in listed
    ]


def _is_enough(given: Way, required: Way) -> bool:
    return all(name in given and scopes <= given[name] for name, scopes in required.items())


def _named(way: Way) -> str:
    if not way:
        return "no authentication"
    return " and ".join(
        f"{name} ({', '.join(sorted(scopes))})" if scopes else name for name, scopes in way.items()
    )
