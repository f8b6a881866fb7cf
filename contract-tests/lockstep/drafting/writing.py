"""Writes a draft as YAML that people read, and readers of YAML 1.1 and 1.2 alike."""

from __future__ import annotations

import re
from typing import Any

import yaml

_TAG = "tag:yaml.org,2002:"
# What YAML 1.2 reads as a number, and 1.1 as a text (YAML 1.2, 10.3.2).
_NUMBERS = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$|0o[0-7]+$")
_WIDTH = 100


class _Dumper(yaml.SafeDumper):
    """Lists are indented below their names, and nothing is written as a reference to before."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        """Indent, also in lists."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, _data: Any) -> bool:
        """Write everything out."""
        return True


_Dumper.add_implicit_resolver(f"{_TAG}float", _NUMBERS, list("-+.0123456789"))


def as_yaml(document: dict[str, Any]) -> str:
    """The text of a document, its members in their order."""
    text: str = yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH
    )
    return text
