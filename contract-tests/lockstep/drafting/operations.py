"""Builds the operations of the draft and their names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from lockstep.drafting.bodies import Bodies, answered_bodies, sent_bodies
from lockstep.drafting.components import Components, Root
from lockstep.drafting.names import (
    camel,
    is_parameter,
    literals,
    names_many,
    parts_of,
    pascal,
    singular_words,
    words_of,
)
from lockstep.drafting.parameters import header_parameters, path_parameters, query_parameters
from lockstep.drafting.sample import Sample
from lockstep.drafting.schemas import schema_of
from lockstep.drafting.security import Security, gives_entry, sent_password
from lockstep.drafting.templates import Template
from lockstep.drafting.values import Values
from lockstep.openapi.naming import TRANSPARENT

# Last path segments that are an action, not a resource.
_VERBS = frozenset(
    re.findall(
        r"\w+",
        """
        login logout register signup signin signout refresh verify confirm reset start stop pause
        resume cancel close open reopen archive unarchive restore publish unpublish approve reject
        complete finish return submit send resend retry run execute search find query export import
        upload download validate preview activate deactivate enable disable lock unlock join leave
        follow unfollow like unlike favorite unfavorite star unstar subscribe unsubscribe assign
        unassign invite accept decline move copy clone duplicate merge sync reload rebuild calculate
        convert checkout pay refund ship ping echo revoke rotate bulk batch
        """,
    )
)
# Segments that are areas of an API, not resources.
_AREAS = frozenset({"auth", "oauth", "oauth2", "authentication", "public", "internal", "rpc"})
# Segments that refer to the current user.
_SELF = frozenset({"me", "self", "current", "mine", "my"})
_DONE = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "update", "DELETE": "delete"}
# Words with the article `an`.
_AN = re.compile(r"[aeio]|u(?!s|ni|ti|r[il])")
_BODILESS = frozenset({"GET", "HEAD", "TRACE"})
# Recordings may contain the cached body of such a response.
_WITHOUT_BODY = frozenset({204, 205, 304})
# Response headers that are documented. Others are set by proxies, or are the same everywhere.
_DOCUMENTED_HEADERS = (
    "Allow",
    "Content-Disposition",
    "ETag",
    "Link",
    "Location",
    "Retry-After",
    "WWW-Authenticate",
    "X-Next-Page",
    "X-Total",
    "X-Total-Count",
)

Data = dict[str, Any]


@dataclass(slots=True)
class Recorded:
    """All recorded requests of one method and path template, with their bodies.

    `answers` maps status codes to response bodies; `is_entry` is true for a log-in.
    """

    method: str
    template: Template
    samples: list[Sample]
    sent: Bodies = field(default_factory=Bodies)
    answers: dict[int, Bodies] = field(default_factory=dict)
    is_entry: bool = False

    @classmethod
    def of(cls, method: str, template: Template, samples: list[Sample]) -> Recorded:
        """Read the bodies; request bodies only of successful requests, if there are any."""
        found = cls(method, template, samples, is_entry=gives_entry(samples))
        by_status: dict[int, list[Sample]] = defaultdict(list)
        for sample in samples:
            if sample.status is not None:
                by_status[sample.status].append(sample)
        for status in sorted(by_status):
            has_body = method != "HEAD" and status not in _WITHOUT_BODY
            found.answers[status] = answered_bodies(by_status[status]) if has_body else Bodies()
        if method not in _BODILESS:
            done = [sample for sample in samples if sample.succeeded]
            found.sent = sent_bodies(done or samples)
        return found

    @property
    def path(self) -> str:
        """The path template, as in a document."""
        return "/" + "/".join(self.template)

    @property
    def label(self) -> str:
        """The method and the path template."""
        return f"{self.method} {self.path}"

    @property
    def is_item(self) -> bool:
        """Whether the path ends with a parameter, and so identifies one resource."""
        parts = parts_of(self.template)
        return bool(parts) and is_parameter(parts[-1])

    @property
    def is_list(self) -> bool:
        """Whether it is a GET that returns a list."""
        parts = parts_of(self.template)
        if self.method != "GET" or self.is_item:
            return False
        if parts and names_many(parts[-1]):
            return True
        for status, bodies in self.answers.items():
            for content in bodies.contents.values() if status < 300 else ():
                if content.values is not None and _holds_list(content.values):
                    return True
        return False

    @property
    def about(self) -> tuple[str, ...]:
        """The words for the resource of the path."""
        return about(self.template)

    def roots(self) -> list[Root]:
        """Return all JSON bodies."""
        purpose = "new" if self.method == "POST" else "update"
        found = [
            Root(content.values, self.about, purpose)
            for content in self.sent.contents.values()
            if content.values is not None
        ]
        return found + [
            self.root(content.values, status)
            for status, bodies in self.answers.items()
            for content in bodies.contents.values()
            if content.values is not None
        ]

    def root(self, values: Values, status: int) -> Root:
        """Return a response body with a status code."""
        return Root(values, self.about, is_error=status >= 400, is_list=self.is_list)


def about(template: Template) -> tuple[str, ...]:
    """Return the words for the resource of a path: `/users/{userId}/tasks` -> task."""
    parts = parts_of(template)
    for at in range(len(parts) - 1, -1, -1):
        if is_parameter(parts[at]):
            continue
        words = words_of(parts[at])
        followed = at + 1 < len(parts)
        if at and not followed and parts[at].lower() in _SELF:
            continue
        if words and (followed or words[0] not in _VERBS) and "".join(words) not in TRANSPARENT:
            return singular_words(parts[at])
    return ()


def tags_of(template: Template) -> list[str]:
    """Return the tag of an operation: the first literal part of its path."""
    return [unquote(part) for part in literals(template)[:1]]


def operation_data(
    recorded: Recorded, name: str, security: Security, components: Components
) -> Data:
    """Return the Operation Object of a recorded operation."""
    tags = tags_of(recorded.template)
    data: Data = {"operationId": name}
    if tags:
        data["tags"] = tags
    data["summary"] = summary(recorded)
    parameters = [
        *path_parameters(recorded.template, recorded.samples),
        *query_parameters(recorded.samples, security),
        *header_parameters(recorded.samples),
    ]
    if parameters:
        data["parameters"] = parameters
    if recorded.sent.contents:
        purpose = "new" if recorded.method == "POST" else "update"
        data["requestBody"] = {
            **({} if recorded.sent.empty else {"required": True}),
            "content": {
                media_type: _content(
                    content.values,
                    content.schema,
                    components,
                    Root(content.values or Values(), recorded.about, purpose),
                )
                for media_type, content in recorded.sent.contents.items()
            },
        }
    data["responses"] = {
        str(status): _response(recorded, status, bodies, components)
        for status, bodies in recorded.answers.items()
    }
    requirement = security.requirement(recorded.samples)
    if requirement is not None:
        data["security"] = requirement
    return data


def _content(
    values: Values | None, schema: Data | None, components: Components, root: Root
) -> Data:
    if values is not None:
        return {"schema": schema_of(values, "", components.reader(root))}
    return {"schema": schema} if schema else {}


def _response(recorded: Recorded, status: int, bodies: Bodies, components: Components) -> Data:
    data: Data = {"description": phrase(status)}
    returned = {
        name.lower()
        for sample in recorded.samples
        if sample.status == status and sample.answer is not None
        for name, _ in sample.answer.headers
    }
    headers = {
        name: {"schema": {"type": "string"}}
        for name in _DOCUMENTED_HEADERS
        if name.lower() in returned
    }
    if headers:
        data["headers"] = headers
    if bodies.contents:
        data["content"] = {
            media_type: _content(
                content.values,
                content.schema,
                components,
                recorded.root(content.values or Values(), status),
            )
            for media_type, content in bodies.contents.items()
        }
    return data


def phrase(status: int) -> str:
    """Return the reason phrase of a status code (RFC 9110, 15)."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"


