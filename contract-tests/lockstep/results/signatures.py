"""Signatures of differences: those with the same signature may have the same cause."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import unescape
from urllib.parse import unquote

from lockstep.matching.difference import Difference
from lockstep.matching.timestamps import both, read_instant
from lockstep.openapi.document import Document
from lockstep.openapi.naming import is_id, thing
from lockstep.openapi.operations import Operation
from lockstep.openapi.schema_lookup import parts_of, place_in, response_schema
from lockstep.results.counts import counts_elements, counts_list, is_total
from lockstep.results.exchange import Exchange
from lockstep.results.grounding import parsed
from lockstep.transport.literals import LISTED
from lockstep.transport.messages import Response, status_of

_SUCCESS = "success"
APPEARS, GOES = "absent → present", "present → absent"
# Prefixes of places in side effects: see `Difference`.
_EFFECTS = ("rows ", "calls ", "statements")
_HEADER_OF_CALL = re.compile(r"calls \S+ (?P<service>\w+://[^/ ]+)\S* header (?P<name>\S+)")
_OF_COLUMNS = frozenset({"cost", "untouched"})
_OF_CALLS = frozenset({"calls", "url", "missing", "extra"})
_LISTS = frozenset({"length", "elements"})
_SIGNS = {"missing": "-", "extra": "+"}
_MEMBERS = frozenset(_SIGNS)
# Header fields that are sets (RFC 9110, 10.2.1 and 12.5.5; RFC 9111, 5.2; Fetch, 3.2).
_SETS = re.compile(
    r"allow|vary|cache-control|accept-ranges|access-control-(allow|expose)-(methods|headers)"
)
_WORDY = re.compile(r"content-type|www-authenticate|x-.*-options|.*-policy|strict-transport.*")
# Header fields with the URL of a created resource, whose identifier is in the body, too.
_PLACES = ("header location", "header content-location")
# Header fields that some media types have, such as the name of a file.
_OF_MEDIA = ("header content-disposition", "header content-encoding", "header accept-ranges")
# Header fields that summarize a body.
_SUMMARIES = ("header etag", "header link", "header content-length", "header x-total-count")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_CODE = re.compile(r"[A-Za-z0-9_.:/-]{1,60}")
_DIGITS = re.compile(r"\d+")
_NAMED = re.compile(r"(.*)/\*/([^/]+)")


@dataclass(frozen=True, slots=True)
class Signature:
    """What differs: the difference's `kind`, `what` without indices, `how` the sides are related.

    `what` of a member is the name of the schema or resource, and of the member.
    """

    kind: str
    what: str
    how: str


@dataclass(frozen=True, slots=True)
class Observation:
    """Differences of one exchange that are one fact; the first one represents them all."""

    signature: Signature
    differences: tuple[Difference, ...]


class SignatureReader:
    """Computes the signatures of differences in exchanges of one document's operations."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def read(self, exchange: Exchange, differences: Sequence[Difference]) -> list[Observation]:
        """Group the differences of one partner from the leader into facts, most important first.

        Consequences in the same response are part of a fact: the count of a list that is longer,
        the entity tag of a body that differs.
        """
        operation = self._document.find(exchange.request.method, exchange.request.path)
        status = status_of(exchange.leader) or 0
        if status >= 400 and not _only_spelled(exchange, differences):
            return list(self._refusals(exchange, operation, differences))
        main, rest = _companions(differences)
        found: dict[Signature, list[Difference]] = {}
        for difference in main:
            sign = self._one(exchange, operation, difference)
            found.setdefault(sign, []).append(_as_a_whole(difference, differences))
        observations = [Observation(sign, tuple(several)) for sign, several in found.items()]
        if observations and rest:
            first = observations[0]
            observations[0] = Observation(first.signature, (*first.differences, *rest))
        return observations

    def _refusals(
        self, exchange: Exchange, operation: Operation | None, differences: Sequence[Difference]
    ) -> Iterator[Observation]:
        """Yield the error body as one fact, whatever differs in it, and each header field."""
        body = sorted((one for one in differences if _in_body(one)), key=_rank_in_error)
        media = [one for one in differences if _is_other_media(one)]
        if body and all(one.where != "body" for one in body):
            # Both were read alike: what a framework calls HTML is then a matter of its own.
            media = [one for one in media if not _is_text(one)]
        if media and body:
            how = f"{_media(media[0].left)} → {_media(media[0].right)}"
            yield Observation(Signature("error body", "media type", how), (*media, *body))
        elif body:
            yield Observation(_error_signature(body), tuple(body))
        for one in differences:
            summary = bool(body) and _is_summary(one)
            if not _in_body(one) and not (media and body and one in media) and not summary:
                yield Observation(self._one(exchange, operation, one), (one,))

    def _one(
        self, exchange: Exchange, operation: Operation | None, difference: Difference
    ) -> Signature:
        kind, where = difference.kind, difference.where
        left, right = difference.left, difference.right
        if kind in ("status", "outcome", "connection"):
            return Signature(kind, "", _statuses(left, right))
        if where.startswith(_EFFECTS):
            return _effect_signature(difference)
        if is_total(difference):
            return Signature("list", f"{exchange.label} {where}", "count")
        if not _in_body(difference):
            return Signature(kind, where, _header_change(where, left, right))
        listed = _listed(difference)
        if listed and self._is_value(exchange, operation, listed):
            # A list of scalars, such as tags, is a single value of its resource.
            what = self._member(exchange, operation, where)
            return Signature("value", what, _list_change(kind, left, right))
        if listed:
            # What is wrong with a request is collected in one place for all operations.
            whose = "errors" if (status_of(exchange.leader) or 0) >= 400 else exchange.label
            return Signature("list", f"{whose} {listed}", _list_change(kind, left, right))
        if kind == "value" and counts_elements(exchange, difference):
            return Signature("list", f"{exchange.label} {where}", "count")
        what = self._member(exchange, operation, _other_object(difference) or where)
        if kind == "symbol":
            return Signature(kind, what, "")
        if kind == "token" and "absent" in (left, right):
            # Which claims a token holds is decided in one place.
            return Signature(kind, what.rpartition(" ")[0], "claims")
        if kind in _MEMBERS and "null" in (left, right):
            return Signature(
                "member", "", "null → absent" if kind == "missing" else "absent → null"
            )
        if kind in _MEMBERS:
            return Signature("member", what, APPEARS if kind == "extra" else GOES)
        if kind in ("order", "bytes", "repeated", "metrics"):
            return Signature(kind, "" if kind != "metrics" else what, "")
        if kind == "form":
            return Signature(kind, "" if _instants(left, right) else what, relation(left, right))
        return Signature(kind, what, relation(left, right))

    def _is_value(self, exchange: Exchange, operation: Operation | None, where: str) -> bool:
        """Whether a list of scalars is a value of one resource, rather than a collection."""
        answer = exchange.leader
        if "/*/" in where or operation is None or not isinstance(answer, Response):
            return "/*/" in where
        schema = response_schema(operation, answer.status, answer.media_type)
        items = place_in(self._document, schema, (*parts_of(where), "*")).types
        return bool(items) and not {"object", "array", "null"} & set(items) and where != "body"

    def _member(self, exchange: Exchange, operation: Operation | None, where: str) -> str:
        """Return `task.title` by the schema of the object around a place, else by the path."""
        plain, _, part = where.partition(" ")[2].partition(" ")
        parts = parts_of(f"body {plain}")
        answer = exchange.leader
        *outer, member = [name for name in parts if name != "*"] or [""]
        families = self._document.families
        about = families.about(operation.path) if operation is not None else ""
        if operation is not None and isinstance(answer, Response):
            schema = response_schema(operation, answer.status, answer.media_type)
            place = place_in(self._document, schema, parts)
            if place.owner_name:
                about, outer = families.of(thing(place.owner_name)), []
        for name in outer:
            about = families.inside(name, about)
        return f"{about or exchange.label}.{member or 'body'} {part}".strip()


