"""Writes a draft as readable YAML that has the same meaning in YAML 1.1 and 1.2."""

from __future__ import annotations

import re
from typing import Any

import yaml

_TAG = "tag:yaml.org,2002:"
# Strings in YAML 1.1 that are numbers in YAML 1.2 (10.3.2).
_NUMBERS = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$|0o[0-7]+$")
_WIDTH = 100


class _Dumper(yaml.SafeDumper):
    """Indents lists in mappings, and writes no anchors and aliases."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        """Indent lists, too."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, _data: Any) -> bool:
        """Never write an alias."""
        return True


_Dumper.add_implicit_resolver(f"{_TAG}float", _NUMBERS, list("-+.0123456789"))


def as_yaml(document: dict[str, Any]) -> str:
    """Return a document as YAML, with its members in their order."""
    text: str = yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH
    )
    return text
