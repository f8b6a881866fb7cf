"""Compares `Set-Cookie` header fields by name and attribute (RFC 6265, section 4.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lockstep.matching.clock import Clock
from lockstep.matching.difference import Difference
from lockstep.matching.timestamps import both, read_instant
from lockstep.transport.cookies import Cookie, read_cookie

_ABSENT = "absent"
# Either deletes a cookie, whatever its value (RFC 6265, section 5.3).
_LIFETIMES = frozenset({"expires", "max-age"})
# Callback (name, left, right): whether two different values of a cookie correspond.
Same = Callable[[str, str, str], bool]
# Callbacks, of the left and the right side: the name under which a cookie is compared.
Named = tuple[Callable[[str], str], Callable[[str], str]]


def compare_cookies(
    left: list[str], right: list[str], clock: Clock, same: Same, named: Named
) -> Iterator[Difference]:
    """Yield every cookie and attribute that differs; the order of cookies is ignored."""
    ours, theirs = (
        {name(cookie.name): cookie for cookie in map(read_cookie, lines)}
        for name, lines in zip(named, (left, right), strict=True)
    )
    for name in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(name), theirs.get(name)
        where = f"header set-cookie {name}"
        if mine is None or other is None:
            yield Difference("cookie", where, _set(mine), _set(other))
            continue
        are_cleared = mine.is_cleared and other.is_cleared
        if not (are_cleared or mine.value == other.value or same(name, mine.value, other.value)):
            yield Difference("cookie", where, mine.value, other.value)
        lifetimes = _LIFETIMES if are_cleared else frozenset()
        yield from _attributes(
            where,
            _without(mine.attributes, lifetimes),
            _without(other.attributes, lifetimes),
            clock,
        )


def _without(attributes: dict[str, str], names: frozenset[str]) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if name not in names}


def _attributes(
    where: str, ours: dict[str, str], theirs: dict[str, str], clock: Clock
) -> Iterator[Difference]:
    for name in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(name), theirs.get(name)
        if mine is None or other is None or not _alike(name, mine, other, clock):
            yield Difference("cookie", f"{where} {name}", _given(mine), _given(other))


def _alike(name: str, left: str, right: str, clock: Clock) -> bool:
    if name == "expires":
        instants = both(read_instant, left, right)
        if instants is not None:
            return clock.near(*instants)
    if name == "max-age":
        return clock.close(left, right)
    if name in ("samesite", "domain"):
        return left.lower() == right.lower()
    return left == right


def _set(cookie: Cookie | None) -> str:
    return _ABSENT if cookie is None else cookie.value


def _given(value: str | None) -> str:
    return _ABSENT if value is None else value or "present"
