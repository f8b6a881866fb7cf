"""Changes of who may call: the ways of authentication, of which one is enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lockstep.diff.annotations import annotation_changes
from lockstep.diff.changes import Change, Effect, within
from lockstep.diff.flows import flow_changes, flows
from lockstep.diff.nodes import Node, member_of, members_of

Way = Mapping[str, frozenset[str]]

# What a scheme of each type goes by (OpenAPI 3.1, 4.8.27.1); other words beside it mean nothing.
_WORDS = {
    "apiKey": ("in", "name"),
    "http": ("scheme",),
    "openIdConnect": ("openIdConnectUrl",),
}
_KNOWN = frozenset({"type", "flows"}).union(*_WORDS.values())


def security_changes(old: tuple[Node, Node], new: tuple[Node, Node]) -> Iterator[Change]:
    """Compare the ways of two operations, each given as document and operation.

    Who could call must still be able to, with the same schemes and scopes.
    """
    names = _renamed(_schemes(old[0]), _schemes(new[0]))
    before, after = _ways(*old, names), _ways(*new, {})
    pointer = f"{new[1].pointer}/security"
    for way in before:
        if not any(_is_enough(way, other) for other in after):
            sentence = f"{_named(way)} is not enough any more"
            yield Change(Effect.BREAKING, "security-tightened", sentence, pointer)
    # Who may still come without authentication may also come with one.
    known = [other for other in before if other or {} not in after]
    for way in after:
        if way not in before and not any(_is_enough(way, other) for other in known):
            sentence = f"{_named(way)} is enough"
            yield Change(Effect.COMPATIBLE, "security-loosened", sentence, pointer)


def scheme_changes(old: Node, new: Node) -> Iterator[Change]:
    """Compare how the schemes of two documents work.

    Those that are gone show in the operations that asked for them.
    """
    before, after = _schemes(old), _schemes(new)
    names = _renamed(before, after)
    for name, scheme in before.items():
        label = f"security scheme {name}"
        if names.get(name, name) in after:
            yield from within(label, _scheme(scheme, after[names.get(name, name)]))
        else:
            change = Change(Effect.COMPATIBLE, "scheme-gone", "is gone", scheme.pointer)
            yield from within(label, [change])
    for name in sorted(after.keys() - before.keys() - set(names.values())):
        change = Change(Effect.COMPATIBLE, "scheme-new", "is new", after[name].pointer)
        yield from within(f"security scheme {name}", [change])


def _schemes(document: Node) -> dict[str, Node]:
    return members_of(member_of(member_of(document, "components"), "securitySchemes"))


def _renamed(old: Mapping[str, Node], new: Mapping[str, Node]) -> dict[str, str]:
    """The newer names of schemes that work as before; how a scheme is called is not sent."""
    left = [name for name in new if name not in old]
    found = {}
    for name, scheme in old.items():
        same = [other for other in left if _traits(new[other]) == _traits(scheme)]
        if name not in new and same:
            found[name] = same[0]
            left.remove(same[0])
    return found


def _traits(scheme: Node) -> dict[str, Any]:
    """What decides how a client authenticates, with names that know no case in lower case."""
    kind = scheme.value.get("type")
    traits = {word: scheme.value.get(word) for word in ("type", *_WORDS.get(kind, ()))}
    if kind == "http" or traits.get("in") == "header":
        # RFC 9110, 11.1 and 5.1.
        word = "scheme" if kind == "http" else "name"
        traits[word] = str(traits[word]).lower()
    return traits | {"flows": flows(scheme)}


def _scheme(old: Node, new: Node) -> Iterator[Change]:
    before, after = _traits(old), _traits(new)
    for word in sorted((before.keys() | after.keys()) - {"flows"}):
        if before.get(word) != after.get(word):
            sentence = f"{word} changed, and with it what clients send"
            yield Change(Effect.BREAKING, "security-scheme-changed", sentence, new.pointer)
    yield from flow_changes(old, new)
    yield from annotation_changes(members_of(old), members_of(new), _KNOWN, new.pointer)


def _ways(document: Node, operation: Node, names: Mapping[str, str]) -> list[Way]:
    holder = operation if "security" in operation.value else document
    listed = holder.value.get("security") or [{}]
    return [
        {names.get(name, name): frozenset(scopes or ()) for name, scopes in way.items()}
        for way in listed
    ]


def _is_enough(given: Way, asked: Way) -> bool:
    return all(name in given and scopes <= given[name] for name, scopes in asked.items())


def _named(way: Way) -> str:
    if not way:
        return "no authentication"
    return " and ".join(
        f"{name} ({', '.join(sorted(scopes))})" if scopes else name for name, scopes in way.items()
    )
