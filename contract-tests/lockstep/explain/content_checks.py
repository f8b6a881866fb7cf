"""Folds differences in how servers check the content of requests, and in which order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from lockstep.explain.cluster import Cluster, Key, both_refuse, one_per_key, plainest_first
from lockstep.results.conditions import INVALID, Condition, kinds_of
from lockstep.results.findings import PARITY

# Minimum number of members or parameters that one fact shows in.
_FEWEST_TOGETHER = 3
# How a body is refused that cannot be read, and one whose content is invalid.
_UNREAD = frozenset({"400", "415"})
_INVALID_CONTENT = frozenset({"400", "413", "422"})
# Conditions on what a request is about, and how it is refused for these.
_WHICH = frozenset({"unknown thing", "deleted thing", "another's thing", "oneself"})
_OF_THINGS = frozenset({"403", "404", "410"})


def same_failure(clusters: Iterable[Cluster]) -> list[Cluster]:
    """Who fails at content that is invalid in one way fails at it wherever it is.

    What the other side answers there is no matter. Of members and parameters it takes several.
    """
    every = list(clusters)
    groups: dict[Key, list[Cluster]] = defaultdict(list)
    for one in every:
        key = _failing(one)
        if key is not None:
            groups[key].append(one)
    taken: list[Cluster] = []
    for several in groups.values():
        first, *others = sorted(several, key=lambda each: plainest_first(each.chosen))
        subjects = {each.subject for one in several for each in one.conditions}
        if not others or (subjects != {""} and len(several) < _FEWEST_TOGETHER):
            continue
        for other in others:
            first.absorb(other)
        first.conditions = (Condition(next(iter(kinds_of(first.conditions)))),)
        taken += others
    return [one for one in every if all(one is not other for other in taken)]


def _failing(one: Cluster) -> Key | None:
    """In which way the content is invalid, and who fails at it; `None` where all do, or nobody."""
    chosen, kinds = one.chosen, kinds_of(one.conditions)
    if chosen.category != PARITY or chosen.kind != "status" or len(kinds) != 1:
        return None
    failing = frozenset(name for name, value in chosen.values.items() if value[:1] == "5")
    if not kinds <= INVALID or len(failing) in (0, len(chosen.values)):
        return None
    return kinds, failing


def same_reading(clusters: Iterable[Cluster]) -> Iterator[Cluster]:
    """Who refuses a body since it cannot read it does so at each operation.

    What the other side answers there, which does not read it, is no matter, unless it fails.
    """
    every = list(clusters)
    refusals = Counter(pair for one in every for pair in _unread(one))

    def key(one: Cluster) -> Key | None:
        often = max(_unread(one), key=lambda pair: refusals[pair], default=None)
        return ("unread", often) if often is not None and refusals[often] > 1 else None

    return one_per_key(every, key)


def _unread(one: Cluster) -> list[Key]:
    """Who refuses a body with which status, and in what way the body cannot be read."""
    chosen, values = one.chosen, one.chosen.values
    if chosen.category != PARITY or chosen.kind != "status":
        return []
    if any(value[:1] == "5" for value in values.values()):
        return []
    ways = [
        frozenset(each.detail for each in finding.conditions if each.kind == "unreadable body")
        for finding in one.findings
    ]
    if not all(ways) or len(set(ways)) > 1:
        return []
    return [(*ways[0], name, value) for name, value in values.items() if value in _UNREAD]


def same_order(clusters: Iterable[Cluster]) -> Iterator[Cluster]:
    """Fold differences in the order of two checks, whatever part of the request is invalid."""
    first: dict[Key, Cluster] = {}
    for one in clusters:
        key = _order_of_checks(one)
        if key is not None and key in first:
            known = first[key]
            known.absorb(one)
            kept = (each for each in known.conditions if each.kind not in INVALID)
            if kinds_of(known.conditions) != kinds_of(one.conditions):
                known.conditions = (*kept, Condition("invalid"))
            continue
        if key is not None:
            first[key] = one
        yield one


def _order_of_checks(one: Cluster) -> Key | None:
    """Return what one side checks first, if the other reports invalid content."""
    chosen = one.chosen
    kinds = kinds_of(one.conditions)
    refused = chosen.kind == "status" and both_refuse(chosen)
    if chosen.category != PARITY or not refused or not kinds & INVALID:
        return None
    others = kinds - INVALID
    return ("order", others) if others else None


def same_first_check(clusters: Iterable[Cluster]) -> Iterator[Cluster]:
    """Fold what one side of an operation refuses for its content, and the other for its resource.

    Whether that is unknown or another user's, the one side looks at the content first.
    """
    return one_per_key(clusters, _first_check)


def _first_check(one: Cluster) -> Key | None:
    """Return the operation, and who refuses the content of a request before its resource."""
    chosen = one.chosen
    if chosen.category != PARITY or chosen.kind != "status" or len(one.operations) > 1:
        return None
    refusing = frozenset(n for n, value in chosen.values.items() if value in _INVALID_CONTENT)
    others = {value for name, value in chosen.values.items() if name not in refusing}
    about_thing = bool(kinds_of(one.conditions) & _WHICH) and bool(others) and others <= _OF_THINGS
    return (*one.operations, refusing) if refusing and about_thing else None
