"""Folds differences whose values show that they follow from another one of the same responses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl

from lockstep.explain.cluster import Cluster, Key, into, into_earlier, one_per_key, plainest_first
from lockstep.openapi.schema_lookup import parts_of
from lockstep.results.conditions import INVALID
from lockstep.results.exchange import Exchange
from lockstep.results.findings import PARITY, RACE
from lockstep.results.grounding import parsed
from lockstep.transport.json_bodies import json_of
from lockstep.transport.literals import show

_TOKEN = re.compile(r"\w+|\W")
_WORD = re.compile(r"[^\W\d]\w{2,}")
_UNAUTHORISED, _FORBIDDEN = "401", "403"
# Conditions of requests that say nothing of credentials, nor of whose resource it is.
_WHOEVER = INVALID | {"other user", "precondition", "parameter", "notable", "second time"}
# A member without a value, as text.
_CLEARED = frozenset({"null", "absent"})
# Parts of a text that are unequal: those of one side, those of the other.
Parts = tuple[str, str]


def same_list(clusters: Iterable[Cluster]) -> Iterator[Cluster]:
    """Fold members that have the same values in another order into the order of their list."""
    every = list(clusters)
    orders = [one for one in every if _is_plain(one, "order") and one.chosen.sequence]
    return into(every, orders, _is_moved)


def _is_moved(one: Cluster, order: Cluster) -> bool:
    if not _is_plain(one, "value", "type", "form", "time") or one.operations != order.operations:
        return False
    listed = f"{order.chosen.where.rstrip('/')}/*/"
    exchanges = [each.sequence[-1] for each in one.findings if each.sequence]
    inside = all(each.where.startswith(listed) for each in one.findings)
    return (
        inside
        and bool(exchanges)
        and all(
            _has_same_values(each.sequence[-1], each.where)
            for each in one.findings
            if each.sequence
        )
    )


def _has_same_values(exchange: Exchange, where: str) -> bool:
    """Whether all targets have the same values at a place of their lists, in any order."""
    parts = parts_of(where)
    found = [
        Counter(map(show, _values(parsed(outcome), parts)))
        for outcome in exchange.outcomes.values()
    ]
    return sum(found[0].values()) > 1 and all(each == found[0] for each in found)


def _values(node: Any, parts: Iterable[str]) -> list[Any]:
    nodes = [node]
    for part in parts:
        if part == "*":
            nodes = [element for each in nodes if isinstance(each, list) for element in each]
        else:
            nodes = [each[part] for each in nodes if isinstance(each, dict) and part in each]
    return nodes


def same_replacement(clusters: Iterable[Cluster]) -> list[Cluster]:
    """Fold texts of one response in which the same words stand for the same other ones.

    A name is returned in a header field and in a message, for example.
    """
    plain = sorted(clusters, key=lambda each: plainest_first(each.chosen))
    return into_earlier(plain, _has_same_words)


def _has_same_words(one: Cluster, known: Cluster) -> bool:
    if not (_is_plain(one, "value", "header") and _is_plain(known, "value", "header")):
        return False
    ours, theirs = (_unequal(each) for each in (one, known))
    if ours is None or ours != theirs or not all(map(_WORD.search, ours)):
        return False
    if not (_is_inside_text(one, ours) and _is_inside_text(known, ours)):
        # Two members may well change from `open` to `closed`, each for a reason of its own.
        return False
    pairs = ((one, known), (known, one))
    return all(each.chosen.sequence and _shows(each.chosen.sequence[-1], of) for each, of in pairs)


def _is_inside_text(one: Cluster, unequal: Parts) -> bool:
    """Whether there are words around the unequal parts of two texts."""
    values = zip(one.chosen.values.values(), unequal, strict=True)
    return all(_WORD.search(value.replace(part, "", 1)) for value, part in values)


def _shows(exchange: Exchange, one: Cluster) -> bool:
    places = {each.where for each in one.findings if each.operation == exchange.label}
    found = (each.where for several in exchange.differences.values() for each in several)
    return not places.isdisjoint(found)


def stated_bound(clusters: Iterable[Cluster]) -> Iterator[Cluster]:
    """Fold messages that state another number into what one side accepts at that number."""
    every = list(clusters)
    causes = [one for one in every if _is_plain(one, "status") and one.chosen.sequence]
    return into(every, causes, _states)


def _states(one: Cluster, cause: Cluster) -> bool:
    numbers = _unequal(one) if _is_plain(one, "value") else None
    if numbers is None or not all(map(str.isdecimal, numbers)):
        return False
    if one.operations.isdisjoint(cause.operations):
        return False
    subjects = {each.subject for each in (*cause.conditions, *cause.chosen.conditions)}
    if cause.chosen.cause is not None:
        subjects.add(cause.chosen.cause.subject)
    named = subjects & set(parts_of(one.chosen.where))
    sent = (_sent(cause.chosen.sequence[-1], name) for name in named)
    return any(value in numbers for values in sent for value in values)


def _sent(exchange: Exchange, name: str) -> Iterator[str]:
    """Yield the values, as numbers or by their lengths, that a request has for a name."""
    query = parse_qsl(exchange.request.path.partition("?")[2])
    body = json_of(exchange.request.body)
    members = body.items() if isinstance(body, dict) else ()
    for key, value in (*query, *members):
        if key == name and isinstance(value, str | int | list):
            yield str(len(value)) if not isinstance(value, int) else str(value)
            yield str(value)


def same_access(clusters: Iterable[Cluster]) -> Iterator[Cluster]:
    """Fold what one side lets in after a write, such as a log-out, with the same credentials.

    The cause is a read after that write, which succeeds there; the other side refuses them (401).
    """
    every = list(clusters)
    causes = [one for one in every if one.chosen.effect_of and _lets_in(one)]
    return into(every, causes, _is_let_in_too)


def _lets_in(one: Cluster) -> bool:
    letting = (value for value in one.chosen.values.values() if value != _UNAUTHORISED)
    return bool(_refusing(one)) and all(value.startswith("2") for value in letting)


def _refusing(one: Cluster) -> frozenset[str]:
    """The targets that alone refuse credentials."""
    values = one.chosen.values if _is_plain(one, "status") else {}
    refusing = frozenset(name for name, value in values.items() if value == _UNAUTHORISED)
    return refusing if len(refusing) < len(values) else frozenset()


def _is_let_in_too(one: Cluster, cause: Cluster) -> bool:
    if not one.chosen.sequence or _refusing(one) != _refusing(cause):
        return False
    *earlier, last = one.chosen.sequence
    writes = (each for each in earlier if each.label == cause.chosen.effect_of)
    return any(_credentials(each) == _credentials(last) for each in writes)


def _credentials(exchange: Exchange) -> tuple[str, ...]:
    """What identifies the user of a request, whatever the case of the scheme (RFC 9110, 11.1)."""
    request = next(iter(exchange.requests.values()), exchange.request)
    token = (request.header("authorization") or "").partition(" ")[2]
    return token, request.header("cookie") or ""


def same_permission(clusters: Iterable[Cluster]) -> Iterator[Cluster]:
    """Fold what one side answers to requests that the other side refuses with 403.

    What it says instead depends on the rest of the request, which it looks at.
    """

    def letting_in_first(one: Cluster) -> tuple[Any, ...]:
        values = one.chosen.values.values() if _is_plain(one, "status") else ()
        lets_in = any(value.startswith("2") for value in values)
        return one.chosen.reproduced is not True, not lets_in, plainest_first(one.chosen)

    return one_per_key(clusters, _permission, letting_in_first)


def _permission(one: Cluster) -> Key | None:
    """Return the operation, the users, and who refuses them, unless it is for the resource."""
    values = one.chosen.values if _is_plain(one, "status") else {}
    refusing = frozenset(name for name, value in values.items() if value == _FORBIDDEN)
    others = {value for name, value in values.items() if name not in refusing}
    every = (*one.conditions, *one.chosen.conditions)
    about_user = not others & {_UNAUTHORISED, _FORBIDDEN}
    if not refusing or not others or not about_user or len(one.operations) > 1:
        return None
    if not {each.kind for each in every} <= _WHOEVER:
        return None
    users = frozenset(each.subject for each in every if each.kind == "other user")
    return (*one.operations, users, refusing)


def same_total(clusters: Iterable[Cluster]) -> Iterator[Cluster]:
    """Fold the total of a list into its elements, if both depend on the same parameters."""
    every = list(clusters)
    causes = [one for one in every if _is_plain(one, "length", "elements") and _asked(one)]
    return into(every, causes, _is_total_of)


def _asked(one: Cluster) -> set[str]:
    """The parameters that a difference depends on; none if it depends on something else as well."""
    others = any(each.kind != "parameter" for each in one.conditions)
    return set() if others else {each.subject for each in one.conditions}


def _is_total_of(one: Cluster, cause: Cluster) -> bool:
    counted = one.chosen.category == PARITY and one.chosen.signature.how == "count"
    if not counted or not one.operations <= cause.operations:
        return False
    paths = (finding.sequence[-1].request.path for finding in one.findings if finding.sequence)
    queries = [dict(parse_qsl(path.partition("?")[2])) for path in paths]
    return bool(queries) and all(_asked(cause) <= query.keys() for query in queries)


def same_preflight(clusters: Iterable[Cluster]) -> Iterator[Cluster]:
    """Fold what preflight requests allow into what they are refused for."""
    every = list(clusters)
    causes = [one for one in every if _is_plain(one, "status") and _asks_first(one)]
    return into(every, causes, _is_allowed_by)


def _asks_first(one: Cluster) -> bool:
    return bool(one.findings) and all(
        any(each.kind == "preflight" for each in finding.conditions) for finding in one.findings
    )


def _is_allowed_by(one: Cluster, _cause: Cluster) -> bool:
    allowing = all(each.where.startswith("header access-control-") for each in one.findings)
    return one.chosen.category == PARITY and allowing and _asks_first(one)


def same_race(clusters: Iterable[Cluster]) -> Iterator[Cluster]:
    """Fold the races of an operation that a target loses: what is written is not locked there."""

    def key(one: Cluster) -> Key | None:
        chosen = one.chosen
        lost = chosen.category == RACE and chosen.where.startswith(f"{chosen.operation}: ")
        return ("race", chosen.operation, chosen.targets, chosen.kind) if lost else None

    return one_per_key(clusters, key)


def same_head(clusters: Iterable[Cluster]) -> Iterator[Cluster]:
    """Fold what HEAD shows into the same difference of GET (RFC 9110, section 9.3.2)."""
    every = list(clusters)
    causes = [one for one in every if _is_plain(one, "status") and one.chosen.sequence]
    return into(every, causes, _is_head_of)


def _is_head_of(one: Cluster, cause: Cluster) -> bool:
    if not _is_plain(one, "status") or one.chosen.values != cause.chosen.values:
        return False
    method, _, template = one.chosen.operation.partition(" ")
    request = cause.chosen.sequence[-1].request
    if method != "HEAD" or request.method != "GET":
        return False
    path = re.sub(r"\\{[^/]+?\\}", "[^/]+", re.escape(template))
    return re.fullmatch(path, request.path.partition("?")[0]) is not None


def same_clearing(clusters: Iterable[Cluster]) -> Iterator[Cluster]:
    """Fold members that one side sets to null, as a request asks, and the other does not."""
    return one_per_key(clusters, _clearing)


def _clearing(one: Cluster) -> Key | None:
    """Return who sets a member to null, by the method."""
    chosen = one.chosen
    if not chosen.sequence or not _is_plain(one, "value", "type", "form", "time", "missing"):
        return None
    request = chosen.sequence[-1].request
    body, parts = json_of(request.body), parts_of(chosen.where)
    asked = isinstance(body, dict) and bool(parts) and body.get(parts[-1], "") is None
    clearing = frozenset(name for name, value in chosen.values.items() if value in _CLEARED)
    return (request.method, clearing) if asked and clearing else None


def _is_plain(one: Cluster, *kinds: str) -> bool:
    return one.chosen.category == PARITY and one.chosen.kind in kinds


def _unequal(one: Cluster) -> Parts | None:
    """Return the parts in which two texts differ; `None` for more or fewer texts than two."""
    values = [*one.chosen.values.values()]
    if len(values) != 2 or "absent" in values:
        return None
    ours, theirs = (_TOKEN.findall(value) for value in values)
    while ours and theirs and ours[0] == theirs[0]:
        ours, theirs = ours[1:], theirs[1:]
    while ours and theirs and ours[-1] == theirs[-1]:
        ours, theirs = ours[:-1], theirs[:-1]
    return "".join(ours), "".join(theirs)
