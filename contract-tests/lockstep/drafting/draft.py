"""Drafts a document from recordings, and finds what an existing document lacks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from lockstep.drafting.components import Components
from lockstep.drafting.evidence import Evidence
from lockstep.drafting.gaps import Gap, gaps_of
from lockstep.drafting.operations import Recorded, names_of, operation_data, tags_of
from lockstep.drafting.sample import Sample
from lockstep.drafting.security import Security
from lockstep.drafting.selection import DraftError, Selection, select
from lockstep.drafting.templates import Template, TemplateError, Templates, configured_template
from lockstep.drafting.undocumented import Undocumented, undocumented
from lockstep.openapi.document import Document
from lockstep.recordings import Captured
from lockstep.recordings.origins import likeliest_base

__all__ = ["Draft", "DraftError", "Lacking", "Wishes", "draft", "lacking"]

_METHODS = ("GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "TRACE")
_NOT_THERE = frozenset({404, 405, 410, 501})
_NOT_TAKEN = frozenset({405, 501})
_NAMED = 5
READ_IT = "A draft: review it before you rely on it."


@dataclass(frozen=True, slots=True)
class Wishes:
    """Settings by the user: the location of the API, path templates, and a title."""

    base_url: str | None = None
    host: str | None = None
    paths: tuple[str, ...] = ()
    title: str | None = None


@dataclass(slots=True)
class Draft:
    """A drafted document, with what it does not cover.

    `left_out` counts ignored requests by reason; `gaps` lists what the recordings do not contain.
    """

    document: dict[str, Any]
    gaps: list[Gap]
    left_out: Counter[str]
    notes: list[str] = field(default_factory=list)
    requests: int = 0

    @property
    def operations(self) -> int:
        """The number of operations."""
        return sum(len(item) for item in self.document["paths"].values())


def draft(captured: Sequence[Captured], wishes: Wishes | None = None) -> Draft:
    """Draft the document of the recorded API; raise `DraftError` if no request belongs to one."""
    wishes = wishes or Wishes()
    selection = select(captured, wishes.base_url, wishes.host)
    try:
        configured = [configured_template(text, selection.base_path) for text in wishes.paths]
    except TemplateError as error:
        raise DraftError(str(error)) from error
    groups = _grouped(selection, configured)
    selection.notes += _unmet(wishes.paths, configured, groups)
    operations = _operations(groups, selection)
    if not operations:
        raise DraftError("no recorded request reached an operation: all responses are 404 or 405")
    security = _security(operations)
    components = Components([root for each in operations for root in each.roots()])
    names = names_of(operations)
    gaps = gaps_of(operations, names, security)
    document = _document(wishes, selection, operations, names, security, components, gaps)
    requests = sum(len(each.samples) for each in operations)
    return Draft(document, gaps, +selection.left_out, selection.notes, requests)


@dataclass(slots=True)
class Lacking:
    """What a document lacks compared with recordings, with the ignored requests by reason."""

    found: list[Undocumented]
    left_out: Counter[str]
    notes: list[str]
    requests: int


def lacking(
    captured: Sequence[Captured], document: Document, wishes: Wishes | None = None
) -> Lacking:
    """Compare recordings with a document; raise `DraftError` if no request belongs to an API."""
    wishes = wishes or Wishes()
    base_url = wishes.base_url
    if base_url is None and wishes.host is None:
        base_url = likeliest_base(captured, document)
    selection = select(captured, base_url, wishes.host)
    templates = []
    for path in dict.fromkeys(operation.target for operation in document.operations.values()):
        with suppress(TemplateError):
            templates.append(configured_template(path.partition("?")[0]))
    operations = _operations(_grouped(selection, templates), selection)
    found = undocumented(operations, _security(operations), document)
    requests = sum(len(each.samples) for each in operations)
    return Lacking(found, +selection.left_out, selection.notes, requests)


def _grouped(selection: Selection, known: Sequence[Template]) -> dict[Template, list[Sample]]:
    return Templates(Evidence.of(selection.samples), known).group(selection.samples)


def _security(operations: Sequence[Recorded]) -> Security:
    return Security.of([sample for each in operations for sample in each.samples])


def _operations(groups: dict[Template, list[Sample]], selection: Selection) -> list[Recorded]:
    """Return the operations in the order of their paths; count rejected requests as left out."""
    found: list[Recorded] = []
    absent: list[str] = []
    for template in sorted(groups, key=_order):
        by_method: dict[str, list[Sample]] = defaultdict(list)
        for sample in groups[template]:
            by_method[sample.method].append(sample)
        statuses = {sample.status for sample in groups[template]}
        if statuses <= _NOT_THERE:
            absent.append("/" + "/".join(template))
            selection.left_out["requests to paths that do not exist"] += len(groups[template])
            continue
        for method in _METHODS:
            samples = by_method.get(method, [])
            if samples and {sample.status for sample in samples} <= _NOT_TAKEN:
                selection.left_out["requests with methods that were rejected"] += len(samples)
            elif samples:
                found.append(Recorded.of(method, template, samples))
    if absent:
        more = f" and {len(absent) - _NAMED:,} more" if len(absent) > _NAMED else ""
        selection.notes.append(
            f"paths that only returned 404 are not in the draft: {', '.join(absent[:_NAMED])}{more}"
        )
    return found


def _order(template: Template) -> tuple[tuple[bool, str], ...]:
    """Return a sort key for paths: by segment, literal segments first."""
    return tuple((part.startswith("{"), part) for part in template)


def _unmet(
    texts: Sequence[str], configured: Sequence[Template], groups: dict[Template, list[Sample]]
) -> list[str]:
    unmet = [
        text
        for text, template in zip(texts, configured, strict=True)
        if not any(each[: len(template)] == template for each in groups)
    ]
    return [f"no recorded request is at {text}" for text in unmet]


def _document(
    wishes: Wishes,
    selection: Selection,
    operations: Sequence[Recorded],
    names: dict[int, str],
    security: Security,
    components: Components,
    gaps: Sequence[Gap],
) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    missing: dict[str, list[str]] = defaultdict(list)
    for gap in gaps:
        missing[gap.operation].append(gap.sentence)
    for each in operations:
        name = names[id(each)]
        data = operation_data(each, name, security, components)
        statuses = Counter(str(sample.status or "none") for sample in each.samples)
        data["x-lockstep-seen"] = {
            "requests": len(each.samples),
            "statuses": dict(sorted(statuses.items())),
        }
        if missing[name]:
            data["x-lockstep-never-seen"] = missing[name]
        paths.setdefault(each.path, {})[each.method.lower()] = data
    parts: dict[str, Any] = {}
    if components.schemas:
        parts["schemas"] = components.schemas
    if security.schemes:
        parts["securitySchemes"] = security.as_data()
    tags = sorted({tag for each in operations for tag in tags_of(each.template)})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": wishes.title or _title(selection),
            "version": "0.0.0",
            "description": _description(operations, gaps),
        },
        "servers": [{"url": selection.server}],
        **({"tags": [{"name": tag} for tag in tags]} if tags else {}),
        "paths": paths,
        **({"components": parts} if parts else {}),
    }


def _title(selection: Selection) -> str:
    return f"API of {selection.origin.partition('://')[2]}" if selection.origin else "Recorded API"


def _description(operations: Sequence[Recorded], gaps: Sequence[Gap]) -> str:
    count = sum(len(each.samples) for each in operations)
    text = f"{READ_IT} It was inferred from {count:,} recorded request{'' if count == 1 else 's'}"
    if gaps:
        text += "; each operation lists what they do not contain (x-lockstep-never-seen)"
    return f"{text}. What was always present is required; what was never seen is missing."
