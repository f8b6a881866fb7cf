"""Reads YAML with the values of JSON."""

from __future__ import annotations

from typing import Any, ClassVar

import yaml


class _JsonLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML with the values of JSON: what looks like a date stays a string."""

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, pattern) for tag, pattern in pairs if not tag.endswith(":timestamp")]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def load_yaml(text: str) -> Any:
    """Parse YAML as JSON data; `yaml.YAMLError` when it cannot be read."""
    return _plain_keys(yaml.load(text, Loader=_JsonLoader))


def _plain_keys(node: Any) -> Any:
    """Status codes are numbers in YAML and strings in OpenAPI."""
    if isinstance(node, dict):
        return {str(key): _plain_keys(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain_keys(item) for item in node]
    return node
