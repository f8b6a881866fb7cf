"""Reads documents and YAML, from files and from the network."""

from __future__ import annotations

import codecs
import http.client
import json
import re
import socket
import ssl
from pathlib import Path
from typing import Any, ClassVar
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import yaml

from lockstep.openapi.mistakes import page_fault

TIMEOUT_SECONDS = 20.0
MAX_BYTES = 20_000_000
_TAG = "tag:yaml.org,2002:"
# YAML 1.2, 10.3.2, without what JSON cannot say (`.inf`, `.nan`); `NO`, `on`, dates and `1:30` are
# texts there. PyYAML knows YAML 1.1 alone, but it is the one that parses in C.
_CORE = (
    ("null", r"~|null|Null|NULL|", ("~", "n", "N", "")),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    # No part of the core schema, and yet in many documents.
    ("merge", r"<<", "<"),
)


class _JsonLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML 1.2 with the values of JSON; keys are the texts that they are written as."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[str, Any]:
        """The members by name; a status code is a number in YAML and a text in OpenAPI."""
        self.flatten_mapping(node)
        members: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key that is no text", key.start_mark
                )
            members[key.value] = self.construct_object(value, deep=deep)
        return members

    def construct_core_int(self, node: yaml.ScalarNode) -> int:
        """A number; without a prefix it is decimal, whatever its zeros."""
        return int(node.value, {"0o": 8, "0x": 16}.get(node.value[:2], 10))

    def construct_text(self, node: yaml.Node) -> Any:
        """A value of a tag that JSON has nothing for, as it is written."""
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
for _name in ("binary", "timestamp", "set", "omap", "pairs"):
    _JsonLoader.add_constructor(f"{_TAG}{_name}", _JsonLoader.construct_text)


class _BytesLoader(_JsonLoader):
    """The same with bytes for what is tagged as binary, and texts for those of Python and Ruby."""


_BytesLoader.add_constructor(f"{_TAG}binary", yaml.SafeLoader.construct_yaml_binary)
_BytesLoader.add_constructor("!binary", yaml.SafeLoader.construct_yaml_binary)
for _prefix in (f"{_TAG}python/", "!ruby/"):
    _BytesLoader.add_multi_constructor(
        _prefix, lambda loader, _suffix, node: loader.construct_text(node)
    )


def load_yaml(text: str, *, with_bytes: bool = False) -> Any:
    """Parse YAML as JSON data, on request with bytes; `yaml.YAMLError` when it cannot be read."""
    return yaml.load(text, Loader=_BytesLoader if with_bytes else _JsonLoader)


def load_data(source: Path | str) -> Any:
    """Read a JSON or YAML document from a file or from an `http(s)` URL.

    `OSError` if it cannot be had in time, `ValueError` if it cannot be read; both name it.
    """
    text = read_text(source)
    if page := page_fault(text, str(source)):
        raise ValueError(f"{source}: {page}")
    try:
        return _parsed(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        told = " ".join(str(error).split()).replace(' in "<unicode string>"', "")
        raise ValueError(f"{source}: {told}") from error


def read_text(source: Path | str) -> str:
    """The text of a file or of an `http(s)` URL; `OSError` and `ValueError` name what is wrong."""
    data = _fetch(source) if is_url(source) else _read(Path(source))
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
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
    """Whether a source is had from the network."""
    return str(source).lower().startswith(("http://", "https://"))


def _parsed(text: str) -> Any:
    if not text.lstrip().startswith(("{", "[")):
        return load_yaml(text)
    try:
        return json.loads(text)
    except ValueError:
        # In YAML braces may hold what JSON does not allow: comments, bare words.
        try:
            return load_yaml(text)
        except yaml.YAMLError:
            pass
        raise


def _fetch(url: Path | str) -> bytes:
    headers = {"Accept": "application/json, application/yaml, text/yaml, */*;q=0.5"}
    try:
        with urlopen(Request(str(url), headers=headers), timeout=TIMEOUT_SECONDS) as answer:
            data: bytes = answer.read(MAX_BYTES + 1)
    except HTTPError as error:
        error.close()
        raise OSError(f"{url}: {_refusal(error)}") from error
    except URLError as error:
        raise OSError(f"{url}: {_unreachable(error.reason)}") from error
    except TimeoutError as error:
        raise OSError(f"{url}: no whole answer came within {TIMEOUT_SECONDS:g} s") from error
    except (OSError, ValueError) as error:
        raise OSError(f"{url}: {error}") from error
    except http.client.HTTPException as error:
        raise OSError(f"{url}: {type(error).__name__} {error}") from error
    if len(data) > MAX_BYTES:
        raise ValueError(f"{url} is larger than {MAX_BYTES} bytes")
    return data


def _refusal(error: HTTPError) -> str:
    said = f"it answers {error.code} {error.reason}".rstrip()
    if error.code in (401, 403):
        return f"{said}: download the document with your credentials, and give the file"
    if error.code == 404:
        return f"{said}: is the document at another path, such as /openapi.json or /v3/api-docs?"
    return f"{said}: is this the address of the document?"


def _unreachable(reason: object) -> str:
    """Why a server could not be asked, and what to do."""
    told = str(reason)
    if isinstance(reason, ConnectionRefusedError):
        return "nothing listens there: is the server running, and is the port correct?"
    if isinstance(reason, socket.gaierror):
        return "no such host: is its name correct?"
    if isinstance(reason, TimeoutError):
        return f"no answer came within {TIMEOUT_SECONDS:g} s"
    if "CERTIFICATE_VERIFY_FAILED" in told:
        return "its certificate is not trusted: download the document, and give the file"
    if isinstance(reason, ssl.SSLError):
        return "it does not speak HTTPS: try http://…"
    return told
