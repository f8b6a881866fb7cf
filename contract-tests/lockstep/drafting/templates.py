"""Infers path templates from recorded paths: `/tasks/12` and `/tasks/13` are `/tasks/{taskId}`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from lockstep.drafting.evidence import Evidence
from lockstep.drafting.forms import name_form, prefix_of
from lockstep.drafting.names import (
    camel,
    is_parameter,
    literals,
    names_many,
    singular_words,
    unique,
    words_of,
)
from lockstep.drafting.sample import UNREADABLE, Sample
from lockstep.openapi.naming import is_id

Template = tuple[str, ...]
Group = Mapping[str, list[Sample]]
# Segments that are literal even beside identifiers.
_LITERAL = frozenset(
    re.findall(
        r"\S+",
        """
        me self current mine my own default search find query filter new create add edit update
        login log-in signin sign-in logout log-out signout sign-out register signup sign-up session
        password reset forgot verify confirm refresh token tokens auth oauth callback count counts
        stats statistics summary total totals export import upload uploads download bulk batch all
        latest recent next previous first last random health healthz ready readyz live ping status
        version metrics info config settings preferences profile account batch-delete bulk-delete
        suggest suggestions autocomplete validate preview publish archive archived trash
        """,
    )
)
_VERSION = re.compile(r"v\d+(?:[._-]\w+)*", re.IGNORECASE)
_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.-]*)\}")
_SLUG = re.compile(r"\w+(?:-\w+){2,}")
# The number of words with the same behaviour that are taken for identifiers: below a collection,
# and elsewhere. Without responses that show their behaviour more are needed.
_ALIKE, _ALIKE_ELSEWHERE = 4, 8
_UNSHOWN, _UNSHOWN_ELSEWHERE = 8, 25
# The same for slugs, and for words that behave like known identifiers.
_SLUGS = 2
_BESIDE = 1
# Below these, a word is a user name if the response is a single object.
_PEOPLE = frozenset(
    re.findall(
        r"\w+",
        """
        user users people person member members customer customers client clients profile profiles
        author authors account accounts contact contacts patient patients employee employees
        player players student students friend friends follower followers
        """,
    )
)


class TemplateError(ValueError):
    """A configured path template is malformed."""


def configured_template(text: str, base_path: str = "") -> Template:
    """Parse a configured template such as `/files/{name}`; raise `TemplateError` if malformed."""
    plain = text.removeprefix(base_path) if base_path and text.startswith(base_path + "/") else text
    parts = tuple(plain.removeprefix("/").split("/"))
    wrong = [
        part for part in parts if ("{" in part or "}" in part) and not _PARAMETER.fullmatch(part)
    ]
    if not text.startswith("/") or wrong:
        raise TemplateError(f"--path {text!r} is not a path such as '/files/{{name}}'")
    names = [part for part in parts if is_parameter(part)]
    if len(set(names)) < len(names):
        raise TemplateError(f"--path {text!r} has a parameter twice")
    return parts


@dataclass(slots=True)
class Templates:
    """Groups requests by path template; those in `configured` take precedence."""

    evidence: Evidence
    configured: Sequence[Template] = ()
    _shapes: dict[int, object] = field(default_factory=dict)

    def group(self, samples: Sequence[Sample]) -> dict[Template, list[Sample]]:
        """Return the requests of each template, in the order of the templates' first requests."""
        order = {id(sample): at for at, sample in enumerate(samples)}
        found: dict[Template, list[Sample]] = {}
        waiting: list[tuple[Template, list[Sample]]] = [((), list(samples))]
        while waiting:
            prefix, below = waiting.pop()
            depth = len(prefix)
            ended = [sample for sample in below if len(sample.segments) == depth]
            if ended:
                found.setdefault(prefix, []).extend(ended)
            by_value: dict[str, list[Sample]] = defaultdict(list)
            for sample in below:
                if len(sample.segments) > depth:
                    by_value[sample.segments[depth]].append(sample)
            name, values = self._parameter(prefix, by_value)
            merged = [sample for value in values for sample in by_value[value]]
            if merged:
                merged.sort(key=lambda sample: order[id(sample)])
                waiting.append(((*prefix, "{" + name + "}"), merged))
            waiting += [
                ((*prefix, value), list(rest))
                for value, rest in by_value.items()
                if value not in values
            ]
        return dict(sorted(found.items(), key=lambda item: order[id(item[1][0])]))

    def _parameter(self, prefix: Template, group: Group) -> tuple[str, dict[str, None]]:
        """Return the name of the parameter after a prefix, and the segments that are its values."""
        parts = [
            template[len(prefix)]
            for template in self.configured
            if len(template) > len(prefix) and template[: len(prefix)] == prefix
        ]
        names, literal = [part for part in parts if is_parameter(part)], set(parts)
        if names:
            values = dict.fromkeys(value for value in group if value not in literal)
            return names[0][1:-1], values
        values = dict.fromkeys(v for v in self._values(prefix, group) if v not in literal)
        return (self._name(prefix, list(values)), values) if values else ("", values)

    def _values(self, prefix: Template, group: Group) -> dict[str, None]:
        plain = {value: unquote(value) for value in group}
        below = literals(prefix)
        many = bool(below) and prefix[-1] == below[-1] and names_many(below[-1])
        found = dict.fromkeys(value for value, text in plain.items() if name_form(text))
        words = [
            value for value, text in plain.items() if value not in found and _may_name(text, prefix)
        ]
        kinds: dict[str, list[str]] = defaultdict(list)
        for value in words:
            kinds[prefix_of(plain[value])].append(value)
        for start, alike in kinds.items():
            if start and (len(alike) > 1 or found):
                found |= dict.fromkeys(alike)
        if below:
            found |= dict.fromkeys(v for v in words if plain[v] in self.evidence.names)
        words = [value for value in words if value not in found]
        behaviours: dict[object, list[str]] = defaultdict(list)
        for value in words:
            behaviours[self._behaviour(group[value], len(prefix) + 1)].append(value)
        known = {self._behaviour(group[value], len(prefix) + 1) for value in found}
        for behaviour, alike in behaviours.items():
            needed = _needed(
                behaviour,
                [plain[value] for value in alike],
                many=many,
                beside=behaviour in known,
                people=bool(below) and prefix[-1].lower() in _PEOPLE,
            )
            if len(alike) >= needed:
                found |= dict.fromkeys(alike)
        if found:
            found |= dict.fromkeys(value for value in words if _is_unknown(group[value]))
        return found

    def _behaviour(self, samples: Sequence[Sample], depth: int) -> object:
        """Return the behaviour of a segment: the shape of its GET response, else its requests."""
        for sample in samples:
            if sample.method == "GET" and len(sample.segments) == depth and sample.succeeded:
                shape = self._shape(sample)
                if shape is not None:
                    return shape
        return frozenset(
            (sample.method, *map(_kind_of, sample.segments[depth:]))
            for sample in samples
            if sample.succeeded
        )

    def _shape(self, sample: Sample) -> object:
        if id(sample) not in self._shapes:
            self._shapes[id(sample)] = _shape_of(sample.answered_json())
        return self._shapes[id(sample)]

    def _name(self, prefix: Template, values: list[str]) -> str:
        taken = {part[1:-1] for part in prefix if is_parameter(part)}
        plain = [unquote(value) for value in values]
        forms = {name_form(text) for text in plain}
        below = literals(prefix)
        about = singular_words(below[-1]) if below else ()
        usual = camel((*about, "id"))
        if forms <= {"date"} or forms <= {"email"}:
            return unique(forms.pop(), taken)
        if forms == {""} or (forms <= {"", "made"} and len(plain) > 1):
            member = self.evidence.member(plain)
            if member and not is_id(member):
                return unique(camel(words_of(member)) or usual, taken)
        return unique(usual, taken)