def summary(recorded: Recorded) -> str:
    """Return a short summary of an operation, such as `List tasks`."""
    if recorded.is_entry:
        return "Log in"
    verb, nouns = _phrase(recorded)
    sentence = [verb, *nouns]
    is_one = recorded.is_item or recorded.method == "POST"
    if verb in _DONE.values() and nouns and is_one:
        sentence.insert(1, "an" if _AN.match(nouns[0]) else "a")
    text = " ".join(sentence)
    return text[:1].upper() + text[1:]


def names_of(operations: Sequence[Recorded]) -> dict[int, str]:
    """Return unique operationIds such as `listTasks`, by the `id` of each operation."""
    found: dict[int, str] = {}
    taken: set[str] = set()
    methods: dict[Template, set[str]] = defaultdict(set)
    for each in operations:
        methods[each.template].add(each.method)
    for each in operations:
        name = _own_name(each, methods)
        if name in taken:
            last = [part[1:-1] for part in each.template if is_parameter(part)][-1:]
            further = f"{name}By{pascal(words_of(last[0]))}" if last else name
            number = 2
            name = further
            while name in taken:
                name, number = f"{further}{number}", number + 1
        taken.add(name)
        found[id(each)] = name
    return found


def _own_name(recorded: Recorded, methods: Mapping[Template, set[str]]) -> str:
    if recorded.is_entry:
        return "logIn"
    verb, nouns = _phrase(recorded)
    if recorded.method == "PUT" and verb == "update" and "PATCH" in methods[recorded.template]:
        verb = "replace"
    if verb == "create" and sent_password(recorded.samples[0]) and nouns == ("user",):
        verb = "register"
    named = (*_parents(recorded), *nouns)
    if not named and verb in (*_DONE.values(), recorded.method.lower()):
        return f"{verb}{'Path' if any(recorded.template) else 'Root'}"
    return camel((*words_of(verb), *named))


