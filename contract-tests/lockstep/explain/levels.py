"""Groups findings on status codes by the conditions of their requests, the most general first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace

from lockstep.explain.cluster import OF_THE_PAST, Cluster, Key, both_refuse
from lockstep.results.conditions import INVALID, Condition, Conditions, kinds_of
from lockstep.results.findings import Finding
from lockstep.results.tried import Tried

# Minimum share of differing requests for a condition to be a cause.
_SHARE = 0.7
_FRAMING = frozenset({"media type", "unreadable body"})
# Frameworks answer these themselves, if they are not documented.
METHODS = frozenset({"HEAD", "OPTIONS"})


def by_condition(group: list[Finding], tried: Tried) -> list[Cluster]:
    """Group by the most general condition that explains most of its requests."""
    leaders = {next(iter(finding.values.values())) for finding in group}
    left = list(group)
    found: list[Cluster] = []
    for level in _LEVELS:
        groups: dict[Key, list[Finding]] = defaultdict(list)
        for finding in left:
            key = level.key(finding)
            if key is not None:
                groups[key].append(finding)
        for key, several in groups.items():
            alike = sum(level.alike(several, tried, status) for status in leaders)
            differ = sum(one.count for one in several)
            if len(several) > 1 and differ >= _SHARE * (differ + alike):
                found.append(Cluster(several, level.conditions(key, several)))
                left = [one for one in left if one not in several]
    return [*found, *(Cluster([one], one.conditions) for one in left)]


def conditions_of(finding: Finding) -> Conditions:
    """Return the conditions, with resources treated as unknown that are gone for the leader.

    The same applies if the leader has created them anew.
    """
    leader = next(iter(finding.values.values()), "")
    if leader not in ("201", "404", "410") or "deleted thing" not in kinds_of(finding.conditions):
        return finding.conditions
    kept = (one for one in finding.conditions if one.kind != "second time")
    return tuple(
        replace(one, kind="unknown thing") if one.kind == "deleted thing" else one for one in kept
    )


def common_conditions(several: list[Finding]) -> Conditions:
    """Return the conditions that findings share, without subjects if only kinds are shared.

    If all have some invalid content, each of another kind, the result says just that.
    """
    first, *others = every = [conditions_of(finding) for finding in several]
    kinds = list(map(kinds_of, every))
    shared = frozenset.intersection(*kinds)
    found = []
    for condition in first:
        if all(condition in other for other in others):
            found.append(condition)
            continue
        if condition.kind == "notable" or condition.kind not in shared:
            # The request is valid, so the value does not matter.
            continue
        details = {
            one.detail for each in several for one in each.conditions if one.kind == condition.kind
        }
        detail = details.pop() if len(details) == 1 else ""
        general = Condition(condition.kind, "", detail)
        if general not in found:
            found.append(general)
    if all(each & INVALID for each in kinds) and not kinds_of(tuple(found)) & INVALID:
        found.append(Condition("invalid"))
    return tuple(found)


def _shared(_key: Key, several: list[Finding]) -> Conditions:
    return common_conditions(several)


@dataclass(frozen=True, slots=True)
class _Level:
    """A way to group: by a key, `None` if it does not apply, and the number of equal responses."""

    key: Callable[[Finding], Key | None]
    alike: Callable[[list[Finding], Tried, str], int]
    # The conditions that the findings of a key share.
    conditions: Callable[[Key, list[Finding]], Conditions] = _shared


def _any_refusal_key(finding: Finding) -> Key | None:
    """Both refuse, with status codes that correspond everywhere."""
    return () if both_refuse(finding) else None


def _refused_key(finding: Finding) -> Key | None:
    """Both refuse a request for its content, with different status codes."""
    kinds = kinds_of(finding.conditions)
    return () if both_refuse(finding) and kinds and kinds <= INVALID else None


def _alike_refused(_several: list[Finding], tried: Tried, status: str) -> int:
    return tried.alike_within(status, INVALID)


def _kinds_key(finding: Finding) -> Key | None:
    # The response to a valid request is specific to each operation.
    if not finding.conditions or kinds_of(finding.conditions) == {"notable"}:
        return None
    return kinds_of(conditions_of(finding)), _method(finding)


def _method(finding: Finding) -> str:
    """Return HEAD or OPTIONS if undocumented; frameworks answer these themselves."""
    named = {one.subject for one in finding.conditions if one.kind == "undocumented method"}
    return next(iter(named & METHODS), "")


def _alike_of_kinds(several: list[Finding], tried: Tried, status: str) -> int:
    if _method(several[0]):
        every = {one.conditions for one in several}
        return sum(tried.alike(status, conditions=conditions) for conditions in every)
    every_kind = {kinds_of(one.conditions) for one in several}
    return sum(tried.alike(status, kinds=kinds) for kinds in every_kind)


def _conditions_key(finding: Finding) -> Key | None:
    return (finding.conditions,) if finding.conditions else None


def _framing_key(finding: Finding) -> Key | None:
    """Parsing of bodies is a decision of the framework, even if not all operations read one."""
    kinds = kinds_of(finding.conditions)
    return (finding.conditions,) if kinds and kinds <= _FRAMING else None


def _operation_key(finding: Finding) -> Key:
    return finding.operation, kinds_of(finding.conditions)


def _operation_notable_key(finding: Finding) -> Key | None:
    """The response to a valid request, whatever its values."""
    plain = kinds_of(finding.conditions) <= {"notable"}
    return (finding.operation,) if plain else None


def _notable_member_key(finding: Finding) -> Key | None:
    """What is unusual about one member, in whichever way."""
    subjects = {one.subject for one in finding.conditions}
    notable = kinds_of(finding.conditions) == {"notable"}
    return (*subjects, "") if notable and len(subjects) == 1 else None


def _nothing_in_member_key(finding: Finding) -> Key | None:
    """A member that holds nothing, or only white space."""
    key = _notable_member_key(finding)
    nothing = {one.detail for one in finding.conditions} <= {"empty", "blank"}
    return (*key[:-1], "blank") if key is not None and nothing else None


def _alike_of_member(several: list[Finding], tried: Tried, status: str) -> int:
    subject = next(one.subject for one in several[0].conditions)
    return tried.alike_notable(status, subject)


def _alike_of_nothing(several: list[Finding], tried: Tried, status: str) -> int:
    subject = next(one.subject for one in several[0].conditions)
    return tried.alike_notable(status, subject, {"empty", "blank"})


def _notable_of_key(key: Key, _several: list[Finding]) -> Conditions:
    subject, detail = key
    return (Condition("notable", str(subject), str(detail)),)


def _alike_of_valid(several: list[Finding], tried: Tried, status: str) -> int:
    operation = several[0].operation
    return sum(
        tried.alike(status, kinds=kinds, operation=operation)
        for kinds in (frozenset[str](), frozenset({"notable"}))
    )


def _state_key(finding: Finding) -> Key | None:
    """What was sent before has led to a state: that it was the same, or a name, is no cause."""
    kinds = kinds_of(finding.conditions)
    return (finding.operation,) if kinds and kinds <= OF_THE_PAST else None


_LEVELS = (
    _Level(_any_refusal_key, lambda _, tried, status: tried.alike_within(status)),
    _Level(_refused_key, _alike_refused),
    _Level(_kinds_key, _alike_of_kinds),
    _Level(
        _conditions_key,
        lambda several, tried, status: tried.alike(status, conditions=several[0].conditions),
    ),
    _Level(_framing_key, lambda *_: 0),
    _Level(_operation_notable_key, _alike_of_valid),
    _Level(_notable_member_key, _alike_of_member, _notable_of_key),
    _Level(_nothing_in_member_key, _alike_of_nothing, _notable_of_key),
    _Level(
        _operation_key,
        lambda several, tried, status: tried.alike(
            status, kinds=kinds_of(several[0].conditions), operation=several[0].operation
        ),
    ),
    _Level(_state_key, lambda *_: 0),
)
