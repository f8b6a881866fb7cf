"""Loads JSON and YAML documents from files and URLs."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import yaml

from lockstep.openapi.mistakes import page_fault
from lockstep.openapi.repeated_keys import RepeatedKeys

TIMEOUT_SECONDS = 20.0
MAX_BYTES = 20_000_000
# The largest public documents have some 500,000 values.
_MOST_VALUES = 5_000_000
_TAG = "tag:yaml.org,2002:"
# The core schema of YAML 1.2 (10.3.2) without `.inf` and `.nan`, which JSON lacks; `NO`, `on`,
# dates and `1:30` are strings in it. PyYAML implements only YAML 1.1, but it parses in C.
_CORE = (
    ("null", r"~|null|Null|NULL|", ("~", "n", "N", "")),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    # Not in the core schema, but in many documents.
    ("merge", r"<<", "<"),
)


class _JsonLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Loads YAML 1.2 as JSON data; keys are strings, as they are written."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.repeated = RepeatedKeys()

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[str, Any]:
        """Return a mapping with string keys: OpenAPI wants status codes as strings."""
        own = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        several = {name for name, count in own.items() if count > 1 and name != "<<"}
        written = len(node.value) - own["<<"]
        self.flatten_mapping(node)
        members: dict[str, Any] = {}
        seen: set[str] = set()
        # Members of merged mappings (`<<`) come first, and may be overridden.
        for at, (key, value) in enumerate(node.value, written - len(node.value)):
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key that is not a scalar", key.start_mark
                )
            name = key.value
            member = self.construct_object(value, deep=deep or name in several)
            if at >= 0 and name in seen:
                where = f" in line {key.start_mark.line + 1}"
                member = self.repeated.joined(name, members[name], member, where)
            members[name] = member
            if at >= 0:
                seen.add(name)
        return members

    def construct_core_int(self, node: yaml.ScalarNode) -> int:
        """Return an integer; without `0o` or `0x` it is decimal, even with leading zeros."""
        return int(node.value, {"0o": 8, "0x": 16}.get(node.value[:2], 10))

    def construct_text(self, node: yaml.Node) -> Any:
        """Return a value as it is written, for a tag that JSON has no type for."""
        match node:
            case yaml.MappingNode():
                return self.construct_mapping(node, deep=True)
            case yaml.SequenceNode():
                return self.construct_sequence(node, deep=True)
        return node.value


for _name, _pattern, _first in _CORE:
    _JsonLoader.add_implicit_resolver(
        f"{_TAG}{_name}", re.compile(f"(?:{_pattern})$"), list(_first)
    )
_JsonLoader.add_constructor(f"{_TAG}int", _JsonLoader.construct_core_int)
# Tags of other tools, such as `!Sub` of AWS CloudFormation.
_JsonLoader.add_constructor(None, _JsonLoader.construct_text)
for _name in ("binary", "timestamp", "set", "omap", "pairs"):
    _JsonLoader.add_constructor(f"{_TAG}{_name}", _JsonLoader.construct_text)


class _BytesLoader(_JsonLoader):
    """Also loads `!!binary` as bytes; Python and Ruby tags are ignored."""


_BytesLoader.add_constructor(f"{_TAG}binary", yaml.SafeLoader.construct_yaml_binary)
_BytesLoader.add_constructor("!binary", yaml.SafeLoader.construct_yaml_binary)
for _prefix in (f"{_TAG}python/", "!ruby/"):
    _BytesLoader.add_multi_constructor(
        _prefix, lambda loader, _suffix, node: loader.construct_text(node)
    )


def load_yaml(text: str, *, with_bytes: bool = False) -> Any:
    """Parse YAML as JSON data, optionally with bytes; raise `yaml.YAMLError` if it is invalid."""
    return _yaml(text, _BytesLoader if with_bytes else _JsonLoader)[0]


def _yaml(text: str, kind: type[_JsonLoader] = _JsonLoader) -> tuple[Any, list[str]]:
    loader = kind(text)
    try:
        data, sentences = loader.get_single_data(), loader.repeated.sentences
        if "*" in text and _values_in(data, {}) > _MOST_VALUES:
            raise ValueError(f"its aliases expand to more than {_MOST_VALUES:,} values")
        return data, sentences
    finally:
        loader.dispose()


def _values_in(node: Any, known: dict[int, int]) -> int:
    """Count the values of YAML data with its aliases expanded; `RecursionError` for a cycle."""
    if not isinstance(node, dict | list):
        return 1
    if id(node) not in known:
        inner = node.values() if isinstance(node, dict) else node
        known[id(node)] = 1 + sum(_values_in(each, known) for each in inner)
    return known[id(node)]


def load_data(source: Path | str) -> Any:
    """Load a JSON or YAML document from a file or an `http(s)` URL.

    Raise `OSError` if it cannot be read in time, `ValueError` if it cannot be parsed; both name
    the source.
    """
    return load_checked(source)[0]


def load_checked(source: Path | str) -> tuple[Any, list[str]]:
    """Load a document like `load_data`, and describe each key that is repeated in an object."""
    text = read_text(source)
    if page := page_fault(text, str(source)):
        raise ValueError(f"{source}: {page}")
    try:
        return _parsed(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split()).replace(' in "<unicode string>"', "")
        raise ValueError(f"{source}: {reason}") from error


def read_text(source: Path | str) -> str:
    """Read the text of a file or an `http(s)` URL; raise `OSError` or `ValueError` on failure."""
    data = _fetch(source) if is_url(source) else _read(Path(source))
    try:
        # JSON and YAML may be in UTF-16 or UTF-32 (YAML 1.2, 5.2), with a byte order mark or not.
        return data.decode(json.detect_encoding(data))
    except UnicodeDecodeError as error:
        raise ValueError(f"{source} is not UTF-8 text: {error}") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise OSError(f"no such file: {path}") from error
    except OSError as error:
        raise OSError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from error


def is_url(source: Path | str) -> bool:
    """Whether a source is an `http(s)` URL."""
    return str(source).lower().startswith(("http://", "https://"))


def _parsed(text: str) -> tuple[Any, list[str]]:
    if not text.lstrip().startswith(("{", "[")):
        return _yaml(text)
    repeated = RepeatedKeys()
    try:
        return json.loads(text, object_pairs_hook=repeated.members), repeated.sentences
    except ValueError:
        # A YAML flow mapping may contain comments and plain scalars, unlike JSON.
        try:
            return _yaml(text)
        except yaml.YAMLError:
            pass
        raise


def _fetch(url: Path | str) -> bytes:
    headers = {"Accept": "application/json, application/yaml, text/yaml, */*;q=0.5"}
    try:
        with urlopen(Request(str(url), headers=headers), timeout=TIMEOUT_SECONDS) as response:
            data: bytes = response.read(MAX_BYTES + 1)
    except HTTPError as error:
        error.close()
        raise OSError(f"{url}: {_refusal(error)}") from error
    except URLError as error:
        raise OSError(f"{url}: {_unreachable(error.reason)}") from error
    except TimeoutError as error:
        raise OSError(f"{url}: no complete response within {TIMEOUT_SECONDS:g} s") from error
    except (OSError, ValueError) as error:
        raise OSError(f"{url}: {error}") from error
    except http.client.HTTPException as error:
        raise OSError(f"{url}: {type(error).__name__} {error}") from error
    if len(data) > MAX_BYTES:
        raise ValueError(f"{url} is larger than {MAX_BYTES} bytes")
    return data


def _refusal(error: HTTPError) -> str:
    status = f"it returns {error.code} {error.reason}".rstrip()
    if error.code in (401, 403):
        return f"{status}: download the document with your credentials, and use the file"
    if error.code == 404:
        return f"{status}: is the document at another path, such as /openapi.json or /v3/api-docs?"
    return f"{status}: is this the address of the document?"


def _unreachable(reason: object) -> str:
    """Return why a server cannot be reached, and what to do."""
    text = str(reason)
    if isinstance(reason, ConnectionRefusedError):
        return "nothing listens there: is the server running, and is the port correct?"
    if isinstance(reason, socket.gaierror):
        return "no such host: is its name correct?"
    if isinstance(reason, TimeoutError):
        return f"no response within {TIMEOUT_SECONDS:g} s"
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return "its certificate is not trusted: download the document, and use the file"
    if isinstance(reason, ssl.SSLError):
        return "it does not speak HTTPS: try http://…"
    return text
