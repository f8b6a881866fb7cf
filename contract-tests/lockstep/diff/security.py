"""Changes of who may call: the ways of authentication, of which one is enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lockstep.diff.annotations import annotation_changes
from lockstep.diff.changes import Change, Effect, within
from lockstep.diff.nodes import Node, is_equal, member_of, members_of

Way = Mapping[str, frozenset[str]]

_KNOWN = frozenset({"type", "name", "in", "scheme", "openIdConnectUrl"})


def security_changes(old: tuple[Node, Node], new: tuple[Node, Node]) -> Iterator[Change]:
    """Compare the ways of two operations, each given as document and operation.

    Who could call must still be able to, with the same schemes and scopes.
    """
    before, after = _ways(*old), _ways(*new)
    pointer = f"{new[1].pointer}/security"
    for way in before:
        if not any(_is_enough(way, other) for other in after):
            sentence = f"{_named(way)} is not enough any more"
            yield Change(Effect.BREAKING, "security-tightened", sentence, pointer)
    for way in after:
        if not any(_is_enough(way, other) for other in before):
            sentence = f"{_named(way)} is enough"
            yield Change(Effect.COMPATIBLE, "security-loosened", sentence, pointer)


def scheme_changes(old: Node, new: Node) -> Iterator[Change]:
    """Compare how the schemes of two documents work; those that are gone show in operations."""
    before, after = (
        members_of(member_of(member_of(node, "components"), "securitySchemes"))
        for node in (old, new)
    )
    for name in before.keys() & after.keys():
        yield from within(f"security scheme {name}", _scheme(before[name], after[name]))


def _scheme(old: Node, new: Node) -> Iterator[Change]:
    for word in sorted(_KNOWN):
        if not is_equal(member_of(old, word), member_of(new, word)):
            sentence = f"{word} changed, and with it what clients send"
            yield Change(Effect.BREAKING, "security-scheme-changed", sentence, new.pointer)
    yield from annotation_changes(members_of(old), members_of(new), _KNOWN, new.pointer)


def _ways(document: Node, operation: Node) -> list[Way]:
    holder = operation if "security" in operation.value else document
    listed = holder.value.get("security") or [{}]
    return [{name: frozenset(scopes) for name, scopes in way.items()} for way in listed]


def _is_enough(given: Way, asked: Way) -> bool:
    return all(name in given and scopes <= given[name] for name, scopes in asked.items())


def _named(way: Way) -> str:
    if not way:
        return "no authentication"
    return " and ".join(
        f"{name} ({', '.join(sorted(scopes))})" if scopes else name for name, scopes in way.items()
    )
