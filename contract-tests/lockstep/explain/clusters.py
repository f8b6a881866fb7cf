"""Groups findings with the same cause, by conditions and how often these made no difference."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from lockstep.compare.server_headers import SERVER_HEADERS
from lockstep.explain.cluster import OF_THE_PAST, VAGUE, Cluster, Key, plainest_first
from lockstep.explain.consequences import same_race
from lockstep.explain.folding import folded
from lockstep.explain.leftovers import without_leftovers
from lockstep.explain.levels import METHODS, by_condition, common_conditions, conditions_of
from lockstep.explain.together import same_exchanges
from lockstep.results.conditions import Condition, Conditions, kinds_of
from lockstep.results.findings import COMPARED, CONFORMANCE, PARITY, Finding, Place
from lockstep.results.signatures import APPEARS, GOES
from lockstep.results.tried import Tried

# Conditions that may coincide with a refusal due to the state of resources.
_STATEFUL = OF_THE_PAST | {"notable"}
# What a request names, and what was done to that before.
_OF_THINGS = frozenset(
    {"unknown thing", "deleted thing", "another's thing", "oneself", "second time", "notable"}
)
_ABOUT_THINGS = frozenset({"403", "404", "410"})
# What is refused with these is so for what it would do, and not for who asks for it.
_CONFLICTS = ("400", "409", "422")
# Header fields that one part of a server sends.
_FAMILIES = (
    re.compile(r"header access-control-"),
    re.compile(r"header (x-)?rate-?limit"),
    re.compile(r"header (cache-control|pragma|expires)$"),
)
_OF_SERVERS = frozenset(f"header {name}" for name in SERVER_HEADERS)
_SORTS = re.compile(r"sort|order|direction|^(by|dir|desc|asc)$|_(by|dir)$", re.IGNORECASE)


def cluster(findings: Iterable[Finding], tried: Tried) -> list[Cluster]:
    """Group findings into clusters, in no order; `tried` counts requests that made no difference.

    Findings on status codes are grouped by the most general condition under which most requests
    differ, regardless of operation or member. Those on members, header fields and bodies are
    grouped regardless of the request. Findings of stories, traps and races stay separate, except
    races of one operation.
    """
    by_signature: dict[Key, list[Finding]] = defaultdict(list)
    alone = []
    findings = list(findings)
    missing = {route for finding in findings for route in _missing_routes(finding, tried)}
    for finding in findings:
        if finding.category in COMPARED or finding.category == CONFORMANCE:
            route = next((one for one in _not_found(finding) if one in missing), None)
            key = ("always", *route) if route is not None else _always(finding, tried)
            by_signature[key or _key(finding)].append(finding)
        else:
            alone.append(Cluster([finding]))
    clusters = [
        one
        for key, group in by_signature.items()
        for one in ([_refused(group)] if key[0] == "always" else _clusters(group, tried))
    ]
    every = [*same_race(alone), *folded(same_exchanges(clusters, tried))]
    return list(without_leftovers(every, tried))


def merged(one: Cluster) -> Finding:
    """Return the representative of a cluster, with the places of all its findings."""
    chosen = one.chosen
    chosen.also = one.also
    counts: Counter[tuple[str, str]] = Counter()
    for finding in (chosen, *one.findings):
        counts[finding.operation, finding.where] += 0 if finding is chosen else finding.count
    counts[chosen.operation, chosen.where] += chosen.count
    chosen.places = [Place(*place, count) for place, count in counts.items()]
    chosen.targets = tuple(dict.fromkeys(name for each in one.findings for name in each.targets))
    for other in one.findings:
        chosen.values = {**other.values, **chosen.values}
    if chosen.neighbour is None:
        chosen.conditions = one.conditions
    elif chosen.cause is not None and chosen.cause.kind == "parameter" and len(one.findings) > 1:
        chosen.conditions = _whatever_its_value(chosen.conditions, chosen.cause)
    return chosen


def _whatever_its_value(conditions: Conditions, cause: Condition) -> Conditions:
    """Return the conditions of a finding that shows for more than one value of a parameter."""
    kept = (one for one in conditions if (one.kind, one.subject) != ("notable", cause.subject))
    return (*kept, cause)


def _refused(group: list[Finding]) -> Cluster:
    """Return one cluster; a request that succeeds on the other side shows best what is refused."""
    taken = [one for one in group if any(value[:1] == "2" for value in one.values.values())]
    return Cluster(group, leading=min(taken, key=plainest_first) if taken else None)


def _missing_routes(finding: Finding, tried: Tried) -> Iterator[tuple[str, str]]:
    """Yield each target that never finds what another one answers at a path, and the path."""
    if not finding.sequence:
        return
    succeeded = any(value[:1] in ("2", "3") for value in finding.values.values())
    valid = kinds_of(finding.conditions) <= {"notable", "parameter"}
    if not (succeeded and valid) or finding.sequence[-1].request.method in METHODS:
        return
    for name, path in _not_found(finding):
        if tried.has_never_succeeded(finding.operation, name):
            yield name, path


def _not_found(finding: Finding) -> Iterator[tuple[str, str]]:
    """Yield each target that answers 404 in a finding on status codes, and the path."""
    if finding.kind != "status" or finding.category != PARITY or not finding.sequence:
        return
    path = finding.sequence[-1].request.path.partition("?")[0]
    yield from ((name, path) for name in finding.targets if finding.values.get(name) == "404")


def _always(finding: Finding, tried: Tried) -> Key | None:
    """Return a key for a target that refuses all requests to an operation with one status code.

    The requests must have had different conditions. If a framework handles a method, this is one
    fact for all operations.
    """
    if finding.kind != "status" or finding.category != PARITY:
        return None
    method = finding.sequence[-1].request.method if finding.sequence else ""
    if method not in METHODS and tried.ways(finding.operation) < 2:
        return None
    for name in finding.targets:
        only = tried.only_answer(finding.operation, name)
        if only and only == finding.values.get(name):
            return "always", name, only, method if method in METHODS else finding.operation
    return None


def _key(finding: Finding) -> Key:
    signature = finding.signature
    if finding.category == CONFORMANCE:
        return finding.category, finding.kind, finding.where
    if signature.kind == "list" and signature.how == "count":
        # Counting is implemented once for all lists of a server.
        return finding.category, signature.kind, finding.where
    if signature.kind == "list":
        return finding.category, signature.kind, signature.what
    if finding.where == "header content-type":
        # A framework labels responses and error messages in the same way.
        types = (value.partition(";")[0].lower() for value in finding.values.values())
        return finding.category, finding.where, *types
    family = next((each.pattern for each in _FAMILIES if each.match(finding.where)), None)
    if family is not None and signature.kind == "header":
        return finding.category, family, signature.how in (APPEARS, GOES)
    if finding.where in _OF_SERVERS:
        # HTTP servers differ in these by default.
        return finding.category, "headers of servers"
    if signature.kind == "value":
        return finding.category, signature.kind, signature.what, signature.how not in VAGUE
    return finding.category, signature


def _clusters(group: list[Finding], tried: Tried) -> list[Cluster]:
    kind = group[0].signature.kind
    if group[0].category == CONFORMANCE:
        return [Cluster(list(group))]
    if kind in ("status", "outcome"):
        return _absorbed(_whatever_the_thing(by_condition(group, tried), tried))
    if kind == "list":
        counted = group[0].signature.how == "count"
        return [Cluster(list(group))] if counted else _absorbed(_by_query(group, tried))
    if kind == "value" and group[0].signature.how not in VAGUE:
        hows = dict.fromkeys(one.signature.how for one in group)
        return [Cluster([one for one in group if one.signature.how == how]) for how in hows]
    # How such differences depend on the request is left to experiments.
    return [Cluster(list(group))]


def _whatever_the_thing(clusters: list[Cluster], tried: Tried) -> list[Cluster]:
    """Clusters in which those of one operation are one that never answers as the leader does.

    Whose thing it is, and whether it is still there, is then no cause, unless the leader says so.
    """
    first: dict[str, Cluster] = {}
    kept = []
    for one in clusters:
        kinds = frozenset[str]().union(*(kinds_of(each.conditions) for each in one.findings))
        leaders = {next(iter(each.values.values())) for each in one.findings}
        operation = next(iter(one.operations))
        never = not leaders & _ABOUT_THINGS
        never &= not any(tried.alike_at(operation, status) for status in leaders)
        if len(one.operations) > 1 or not kinds <= _OF_THINGS or not never:
            kept.append(one)
        elif operation in first:
            known = first[operation]
            known.absorb(one)
            known.conditions = common_conditions(known.findings)
        else:
            first[operation] = one
            kept.append(one)
    return kept


def _by_query(group: list[Finding], tried: Tried) -> list[Cluster]:
    """Group the differences of one list by query parameters.

    A list that differs occasionally without parameters, due to diverged states, does not explain a
    difference with a parameter. Its order is one fact, unless a parameter asks for an order.
    """
    groups: dict[Conditions, list[Finding]] = defaultdict(list)
    for finding in group:
        unasked = finding.signature.how == "order" and not _asks_for_order(finding)
        groups[() if unasked else finding.conditions].append(finding)
    clusters = [Cluster(several, _shared(several)) for several in groups.values()]
    for one in clusters:
        asked = sum(map(tried.plainly, one.operations))
        plain = sum(finding.count for finding in one.findings if not finding.conditions)
        one.seldom = not one.conditions and plain < asked / 2
    return clusters


def _shared(several: list[Finding]) -> Conditions:
    first, *others = several
    return tuple(
        one for one in first.conditions if all(one in other.conditions for other in others)
    )


def _asks_for_order(finding: Finding) -> bool:
    return any(_SORTS.search(one.subject) for one in finding.conditions)


def _absorbed(clusters: list[Cluster]) -> list[Cluster]:
    """Absorb clusters into those with more general conditions."""
    clusters.sort(key=lambda one: (len(one.conditions), -len(one.operations)))
    kept: list[Cluster] = []
    for one in clusters:
        wider = next((known for known in kept if _explains(known, one)), None)
        if wider is None:
            kept.append(one)
        else:
            wider.absorb(one)
    return kept


def _explains(known: Cluster, one: Cluster) -> bool:
    ours, theirs = set(known.conditions), {*one.conditions, *conditions_of(one.chosen)}
    if known.seldom:
        # Only a reproduced difference shows from an empty state, too.
        proved = known.chosen.reproduced is True and one.chosen.reproduced is not True
        return proved and known.chosen.signature == one.chosen.signature
    if not ours and not known.holds_for_all and not _is_of_state(one):
        return False
    everywhere = bool(ours) and (len(known.operations) > 1 or any(each.subject for each in ours))
    here = one.operations <= known.operations or everywhere
    general = {each for each in ours if not each.subject and not each.detail}
    if one.operations <= known.operations and kinds_of(known.conditions) < kinds_of(one.conditions):
        return True
    return here and (ours <= theirs or _general(general, theirs) == ours)


def _is_of_state(one: Cluster) -> bool:
    """Whether a request may well be refused for the state of things, whatever is said of it."""
    kinds, leader = kinds_of(one.conditions), next(iter(one.chosen.values.values()), "")
    if leader in _CONFLICTS:
        kinds -= {"another's thing"}
    return kinds <= _STATEFUL


def _general(general: set[Condition], theirs: set[Condition]) -> set[Condition]:
    """Return the conditions without a subject that have instances among the others."""
    kinds = {one.kind for one in theirs}
    return {one for one in general if one.kind in kinds}
