"""Measures the coverage of an operation's documented input by the requests that were sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from lockstep.bodies.sequences import read_json
from lockstep.openapi.bounds import BOUNDS, NUMERIC, is_kept
from lockstep.openapi.document import Document
from lockstep.openapi.operations import IGNORED_HEADERS, Operation
from lockstep.openapi.schema_lookup import merge
from lockstep.transport.messages import Request

CATEGORIES = ("parameters", "values", "members", "keywords", "media_types", "credentials")
MAX_DEPTH = 4
# Larger bodies test a server's size limit and cover nothing else.
MAX_BODY = 65_536
_WITH, _WITHOUT = "with credentials", "without credentials"


@dataclass(slots=True)
class Input:
    """A parameter or a body member with its nested members.

    `bounds` maps keywords to the bounds that were not yet both satisfied and violated.
    """

    name: str
    bounds: dict[str, Any]
    tried: set[tuple[str, bool]] = field(default_factory=set)
    members: dict[str, Input] = field(default_factory=dict)
    items: Input | None = None
    required: frozenset[str] = frozenset()


@dataclass(slots=True)
class Inputs:
    """The documented input of an operation, and the part of it that was sent.

    Both `documented` and `seen` map a category (`CATEGORIES`) to readable names. A keyword counts
    twice, as `title maxLength kept` and `title maxLength broken`; `required` only as broken.
    """

    documented: dict[str, set[str]] = field(default_factory=dict)
    seen: dict[str, set[str]] = field(default_factory=dict)
    _parameters: dict[tuple[str, str], Input] = field(default_factory=dict)
    _body: Input | None = None
    _open: int = 0

    def unseen(self, category: str) -> list[str]:
        """Return the documented names of a category that were not sent."""
        return sorted(self.documented[category] - self.seen[category])

    def note(self, request: Request, *, authorised: bool) -> None:
        """Record what a request contains; does nothing once everything was seen."""
        if not self._open:
            return
        self._see("credentials", _WITH if authorised else _WITHOUT)
        media_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
        if request.body:
            self._see("media_types", media_type)
        query = request.path.partition("?")[2]
        for name, text in parse_qsl(query, keep_blank_values=True, errors="replace"):
            self._parameter("query", name, text)
        for name, text in request.headers:
            self._parameter("header", name.lower(), text)
        if request.body and self._body and "json" in media_type and len(request.body) <= MAX_BODY:
            self._json(media_type, request.body, self._body)

    def _parameter(self, location: str, name: str, text: str) -> None:
        known = self._parameters.get((location, name))
        if known is not None:
            self._see("parameters", f"{location} {known.name}")
            self._bounds(known, _number(text), text)

    def _json(self, media_type: str, body: bytes, known: Input) -> None:
        try:
            value = read_json(media_type, body)
        except (ValueError, RecursionError):
            return
        self._walk(known, value)

    def _walk(self, known: Input, value: Any) -> None:
        if known.name:
            self._see("members", known.name)
            self._bounds(known, value, value)
        if isinstance(value, dict):
            for key in known.required - value.keys():
                self._see("keywords", f"{known.members[key].name} required broken")
            for key in value.keys() & known.members.keys():
                self._walk(known.members[key], value[key])
        elif isinstance(value, list) and known.items is not None:
            for element in value[:20]:
                self._walk(known.items, element)

    def _bounds(self, known: Input, value: Any, text: Any) -> None:
        for keyword, bound in tuple(known.bounds.items()):
            if keyword == "enum":
                if value in bound or text in bound:
                    self._see("values", f"{known.name} = {text if text in bound else value}")
                continue
            kept = is_kept(keyword, bound, value if keyword in NUMERIC else text)
            if kept is None or (keyword, kept) in known.tried:
                continue
            known.tried.add((keyword, kept))
            self._see("keywords", f"{known.name} {keyword} {'kept' if kept else 'broken'}")
            if (keyword, not kept) in known.tried:
                del known.bounds[keyword]

    def _see(self, category: str, name: str) -> None:
        if name in self.documented[category] and name not in self.seen[category]:
            self.seen[category].add(name)
            self._open -= 1


def inputs_of(document: Document, operation: Operation) -> Inputs:
    """Return the documented input of an operation, with nothing seen yet."""
    inputs = Inputs()
    documented: dict[str, set[str]] = {category: set() for category in CATEGORIES}
    for raw in _parameters(document, operation):
        known = _input(document, raw.get("schema"), raw["name"], MAX_DEPTH)
        if raw["in"] == "header" and raw["name"].lower() in IGNORED_HEADERS:
            continue
        if raw["in"] in ("query", "header"):
            name = raw["name"].lower() if raw["in"] == "header" else raw["name"]
            inputs._parameters[raw["in"], name] = known
            documented["parameters"].add(f"{raw['in']} {raw['name']}")
            _add_bounds(documented, known)
    body = document.resolve(operation.definition.get("requestBody", {}))
    for media_type, content in body.get("content", {}).items():
        documented["media_types"].add(media_type.lower())
        if "json" in media_type and inputs._body is None:
            inputs._body = _input(document, content.get("schema"), "", 0)
            for known in _all(inputs._body):
                if known.name:
                    documented["members"].add(known.name)
                _add_bounds(documented, known)
    if operation.requires_auth:
        documented["credentials"] = {_WITH, _WITHOUT}
    inputs.documented = documented
    inputs.seen = {category: set() for category in CATEGORIES}
    inputs._open = sum(map(len, documented.values()))
    return inputs


def _parameters(document: Document, operation: Operation) -> Iterator[Mapping[str, Any]]:
    item = document.resolve(document.modern.get("paths", {}).get(operation.path, {}))
    # The parameters of an operation override those of its path (OpenAPI 3.1, 4.8.10).
    every = (*item.get("parameters", ()), *operation.definition.get("parameters", ()))
    yield from {(raw["in"], raw["name"]): raw for raw in map(document.resolve, every)}.values()


def _input(document: Document, schema: Any, name: str, depth: int) -> Input:
    merged = merge(document, schema)
    known = Input(name, {key: merged[key] for key in (*BOUNDS, "enum") if key in merged})
    if depth < MAX_DEPTH:
        prefix = f"{name}/" if name else ""
        for key, member in merged.get("properties", {}).items():
            known.members[key] = _input(document, member, f"{prefix}{key}", depth + 1)
        known.required = frozenset(merged.get("required", ())) & known.members.keys()
        if "items" in merged:
            known.items = _input(document, merged["items"], f"{prefix}*", depth + 1)
    return known


def _all(known: Input) -> Iterator[Input]:
    yield known
    for member in (*known.members.values(), *filter(None, (known.items,))):
        yield from _all(member)


def _add_bounds(documented: dict[str, set[str]], known: Input) -> None:
    documented["keywords"] |= {
        f"{known.members[key].name} required broken" for key in known.required
    }
    for keyword, bound in known.bounds.items():
        if keyword == "enum":
            documented["values"] |= {f"{known.name} = {value}" for value in bound}
        else:
            documented["keywords"] |= {f"{known.name} {keyword} {s}" for s in ("kept", "broken")}


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text
