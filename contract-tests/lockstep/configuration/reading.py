"""Reads `lockstep.toml`, and plans like it, and reports all of their errors."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema_rs

from lockstep.configuration.lines import line_of
from lockstep.schemas import load_schema

FILE_NAME = "lockstep.toml"
# Upper case only: `${email}` is a value of a user, not an environment variable.
_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")

Path_ = Sequence[str | int]


class ConfigurationError(Exception):
    """A configuration is invalid; the message has a line with file and number for each error."""


@dataclass(slots=True)
class Source:
    """A parsed configuration.

    `data` has the structure of `configuration.schema.json`; `secrets` came from environment
    variables.
    """

    data: dict[str, Any] = field(default_factory=dict)
    path: Path | None = None
    text: str = ""
    secrets: set[str] = field(default_factory=set)

    def fault(self, path: Path_, message: str) -> str:
        """Format one error for users; `path` leads to the invalid value."""
        where = "".join(f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in path)
        place = f"{self.path}:{line_of(self.text, path)}: " if self.path else ""
        return f"{place}{where.lstrip('.') + ': ' if where else ''}{message}"

    def beside(self, name: str) -> Path:
        """Resolve a path in the configuration, relative to the configuration's directory."""
        return self.path.parent / name if self.path else Path(name)


def read(path: Path, schema: str = "configuration") -> Source:
    """Read a file of a published schema; raise `ConfigurationError` with all of its errors."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}:{_line_in(str(error), text)}: {error}") from error
    source = Source(data, path, text)
    faults = check(source, schema)
    source.data = _filled(data, (), source, faults)
    if faults:
        raise ConfigurationError("\n".join(faults))
    return source


def check(source: Source, name: str = "configuration") -> list[str]:
    """Return the violations of a published schema by a configuration."""
    schema = load_schema(name)
    errors = jsonschema_rs.validator_for(schema).iter_errors(source.data)
    return [
        source.fault(path, message)
        for error in errors
        for path, message in _messages(error, schema)
    ]


def _messages(
    error: jsonschema_rs.ValidationError, schema: Mapping[str, Any]
) -> Iterator[tuple[Path_, str]]:
    path, kind = list(error.instance_path), error.kind
    match kind:
        case jsonschema_rs.ValidationErrorKind.AdditionalProperties():
            allowed = list(_at(schema, error.schema_path[:-1])["properties"])
            yield from (([*path, name], _unknown(name, allowed)) for name in kind.unexpected)
        case jsonschema_rs.ValidationErrorKind.Type() if _is_table_for_list(error):
            yield path, f"there may be several: begin each of them with [[{path[-1]}]]"
        case jsonschema_rs.ValidationErrorKind.Required():
            yield path, f"{kind.property} is missing"
        case jsonschema_rs.ValidationErrorKind.OneOfNotValid():
            yield path, f"one of {_alternatives(schema, error)} is needed"
        case jsonschema_rs.ValidationErrorKind.OneOfMultipleValid():
            yield path, f"only one of {_alternatives(schema, error)} is possible"
        case jsonschema_rs.ValidationErrorKind.Not():
            yield path, "only one of json, form is possible"
        case _:
            description = _at(schema, error.schema_path[:-1]).get("description", "")
            yield path, error.message + (f" ({description})" if description else "")


def _is_table_for_list(error: jsonschema_rs.ValidationError) -> bool:
    return isinstance(error.instance, dict) and error.message.endswith('is not of type "array"')


def _unknown(name: str, allowed: list[str]) -> str:
    near = difflib.get_close_matches(name, allowed, 1)
    return (
        f"unknown; did you mean {near[0]}?"
        if near
        else f"unknown; must be one of {', '.join(allowed)}"
    )


def _alternatives(schema: Mapping[str, Any], error: jsonschema_rs.ValidationError) -> str:
    return ", ".join(part["required"][0] for part in _at(schema, error.schema_path))


def _at(schema: Mapping[str, Any], path: Path_) -> Any:
    node: Any = schema
    for part in path:
        node = node[part]
        if part == "$ref":
            node = _at(schema, node.removeprefix("#/").split("/"))
    return node


def _filled(node: Any, path: Path_, source: Source, faults: list[str]) -> Any:
    """Return the values with environment variables substituted."""
    if isinstance(node, dict):
        return {
            name: _filled(member, [*path, name], source, faults) for name, member in node.items()
        }
    if isinstance(node, list):
        return [_filled(member, [*path, at], source, faults) for at, member in enumerate(node)]
    if not isinstance(node, str):
        return node

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        if found is None:
            faults.append(source.fault(path, f"the environment variable {match[1]} is not set"))
            return ""
        source.secrets.add(found)
        return found

    return _VARIABLE.sub(value, node)


def _line_in(message: str, text: str) -> int:
    found = re.search(r"at line (\d+)", message)
    return int(found[1]) if found else len(text.splitlines())