def _effect_signature(difference: Difference) -> Signature:
    """Return the table, column or part of a call, and the kind of difference.

    Of values, only whether one is null matters.
    """
    kind, where = difference.kind, difference.where
    is_call = where.startswith("calls ")
    column = kind not in _OF_CALLS if is_call else "." in where and kind not in _OF_COLUMNS
    how = "null" if "null" in (difference.left, difference.right) else ""
    header = _HEADER_OF_CALL.fullmatch(where)
    if header:
        # The client library adds it to all calls to a service.
        where = f"calls {header['service']} header {header['name']}"
    return Signature("effect", f"{'value' if column else kind} {where}", how)


def _statuses(left: str, right: str) -> str:
    """Return both status codes; if only one side succeeds, its exact code is dropped."""
    if left.startswith("2") != right.startswith("2"):
        left, right = (_SUCCESS if text.startswith("2") else text for text in (left, right))
    return f"{left} → {right}"


def relation(left: str, right: str) -> str:
    """Return how two different values, given as JSON text, are related."""
    a, b = _parsed(left), _parsed(right)
    if None in (a, b):
        return "null"
    if _NUMBER.fullmatch(left) and _NUMBER.fullmatch(right):
        return "form of a number" if float(left) == float(right) else "number"
    if not (isinstance(a, str) and isinstance(b, str)):
        return f"{type(a).__name__} → {type(b).__name__}" if type(a) is not type(b) else "other"
    instants = both(read_instant, a, b)
    if instants is not None:
        ours, theirs = instants
        return "time" if ours.form == theirs.form else f"{ours.form} → {theirs.form}"
    return next((name for name, same in _RELATIONS if same(a, b)), "other")


