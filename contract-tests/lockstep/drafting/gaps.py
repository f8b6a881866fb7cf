"""Lists what the recordings of an operation do not contain, and the draft therefore lacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lockstep.drafting.bodies import Content
from lockstep.drafting.names import parts_of
from lockstep.drafting.operations import Recorded
from lockstep.drafting.parameters import single_valued
from lockstep.drafting.security import Security
from lockstep.drafting.templates import Template
from lockstep.drafting.values import Values

# Kind -> message, in the `x-lockstep-never-seen` of an operation and on the terminal.
KINDS = {
    "one_sample": "one request only",
    "no_success": "no successful response",
    "server_errors": "5xx responses, which may be errors rather than part of the API",
    "no_error": "no 4xx response",
    "no_request_body": "request bodies that were not recorded",
    "no_answer_body": "response bodies that were not recorded",
    "cut_body": "bodies declared as JSON that are not, or are truncated",
    "one_value": "parameters with one value only",
    "only_null": "members that were always null",
    "too_deep": "bodies that are nested too deeply to be read completely",
    "no_creation": "resources that no request created",
    "never_bare": "no request without credentials",
}


_NAMED = 10


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap in the recordings of an operation; `detail` lists the places, if there are any."""

    operation: str
    kind: str
    detail: str = ""

    @property
    def sentence(self) -> str:
        """The message about what is missing."""
        return f"{KINDS[self.kind]}: {self.detail}" if self.detail else KINDS[self.kind]


def gaps_of(
    operations: Sequence[Recorded], names: Mapping[int, str], security: Security
) -> list[Gap]:
    """Return the gaps of all operations."""
    methods: dict[Template, set[str]] = {}
    for each in operations:
        methods.setdefault(parts_of(each.template), set()).add(each.method)
    found: list[Gap] = []
    nulls = _always_null(operations)
    for each in operations:
        name = names[id(each)]
        found += [Gap(name, kind, detail) for kind, detail in _of(each, security, nulls)]
        if _is_never_created(each, methods):
            found.append(Gap(name, "no_creation"))
    return found


def _of(recorded: Recorded, security: Security, nulls: set[str]) -> Iterator[tuple[str, str]]:
    samples = recorded.samples
    statuses = Counter(sample.status for sample in samples if sample.status is not None)
    if len(samples) == 1:
        yield "one_sample", ""
    if not any(status < 400 for status in statuses):
        yield "no_success", ", ".join(map(str, sorted(statuses)))
    elif not any(400 <= status < 500 for status in statuses):
        yield "no_error", ""
    if any(status >= 500 for status in statuses):
        yield (
            "server_errors",
            ", ".join(str(status) for status in sorted(statuses) if status >= 500),
        )
    if recorded.sent.missing:
        yield "no_request_body", f"{recorded.sent.missing:,}"
    missing = [status for status, bodies in recorded.answers.items() if bodies.missing]
    if missing:
        yield "no_answer_body", ", ".join(map(str, missing))
    contents = list(_contents(recorded))
    if unreadable := sum(content.unreadable for content in contents):
        yield "cut_body", f"{unreadable:,}"
    values = [content.values for content in contents if content.values is not None]
    if any(place.is_cut for each in values for place in each.walk()):
        yield "too_deep", ""
    if found := sorted({name for each in values for name, _ in _members(each) if name in nulls}):
        yield "only_null", ", ".join(found[:_NAMED])
    if len(samples) > 1 and (single := single_valued(recorded.template, samples)):
        yield "one_value", ", ".join(single)
    requirement = security.requirement(samples)
    if requirement and not any(not security.used(sample) for sample in samples):
        yield "never_bare", ""


def _contents(recorded: Recorded) -> Iterator[Content]:
    for bodies in (recorded.sent, *recorded.answers.values()):
        yield from bodies.contents.values()


def _always_null(operations: Sequence[Recorded]) -> set[str]:
    """Return the names of members that are null everywhere."""
    nulls: dict[str, bool] = {}
    for recorded in operations:
        for content in _contents(recorded):
            for name, member in _members(content.values) if content.values is not None else ():
                nulls[name] = nulls.get(name, True) and not member.types
    return {name for name, only in nulls.items() if only}


def _members(values: Values) -> Iterator[tuple[str, Values]]:
    for place in values.walk():
        if not place.is_map:
            yield from ((name, each) for name, each in place.members.items() if each.count)


def _is_never_created(recorded: Recorded, methods: Mapping[Template, set[str]]) -> bool:
    """Whether resources are read by id, but no request that creates them was recorded."""
    parts = parts_of(recorded.template)
    if recorded.method != "GET" or not recorded.is_item or "PUT" in methods[parts]:
        return False
    return "POST" not in methods.get(parts[:-1], set())
