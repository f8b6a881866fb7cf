"""Folds clusters that experiments, or constant co-occurrence, show to be one fact."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from lockstep.explain.amounts import same_amount
from lockstep.explain.cluster import (
    VAGUE,
    Cluster,
    Key,
    into,
    one_per_key,
    plainest_first,
)
from lockstep.explain.consequences import (
    same_access,
    same_clearing,
    same_head,
    same_list,
    same_permission,
    same_preflight,
    same_replacement,
    same_total,
    stated_bound,
)
from lockstep.explain.content_checks import (
    same_failure,
    same_first_check,
    same_order,
    same_reading,
)
from lockstep.explain.severity import leaks
from lockstep.matching.timestamps import read_instant
from lockstep.openapi.naming import thing
from lockstep.results.conditions import INVALID, kinds_of
from lockstep.results.exchange import last_repetition
from lockstep.results.findings import PARITY, Finding
from lockstep.results.signatures import APPEARS, GOES

# Maximum share of a value's occurrences for a format to be treated as a variant of it.
_SELDOM = 0.2
# Minimum number of places that always differ together to be one fact.
_FEWEST_TOGETHER = 3
# Conditions due to which a request is refused whatever its content.
_CREDENTIALS = frozenset({"no credentials", "bad credentials"})
_WHO = _CREDENTIALS | {"another's thing"}
_CHECKED = _WHO | INVALID
_WHITE_SPACE = "white space"
# How a value stands out to which something is done that white space around texts has to do with.
_BLANKS = frozenset({"blank", "outer white space"})
# How a text stands out that all members of a server have to do with.
_OF_ALL_TEXTS = frozenset({"non-ASCII", "not normalised", "control character", "NUL"})
_INVALID_CONTENT = frozenset({"400", "413", "422"})
_QUARTER = 900
# What stands for nothing, as JSON.
_NOTHING = frozenset({"null", '""'})
# Which part of a list is asked for.
_PAGING = re.compile(
    r"page|offset|cursor|after|before|skip|start|limit|size|count|first|last|top|max", re.IGNORECASE
)
_APPEARING = frozenset({"member", "header", "cookie"})


def folded(clusters: list[Cluster]) -> Iterator[Cluster]:
    """Fold clusters that are one fact."""
    one_order = same_first_check(same_order(same_reading(same_failure(clusters))))
    one_gap = _same_paging(_same_pages(list(_same_gap(list(_same_credentials(one_order))))))
    folded = _same_effect(_same_cause(_same_names(_same_default(_same_value(one_gap)))))
    consequences = same_total(same_list(stated_bound(same_replacement(same_amount(folded)))))
    of_users = same_preflight(same_permission(same_access(same_head(consequences))))
    return _same_places(_same_treatment(same_clearing(of_users)))


def _same_credentials(clusters: Iterable[Cluster]) -> Iterator[Cluster]:
    """Fold what is answered to no credentials into the same for bad ones: none are looked at."""
    return one_per_key(clusters, _credentials)


def _credentials(one: Cluster) -> Key | None:
    """Return the operations, what the credentials are sent in, and the status codes."""
    chosen = one.chosen
    only = bool(one.conditions) and all(each.kind in _CREDENTIALS for each in one.conditions)
    if chosen.category != PARITY or chosen.kind != "status" or not only:
        return None
    subjects = frozenset(each.subject for each in one.conditions)
    return frozenset(one.operations), subjects, tuple(sorted(chosen.values.items()))


def _same_gap(clusters: list[Cluster]) -> Iterator[Cluster]:
    """Fold the consequences of a check that one side lacks, of the user or of the content.

    The missing check shows where a request succeeds; checks after it are no facts of their own.
    """
    gaps = [one for one in clusters if _lets_in(one)]
    return into(clusters, gaps, _is_behind)


def _lets_in(one: Cluster) -> bool:
    """Whether one side accepts a request that the other refuses for its user or its content."""
    chosen = one.chosen
    if chosen.category != PARITY or chosen.kind != "status":
        return False
    answers = [value[:1] for value in chosen.values.values()]
    return bool(kinds_of(one.conditions) & _CHECKED) and sorted(answers) == ["2", "4"]


def _is_behind(one: Cluster, gap: Cluster) -> bool:
    """Whether only the response of the side without the check is another one."""
    ours, theirs = one.chosen, gap.chosen
    if (
        ours.category != PARITY
        or ours.kind != "status"
        or ours.values.keys() != theirs.values.keys()
    ):
        return False
    same = all(ours.values[name] == v for name, v in theirs.values.items() if v[:1] == "4")
    who = kinds_of(gap.conditions) & _WHO
    if not who:
        # What is valid for the one side may be refused by it for another reason: a name is taken.
        ours_too = (set(gap.conditions) <= set(finding.conditions) for finding in one.findings)
        return same and one.operations <= gap.operations and all(ours_too)
    every = [kinds_of(finding.conditions) for finding in one.findings]
    # What several operations lack is checked in one place for all of them.
    everywhere = len(gap.operations) > 1 and "another's thing" not in who
    here = everywhere or one.operations <= gap.operations
    return same and here and all(who <= kinds for kinds in every)


def _same_pages(clusters: list[Cluster]) -> Iterator[Cluster]:
    """Fold the pages of a list in another order into its order: they show other elements."""
    orders = [one for one in clusters if one.chosen.signature.how == "order"]
    return into(clusters, orders, _is_page_of)


def _same_paging(clusters: Iterable[Cluster]) -> Iterator[Cluster]:
    """Fold lists that have more elements, or fewer, where the same part is asked for.

    Servers take a part of a list in one place for all lists.
    """
    return one_per_key(clusters, _paging)


def _paging(one: Cluster) -> Key | None:
    """Return the parameters for a part of a list, and whether it has more elements or fewer."""
    chosen = one.chosen
    paged = bool(one.conditions) and all(
        each.kind == "parameter" and _PAGING.search(each.subject) for each in one.conditions
    )
    counted = chosen.category == PARITY and chosen.kind == "length"
    return (frozenset(one.conditions), chosen.signature.how) if paged and counted else None


def _is_page_of(one: Cluster, order: Cluster) -> bool:
    return order.operations == one.operations and _is_other_page(one)


def _is_other_page(one: Cluster) -> bool:
    """Whether a part of a list has as many other elements."""
    chosen = one.chosen
    counts = {text.partition(" ")[0] for text in chosen.values.values()}
    paged = bool(one.conditions) and all(
        each.kind == "parameter" and _PAGING.search(each.subject) for each in one.conditions
    )
    listed = chosen.category == PARITY and chosen.signature.kind == "list"
    return listed and chosen.signature.how not in ("order", "count") and paged and len(counts) == 1


def _same_value(clusters: Iterable[Cluster]) -> Iterator[Cluster]:
    """Fold different formats of a member into the difference in its value."""
    every = list(clusters)
    others = {
        one.chosen.signature.what: one
        for one in every
        if one.chosen.signature.kind == "value" and one.chosen.signature.how in VAGUE
    }
    for one in every:
        signature = one.chosen.signature
        known = others.get(signature.what) if signature.kind == "value" else None
        seldom = known is not None and _SELDOM * known.count >= one.count
        if known is None or known is one or not (seldom and one.operations <= known.operations):
            yield one
        else:
            known.absorb(one)


def _same_default(clusters: Iterable[Cluster]) -> Iterator[Cluster]:
    """What stands for nothing in a member is one decision for all that is shown of a thing.

    A user's picture that was never set is the same in a profile, and in an author.
    """
    return one_per_key(clusters, _default)


def _default(one: Cluster) -> Key | None:
    """The member that one side leaves empty or null, and what both sides have there."""
    chosen, values = one.chosen, one.chosen.values.values()
    plain = chosen.category == PARITY and chosen.signature.kind in ("value", "type")
    if not plain or not _NOTHING.intersection(values) or chosen.cause is not None:
        return None
    member = chosen.signature.what.rpartition(".")[2]
    return member, frozenset(chosen.values.items())


def _same_names(clusters: Iterable[Cluster]) -> Iterator[Cluster]:
    """Fold lists that show a duplicate id into the finding on the creation of such resources."""
    every = list(clusters)
    makers = {
        one.chosen.signature.what.partition(".")[0]: one
        for one in every
        if one.chosen.signature.kind == "symbol" and one.chosen.where.endswith("/id")
    }
    for one in every:
        signature = one.chosen.signature
        listed = signature.kind == "list" and signature.how == "symbol"
        known = makers.get(thing(signature.what.rpartition("/")[2])) if listed else None
        if known is None:
            yield one
        else:
            known.absorb(one)


def _same_cause(clusters: Iterable[Cluster]) -> Iterator[Cluster]:
    """Fold findings with the same proved cause."""
    return one_per_key(clusters, _cause)


def _cause(one: Cluster) -> Key | None:
    cause = one.chosen.cause
    if cause is None:
        return None
    # Parameters may cause several differences; only the same difference has the same cause.
    return cause, one.chosen.signature if cause.kind == "parameter" else None


def _same_treatment(clusters: Iterable[Cluster]) -> Iterator[Cluster]:
    """What a server does to all texts, or to all times, is one fact, whatever the members."""
    return one_per_key(clusters, _treatment, _telling)


def _telling(one: Cluster) -> tuple[bool, bool, tuple[bool | int, ...]]:
    """Return a sort key: reproduced findings first, then those that show in texts themselves."""
    chosen = one.chosen
    is_text = chosen.signature.how == _WHITE_SPACE
    return chosen.reproduced is not True, not is_text, plainest_first(chosen)


def _treatment(one: Cluster) -> Key | None:
    """Return what a server does to texts or times, as shown by the difference and the request."""
    chosen = one.chosen
    if chosen.category != PARITY:
        return None
    if chosen.kind == "time":
        shift = _shift(chosen.values)
        return ("time", shift) if shift else None
    findings = [chosen] if chosen.cause is not None else one.findings
    details = {_notable(finding) for finding in findings}
    if chosen.signature.how == _WHITE_SPACE or (details and details <= _BLANKS):
        return (_WHITE_SPACE,)
    if chosen.kind != "status" or len(details) > 1 or not details <= _OF_ALL_TEXTS:
        return None
    refused = ((name, value) for name, value in chosen.values.items() if value in _INVALID_CONTENT)
    return ("text", *details, frozenset(refused))


def _notable(finding: Finding) -> str:
    """How the one value stands out that a finding is about; empty if it is not about one."""
    conditions = (finding.cause,) if finding.cause is not None else finding.conditions
    details = {one.detail for one in conditions if one.kind == "notable"}
    return details.pop() if len(details) == 1 and len(kinds_of(conditions)) == 1 else ""


def _shift(values: Mapping[str, str]) -> int:
    """How far times of two targets are apart, in quarters of an hour, the steps of time zones."""
    left, *others = (read_instant(value.strip('"')) for value in values.values())
    if left is None or len(others) != 1 or others[0] is None:
        return 0
    return round((others[0].seconds - left.seconds) / _QUARTER)


def _same_effect(clusters: Iterable[Cluster]) -> Iterator[Cluster]:
    """Fold findings in several reads that only show after the same write, or its repetition."""
    return one_per_key(clusters, _effect)


def _effect(one: Cluster) -> Key | None:
    effect = one.chosen.effect_of
    return (effect, last_repetition(one.chosen.sequence) is not None) if effect else None


def _same_places(clusters: Iterable[Cluster]) -> Iterator[Cluster]:
    """Fold members, header fields or cookies that are always missing together."""
    groups: dict[Key, list[Cluster]] = defaultdict(list)
    for one in clusters:
        key = _appearing(one)
        if key is None:
            yield one
        else:
            groups[key].append(one)
    for several in groups.values():
        if len(several) < _FEWEST_TOGETHER:
            yield from several
            continue
        first, *others = sorted(several, key=lambda each: plainest_first(each.chosen))
        first.also = tuple(each.chosen.where for each in others)
        for other in others:
            first.absorb(other)
        yield first


def _appearing(one: Cluster) -> Key | None:
    """Return kind, direction and counts of a one-sided item; `None` for more severe findings."""
    chosen = one.chosen
    signature = chosen.signature
    plain = signature.kind in _APPEARING and signature.how in (APPEARS, GOES)
    if chosen.category != PARITY or not plain or leaks(chosen, None) or chosen.cause is not None:
        return None
    counts: Counter[str] = Counter()
    for finding in one.findings:
        counts[finding.operation] += finding.count
    return signature.kind, signature.how, frozenset(counts.items())