_RELATIONS = (
    ("empty", lambda a, b: not a or not b),
    ("case", lambda a, b: a.lower() == b.lower()),
    ("white space", lambda a, b: a.split() == b.split()),
    (
        "normalisation",
        lambda a, b: unicodedata.normalize("NFC", a) == unicodedata.normalize("NFC", b),
    ),
    ("escaped", lambda a, b: unescape(a) == unescape(b)),
    ("cut", lambda a, b: a.startswith(b) or b.startswith(a)),
)


def _companions(
    differences: Sequence[Difference],
) -> tuple[list[Difference], list[Difference]]:
    """Split differences into independent ones and consequences in the same response."""
    # A list in another order has as many elements as before.
    listed = any(_listed(one) and one.kind != "order" for one in differences)
    # Which pages there are depends on the total, too.
    paged = any(map(is_total, differences))
    body = any(_in_body(one) for one in differences)
    typed = any(one.where == "header content-type" for one in differences)
    other_media = any(map(_is_other_media, differences))
    others = set(filter(None, map(_other_object, differences)))
    replayed = any(one.kind == "symbol" and _in_body(one) for one in differences)
    main: list[Difference] = []
    rest: list[Difference] = []
    for one in differences:
        counts = listed and one.kind in ("value", "type") and counts_list(one.where)
        summary = (body and _is_summary(one)) or (paged and one.where == "header link")
        named = one.where in _PLACES and any(_names(other, one) for other in differences)
        inside = one.kind != "symbol" and any(one.where.startswith(f"{at}/") for at in others)
        inside |= other_media and one.where in _OF_MEDIA
        # What is replayed has the identifier of before, and a header field may say so.
        inside |= replayed and "idempoten" in one.where
        follows = counts or summary or named or inside or (typed and one.kind == "bytes")
        (rest if follows else main).append(one)
    return (main, rest) if main else (list(differences), [])


def _only_spelled(exchange: Exchange, differences: Sequence[Difference]) -> bool:
    """Whether JSON bodies are equal except for their bytes: those of successes may be so, too."""
    body = [one for one in differences if _in_body(one)]
    media = [one for one in differences if one.where == "header content-type"]
    return (
        bool(body)
        and all(one.kind in ("bytes", "order") for one in body)
        and all(_media(one.left) == _media(one.right) for one in media)
        and parsed(exchange.leader) is not None
    )


def _is_summary(difference: Difference) -> bool:
    """Whether a header field depends on the body; only `Link` may be absent because of it."""
    absent = "absent" in (difference.left, difference.right)
    return difference.where in _SUMMARIES and (not absent or difference.where == "header link")


def _names(other: Difference, place: Difference) -> bool:
    """Whether both URLs end in a value that the body has as well, such as the slug."""
    pairs = (other.left, place.left), (other.right, place.right)
    return _in_body(other) and all(
        text.strip('"') == unquote(url).partition("?")[0].rstrip("/").rpartition("/")[2]
        for text, url in pairs
    )


