"""The worst inputs that the limits of a contract allow."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from lockstep.transport.messages import Request
from suite.cost.pumping import NearMatch, near_matches

_JSON = ("Content-Type", "application/json")
# Reserved for what is not part of a value: braces, a property name, the request line.
_ROOM = 512
_UNSENDABLE = re.compile("[^ -~]")
# Header fields that servers parse although the contract does not list them.
_STANDARD_FIELDS: Mapping[str, str] = {
    "Content-Type": 'application/json; charset="utf-8"',
    "Content-Encoding": "gzip, identity",
    "Accept": "text/html;q=0.9, */*",
    "Cookie": 'a="b"; c=d',
    "Origin": "https://app.example.com:8443",
    "X-Forwarded-For": "2001:db8::1, 10.0.0.1",
    "Connection": "keep-alive, close",
}


@dataclass(frozen=True, slots=True)
class CostlyInput:
    """A request; `place` is the bad part of it, and `how` describes it."""

    operation: str
    place: str
    how: str
    request: Request


class Inputs:
    """All bad inputs for the operations of a document, without a token unless that is the bad part.

    in_full: whether inputs for equal schemas are sent to each operation; otherwise once per kind of
    place.
    """

    def __init__(self, document: Document, *, in_full: bool) -> None:
        self._document = document
        self._limits: Mapping[str, int] = document.raw["x-limits"]
        self._own_fields = _own_fields(document.raw["x-cors"]["allow_headers"])
        self._in_full = in_full
        self._near_matches = 4 if in_full else 1
        self._tried: set[str] = set()

    def __iter__(self) -> Iterator[CostlyInput]:
        for operation in self._document.operations.values():
            yield from self._bodies(operation)
            yield from self._queries(operation)
            yield from self._headers(operation)
            yield from self._paths(operation)

    def _is_new(self, place: str, what: Any, operation: Operation | None = None) -> bool:
        """Whether an input is to be tried; with in_full, once for each operation given."""
        key = json.dumps([place, what, operation.name if self._in_full and operation else None])
        is_new = key not in self._tried
        self._tried.add(key)
        return is_new

    def _bodies(self, operation: Operation) -> Iterator[CostlyInput]:
        definition = self._document.resolve(operation.definition.get("requestBody", {}))
        content = definition.get("content", {}).get(_JSON[1])
        if content is None:
            return
        size = self._limits["body_bytes"] - _ROOM
        schema = self._document.resolve(content["schema"])
        if self._is_new("body", None, operation):
            for how, text in _whole_texts(size):
                yield self._with_body(operation, "body", how, text)
        for name, rules in schema["properties"].items():
            resolved = self._expanded(rules)
            place = f"body, {name}"
            if self._is_new("property", resolved, operation):
                for how, text in self._values(resolved, size):
                    yield self._with_body(operation, place, how, f"{{{json.dumps(name)}:{text}}}")
        if self._is_new("object", schema, operation):
            for how, text in _objects(list(schema["properties"]), size):
                yield self._with_body(operation, "body", how, text)

    def _expanded(self, rules: Any) -> Any:
        schema = dict(self._document.resolve(rules))
        if "items" in schema:
            schema["items"] = self._expanded(schema["items"])
        return schema

    def _values(self, schema: Mapping[str, Any], size: int) -> Iterator[tuple[str, str]]:
        """Yield JSON texts for a property, each with a description."""
        kinds = schema.get("type", [])
        if "string" in kinds:
            for how, text in self._strings(schema, size):
                yield how, _fitting(text, size)
        if "array" in kinds:
            yield from self._arrays(schema, size)
        if self._is_new("other kinds", self._in_full and schema):
            yield from _other_kinds(size)

    def _strings(self, schema: Mapping[str, Any], size: int) -> Iterator[tuple[str, str]]:
        """Yield strings that are too long, and shorter ones that almost match a pattern."""
        most = min(schema.get("maxLength", size), size)
        for unit in ("a", "é", "🚚", "\0", " ", '"') if self._in_full else ("a", "🚚"):
            yield f"{unit!r} over and over", unit * (size // len(unit.encode()))
        for near in near_matches(schema.get("pattern", "^$"), self._near_matches):
            yield _described(near), near.of_length(size // 2)
            yield f"{_described(near)}, not too long", near.of_length(most)

    def _arrays(self, schema: Mapping[str, Any], size: int) -> Iterator[tuple[str, str]]:
        most = schema.get("maxItems", 0)
        items = schema.get("items", {})
        yield "equal items", _many('"a"', size)
        yield "items that differ", _array([f'"{number:x}"' for number in range(size // 8)])
        yield "empty items", _many('""', size)
        if most:
            yield "the most items, too large", _array([_quoted("a", size // most)] * most)
            for near in near_matches(items.get("pattern", "^$"), self._near_matches):
                text = _fitting(near.of_length(size // most // 2), size // most)
                yield f"the most items, {_described(near)}", _array([text] * most)

    def _queries(self, operation: Operation) -> Iterator[CostlyInput]:
        size = self._limits["url_bytes"] - _ROOM
        names = [each.name for each in operation.parameters if each.location == "query"]
        for each in self._parameters(operation, "query"):
            name, schema = each["name"], self._expanded(each["schema"])
            if not self._is_new("query", schema, operation):
                continue
            for how, text in self._strings(schema, size // 3):
                yield self._with_query(operation, name, how, f"{name}={quote(text)}"[:size])
            yield self._with_query(operation, name, "digits", f"{name}={'9' * size}"[:size])
            again = f"{name}=1&"
            yield self._with_query(operation, name, "many times", again * (size // len(again)))
        if self._is_new("queries", sorted(names)):
            unknown = "&".join(f"{number:x}=" for number in range(size // 6))
            yield self._with_query(operation, "query", "unknown names", unknown)
            yield self._with_query(operation, "query", "separators", "&" * size)
            yield self._with_query(operation, "query", "escapes", "%41" * (size // 3))

    def _headers(self, operation: Operation) -> Iterator[CostlyInput]:
        size = self._limits["header_bytes"] - 2 * _ROOM
        for each in self._parameters(operation, "header"):
            name, schema = each["name"], self._expanded(each["schema"])
            if not self._is_new("header", schema):
                continue
            for how, text in self._strings(schema, size):
                yield self._with_field(operation, name, how, text)
            yield from self._repeated(operation, name, str(each.get("example", "a")))
        if not self._is_new("headers", operation.method == "POST"):
            return
        for name, value in {**self._own_fields, **_STANDARD_FIELDS}.items():
            for unit in dict.fromkeys(value):
                if unit.isalnum() and not self._in_full:
                    continue
                near = NearMatch(value[: value.index(unit)], unit, "!")
                yield self._with_field(operation, name, _described(near), near.of_length(size))
            yield from self._repeated(operation, name, value)

    def _repeated(self, operation: Operation, name: str, value: str) -> Iterator[CostlyInput]:
        count = self._limits["header_count"] - 8
        request = self._request(operation)
        fields = (*request.headers, *((name, value),) * count)
        yield CostlyInput(
            operation.name, name, "many fields", Request(request.method, request.path, fields)
        )

    def _paths(self, operation: Operation) -> Iterator[CostlyInput]:
        size = self._limits["url_bytes"] - _ROOM
        for each in self._parameters(operation, "path"):
            schema = self._expanded(each["schema"])
            if not self._is_new("path", schema):
                continue
            for how, text in self._strings(schema, size // 3):
                path = operation.path.replace(f"{{{each['name']}}}", quote(text, safe=""))
                path = self._filled(operation, path)
                request = Request(operation.method, path)
                yield CostlyInput(operation.name, f"path, {each['name']}", how, request)

    def _parameters(self, operation: Operation, location: str) -> Iterator[Mapping[str, Any]]:
        item = self._document.modern["paths"][operation.path]
        for each in (*item.get("parameters", ()), *operation.definition.get("parameters", ())):
            resolved = self._document.resolve(each)
            if resolved["in"] == location:
                yield resolved

    def _filled(self, operation: Operation, path: str) -> str:
        for each in self._parameters(operation, "path"):
            path = path.replace(f"{{{each['name']}}}", quote(str(each["example"])))
        return path

    def _request(self, operation: Operation) -> Request:
        return Request(operation.method, self._filled(operation, operation.path))

    def _with_body(self, operation: Operation, place: str, how: str, text: str) -> CostlyInput:
        request = self._request(operation)
        body = text.encode()
        return CostlyInput(
            operation.name,
            place,
            how,
            Request(request.method, request.path, (*request.headers, _JSON), body),
        )

    def _with_query(self, operation: Operation, name: str, how: str, text: str) -> CostlyInput:
        request = self._request(operation)
        place = name if name == "query" else f"query, {name}"
        request = Request(request.method, f"{request.path}?{text}", request.headers)
        return CostlyInput(operation.name, place, how, request)

    def _with_field(self, operation: Operation, name: str, how: str, text: str) -> CostlyInput:
        sendable = _UNSENDABLE.sub("~", text)
        request = self._request(operation).with_header(name, sendable)
        return CostlyInput(operation.name, f"header, {name}", how, request)


def _own_fields(listed: str) -> dict[str, str]:
    values = {"Authorization": "Bearer a.b-c.d", "Content-Type": "application/json"}
    return {name: values.get(name, 'W/"a", "b"') for name in listed.split(", ")}


def _described(near: NearMatch) -> str:
    begin = near.begin if len(near.begin) <= 12 else f"{near.begin[:4]}…{near.begin[-8:]}"
    return f"{begin!r}, {near.unit!r} over and over, {near.end!r}"


def _other_kinds(size: int) -> Iterator[tuple[str, str]]:
    """Yield values of every type except strings, as large as possible."""
    yield "digits", "9" * size
    yield "digits behind a point", f"0.{'0' * (size - 10)}1"
    yield "an exponent of digits", f"1e{'9' * size}"
    yield "numbers", _many("1", size)
    yield "numbers with a fraction", _many("1.5", size)
    yield "numbers beyond a double", _many("1e400", size)
    yield "objects", _many("{}", size)
    yield "arrays within arrays", f"{'[' * 29}{_many('[]', size - 60)}{']' * 29}"
    yield "too many levels", f"{'[' * (size // 2)}{']' * (size // 2)}"
    yield "too many levels of objects", '{"a":' * (size // 6) + "1" + "}" * (size // 6)
    yield "an object of names", _names(size)


def _whole_texts(size: int) -> Iterator[tuple[str, str]]:
    """Yield texts to send as the body."""
    yield from _other_kinds(size)
    yield "white space", " " * size
    yield "no end", '{"a":"' + "a" * size
    yield "lone surrogates", _many('"\\ud800"', size)
    yield "escapes", '"' + "\\u0061" * (size // 6) + '"'
    yield "true", _many("true", size)


def _objects(names: list[str], size: int) -> Iterator[tuple[str, str]]:
    """Yield objects with many members, and with all members invalid."""
    yield "unknown names", _names(size)
    one = f'"{names[0]}":1,'
    yield "one name many times", f"{{{(one * (size // len(one)))[:-1]}}}"
    share = size // len(names) - 20
    for how, text in (("numbers", _many("1", share)), ("strings", _quoted(" ", share))):
        members = ",".join(f"{json.dumps(name)}:{text}" for name in names)
        yield f"all members {how}", f"{{{members}}}"


def _names(size: int) -> str:
    return "{" + ",".join(f'"{number:x}":1' for number in range(size // 9)) + "}"


def _many(text: str, size: int) -> str:
    return _array([text] * ((size - 2) // (len(text) + 1)))


def _array(items: list[str]) -> str:
    return f"[{','.join(items)}]"


def _quoted(unit: str, size: int) -> str:
    return json.dumps(unit * max(1, size - 4))


def _fitting(text: str, size: int) -> str:
    """Return a JSON string of the text, shortened in the middle to at most `size` bytes."""
    while len(quoted := json.dumps(text, ensure_ascii=False).encode()) > size:
        excess = max(1, (len(quoted) - size) // 6)
        middle = len(text) // 2
        text = text[: middle - excess // 2] + text[middle + excess - excess // 2 :]
    return quoted.decode()