def _needed(
    behaviour: object,
    texts: Sequence[str],
    *,
    many: bool,
    beside: bool,
    people: bool,
) -> int:
    """Return how many words with the same behaviour are needed to take them for identifiers."""
    if not isinstance(behaviour, _Shape):
        return _UNSHOWN if many and behaviour else _UNSHOWN_ELSEWHERE
    if many and all(map(_SLUG.fullmatch, texts)):
        return _SLUGS
    if beside or (people and behaviour.kind == "object"):
        return _BESIDE
    return _ALIKE if many else _ALIKE_ELSEWHERE


def _kind_of(segment: str) -> str:
    return "{}" if name_form(unquote(segment)) else segment


def _may_name(text: str, prefix: Template) -> bool:
    if not text or text.lower() in _LITERAL or (not prefix and _VERSION.fullmatch(text)):
        return False
    return not (_VERSION.fullmatch(text) and not literals(prefix)[1:])


def _is_unknown(samples: Sequence[Sample]) -> bool:
    """Whether all requests for a segment were rejected as unknown or invalid."""
    statuses = [sample.status for sample in samples]
    return bool(statuses) and all(status in (404, 410, 400, 422) for status in statuses)


@dataclass(frozen=True, slots=True)
class _Shape:
    """The structure of a JSON response, as far as it distinguishes types of resources."""

    kind: str
    members: frozenset[str]


def _shape_of(body: Any) -> _Shape | None:
    """Return the shape of a response body; `None` if it is not an object or a list of objects."""
    kind = "object"
    if isinstance(body, list):
        kind, body = "list", body[0] if body else None
    if body is UNREADABLE or not isinstance(body, dict):
        return None
    inner = [name for name, member in _wrapped(body)]
    return _Shape(kind, frozenset([*body, *inner]))


def _wrapped(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, member in body.items():
        first = member[0] if isinstance(member, list) and member else member
        if isinstance(first, dict):
            yield from ((f"{name}/{inner}", value) for inner, value in first.items())
