"""Reads documents and YAML, from files and from the network."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any, ClassVar
from urllib.error import URLError
from urllib.request import Request, urlopen

import yaml

TIMEOUT_SECONDS = 20.0
MAX_BYTES = 20_000_000


class _JsonLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML with the values of JSON: what looks like a date stays a string."""

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, pattern) for tag, pattern in pairs if not tag.endswith(":timestamp")]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def load_yaml(text: str) -> Any:
    """Parse YAML as JSON data; `yaml.YAMLError` when it cannot be read."""
    return _plain_keys(yaml.load(text, Loader=_JsonLoader))


def load_data(source: Path | str) -> Any:
    """Read a JSON or YAML document from a file or from an `http(s)` URL.

    `OSError` where it cannot be had in time, `ValueError` where it cannot be read; both name it.
    """
    text = read_text(source)
    try:
        return json.loads(text) if text.lstrip().startswith("{") else load_yaml(text)
    except (yaml.YAMLError, ValueError) as error:
        raise ValueError(f"{source}: {error}") from error


def read_text(source: Path | str) -> str:
    """The text of a file or of an `http(s)` URL; `OSError` and `ValueError` name what is wrong."""
    data = _fetch(source) if _is_url(source) else Path(source).read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{source} is not UTF-8 text: {error}") from error


def _is_url(source: Path | str) -> bool:
    return str(source).lower().startswith(("http://", "https://"))


def _fetch(url: Path | str) -> bytes:
    headers = {"Accept": "application/json, application/yaml, text/yaml, */*;q=0.5"}
    try:
        with urlopen(Request(str(url), headers=headers), timeout=TIMEOUT_SECONDS) as answer:
            data: bytes = answer.read(MAX_BYTES + 1)
    except URLError as error:
        raise OSError(f"{url}: {error.reason}") from error
    except http.client.HTTPException as error:
        raise OSError(f"{url}: {type(error).__name__} {error}") from error
    if len(data) > MAX_BYTES:
        raise ValueError(f"{url} is larger than {MAX_BYTES} bytes")
    return data


def _plain_keys(node: Any) -> Any:
    """Status codes are numbers in YAML and strings in OpenAPI."""
    if isinstance(node, dict):
        return {str(key): _plain_keys(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain_keys(item) for item in node]
    return node