def _phrase(recorded: Recorded) -> tuple[str, tuple[str, ...]]:
    """Return the verb and the nouns for an operation."""
    parts = parts_of(recorded.template)
    named = literals(parts)
    last = words_of(named[-1]) if named else ()
    verb = _DONE.get(recorded.method, recorded.method.lower())
    ends = bool(parts) and not is_parameter(parts[-1])
    if ends and last and last[0] in _VERBS and (recorded.method != "GET" or _finds(last[0])):
        before = parts[:-1]
        owner = literals(before)
        if not owner or len(last) > 1 or owner[-1].lower() in _AREAS:
            return camel(last), ()
        resource = owner[-1]
        item = is_parameter(before[-1])
        if recorded.method == "DELETE":
            return verb, (*singular_words(resource), *last)
        return last[0], singular_words(resource) if item else words_of(resource)
    if not last:
        return verb, ()
    if recorded.is_list:
        return "list", last
    if ends and names_many(named[-1]) and recorded.method not in ("POST",):
        return verb, last
    return verb, singular_words(named[-1])


def _finds(word: str) -> bool:
    return word in ("search", "find", "query", "export", "download", "validate", "preview", "ping")


def _parents(recorded: Recorded) -> tuple[str, ...]:
    """Return the words for the parents of a resource: `/users/{userId}/tasks` -> user."""
    parts = parts_of(recorded.template)
    found: list[str] = []
    last = max((at for at, part in enumerate(parts) if not is_parameter(part)), default=0)
    if last and words_of(parts[last])[:1] and words_of(parts[last])[0] in _VERBS:
        last = max((at for at in range(last) if not is_parameter(parts[at])), default=0)
    for at in range(last):
        if not is_parameter(parts[at]) and is_parameter(parts[at + 1]):
            found += singular_words(parts[at])
    return tuple(found)


def _holds_list(values: Values) -> bool:
    """Whether a body is a list or wraps one."""
    if values.types == {"array"}:
        return True
    return any(
        member.types == {"array"} and name.lower() in TRANSPARENT
        for name, member in values.members.items()
    )
