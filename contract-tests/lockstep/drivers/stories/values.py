"""The template language of stories: saved values, builders and matchers."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from lockstep.auth.texts import draw
from lockstep.drivers.stories.files import StoryError
from lockstep.openapi.shapes import resolve
from lockstep.transport.literals import show_length
from lockstep.transport.messages import Response

_NAME = re.compile(r"\$\{([A-Za-z_][\w.-]*)\}")
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}
_FORMS = {
    "id": re.compile(r"[A-Za-z0-9_-]{8,}"),
    "token": re.compile(r"[A-Za-z0-9_.-]{16,}"),
    "time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
}


def fill(node: Any, values: Mapping[str, Any]) -> Any:
    """Replace `${name.path}` and the builders inside a part of a story.

    A string that is a single `${...}` becomes the value with its type; see `texts.drawn` for those
    that are drawn from a pattern. Raises `StoryError` for a name that was not saved.
    """
    if isinstance(node, str):
        node = draw(node, str(values.get("unique", "")))
        whole = _NAME.fullmatch(node)
        if whole:
            return _look_up(whole.group(1), values)
        return _NAME.sub(lambda match: str(_look_up(match.group(1), values)), node)
    if isinstance(node, list):
        return [fill(item, values) for item in node]
    if isinstance(node, dict):
        return _build({key: fill(value, values) for key, value in node.items()})
    return node


def pick(source: str, response: Response) -> Any:
    """Return what `save` selects: `body`, `body#/pointer`, `header:Name` or `status`."""
    if source == "status":
        return response.status
    if source.startswith("header:"):
        value = response.header(source.removeprefix("header:"))
        if value is None:
            raise StoryError(f"unknown source of a saved value: {source}")
        return value
    try:
        body = json.loads(response.body)
        return resolve(body, source.removeprefix("body")) if "#/" in source else body
    except ValueError as error:
        raise StoryError(f"nothing to save at {source}: {error}") from error


def mismatches(expected: Any, actual: Any, path: str = "") -> Iterator[str]:
    """Yield the differences from the expected JSON; members that are not expected are ignored."""
    if isinstance(expected, dict) and any(key.startswith("$") for key in expected):
        yield from _matcher(expected, actual, path)
    elif isinstance(expected, dict):
        yield from _members(expected, actual, path)
    elif isinstance(expected, list):
        yield from _elements(expected, actual, path)
    elif type(expected) is not type(actual) or expected != actual:
        yield f"{path or 'body'}: expected {_show(expected)}, got {_show(actual)}"


def _members(expected: dict[str, Any], actual: Any, path: str) -> Iterator[str]:
    if not isinstance(actual, dict):
        yield f"{path or 'body'}: expected an object, got {_show(actual)}"
        return
    for name, value in expected.items():
        if value == {"$absent": True}:
            if name in actual:
                yield f"{path}/{name}: unexpected, got {_show(actual[name])}"
        elif name not in actual:
            yield f"{path}/{name}: missing, expected {_show(value)}"
        else:
            yield from mismatches(value, actual[name], f"{path}/{name}")


def _elements(expected: list[Any], actual: Any, path: str) -> Iterator[str]:
    if not isinstance(actual, list) or len(actual) != len(expected):
        yield f"{path or 'body'}: expected {show_length(len(expected))}, got {_show(actual)}"
        return
    for index, (value, found) in enumerate(zip(expected, actual, strict=True)):
        yield from mismatches(value, found, f"{path}/{index}")


def _matcher(expected: dict[str, Any], actual: Any, path: str) -> Iterator[str]:
    for name, wanted in expected.items():
        if not _matches(name, wanted, actual):
            yield f"{path or 'body'}: expected {name} {_show(wanted)}, got {_show(actual)}"


def _matches(name: str, wanted: Any, actual: Any) -> bool:
    match name:
        case "$any":
            return _is_kind(wanted, actual)
        case "$matches":
            return isinstance(actual, str) and re.search(wanted, actual) is not None
        case "$length":
            return isinstance(actual, str | list | dict) and len(actual) == wanted
        case "$contains":
            return isinstance(actual, list) and all(
                any(not list(mismatches(item, found)) for found in actual) for item in wanted
            )
        case "$exactly":
            return type(wanted) is type(actual) and bool(wanted == actual)
        case "$not":
            return type(wanted) is not type(actual) or bool(wanted != actual)
        case _:
            raise StoryError(f"no matcher {name}")


def _is_kind(kind: str, actual: Any) -> bool:
    if kind in _FORMS:
        return isinstance(actual, str) and _FORMS[kind].fullmatch(actual) is not None
    if kind not in _KINDS:
        raise StoryError(f"$any: no kind {kind}")
    return isinstance(actual, _KINDS[kind]) and isinstance(actual, bool) == (kind == "boolean")


def _build(node: dict[str, Any]) -> Any:
    if "$repeat" in node:
        return str(node["$repeat"]) * int(node["$times"])
    if "$join" in node:
        return "".join(map(str, node["$join"]))
    if "$now" in node:
        instant = datetime.fromtimestamp(int(time.time()) + node["$now"], UTC)
        return instant.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return node


def _look_up(name: str, values: Mapping[str, Any]) -> Any:
    first, *rest = name.split(".")
    try:
        node = values[first]
        for part in rest:
            node = node[int(part)] if isinstance(node, list) else node[part]
    except (KeyError, IndexError, TypeError, ValueError):
        raise StoryError(f"nothing is saved as {name}") from None
    return node


def _show(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:200]}… ({len(text)} characters)"