def _other_object(difference: Difference) -> str:
    """Return the place of an object that is a different entity; empty for other differences."""
    where = difference.where
    if difference.kind != "symbol" or _listed(difference):
        return ""
    outer, _, name = where.rpartition("/")
    return outer if is_id(name) and outer not in ("body ", "") else where


def _as_a_whole(difference: Difference, all_of_them: Sequence[Difference]) -> Difference:
    """Return the difference for the whole object if more than its id differs."""
    at = _other_object(difference)
    inside = sum(one.where.startswith(f"{at}/") for one in all_of_them)
    # Payloads to other services have no identity: the member tells more.
    whole = at and inside > 1 and not at.endswith(" body ")
    return replace(difference, where=at) if whole else difference


def _error_signature(body: Sequence[Difference]) -> Signature:
    """Return the signature by the best evidence, which is first of the sorted differences."""
    top = {_SIGNS[one.kind] + _pointer(one) for one in body if _is_top_member(one)}
    if top:
        return Signature("error body", "members", " ".join(sorted(top)))
    first = body[0]
    how = relation(first.left, first.right)
    if first.kind == "value":
        pair = [text.strip('"') for text in (first.left, first.right)]
        coded = all(_CODE.fullmatch(text) for text in pair)
        how = f"{pair[0]} → {pair[1]}" if coded else "text"
    return Signature("error body", first.where, f"{first.kind} {how}")


def _rank_in_error(difference: Difference) -> tuple[bool, int, str]:
    """Sort by the best evidence: one-sided members, outer ones first, types, codes, then prose."""
    kind = _ERROR_KINDS.get(difference.kind, 9)
    return not _is_top_member(difference), kind, difference.where


def _is_top_member(difference: Difference) -> bool:
    return difference.kind in _MEMBERS and _pointer(difference).count("/") <= 1


_ERROR_KINDS = {"missing": 0, "extra": 0, "type": 1, "length": 2, "elements": 2, "value": 3}


def _header_change(where: str, left: str, right: str) -> str:
    if "absent" in (left, right):
        return APPEARS if left == "absent" else GOES
    name = where.removeprefix("header ")
    if _SETS.fullmatch(name):
        ours, theirs = (set(re.split(r"\s*,\s*", text.lower())) for text in (left, right))
        return f"-{sorted(ours - theirs)} +{sorted(theirs - ours)}"
    if _WORDY.fullmatch(name):
        return f"{_DIGITS.sub('#', left)} → {_DIGITS.sub('#', right)}"
    return relation(json.dumps(left), json.dumps(right))


def _list_change(kind: str, left: str, right: str) -> str:
    if kind != "length":
        return kind
    ours, theirs = (int(match[0]) if (match := _DIGITS.match(t)) else 0 for t in (left, right))
    return "more" if theirs > ours else "fewer"


def _listed(difference: Difference) -> str:
    """Return the place of a list with different or reordered elements; else an empty string."""
    kind, where = difference.kind, difference.where
    if kind in _LISTS or (kind == "order" and LISTED.match(difference.left)):
        return where
    named = _NAMED.fullmatch(where) if kind == "symbol" else None
    return named[1] if named is not None and is_id(named[2]) else ""


def _instants(left: str, right: str) -> bool:
    a, b = _parsed(left), _parsed(right)
    return isinstance(a, str) and isinstance(b, str) and both(read_instant, a, b) is not None


def _parsed(text: str) -> object:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value


def _is_other_media(difference: Difference) -> bool:
    """Whether a body is of another media type, and not of another charset alone."""
    if difference.where != "header content-type":
        return False
    return _media(difference.left) != _media(difference.right)


def _in_body(difference: Difference) -> bool:
    return difference.where.startswith("body")


def _pointer(difference: Difference) -> str:
    return difference.where.partition(" ")[2]


def _is_text(difference: Difference) -> bool:
    return bool({"text/html", "text/plain"} & {_media(difference.left), _media(difference.right)})


def _media(value: str) -> str:
    return value.partition(";")[0].strip().lower()
