"""Tables as texts: comma-separated and tab-separated values."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from lockstep.transport.literals import Object
from lockstep.transport.streams import bare, parameter

_TABLE = re.compile(r"(text|application)/(x-)?(csv|comma-separated-values|tab-separated-values)")
_NAME = re.compile(r"[^\W\d][^\n]{0,79}")


def is_table(content_type: str | None) -> bool:
    """Whether bodies of a media type are rows of values."""
    return _TABLE.fullmatch(bare(content_type)) is not None


def parse_table(content_type: str | None, body: bytes) -> list[Any]:
    """The rows of a table (RFC 4180), `ValueError` where it is none.

    Below a row of names each row is an object with these; one that has more or fewer cells is a
    list of its cells. So is every row of a table without names.
    """
    try:
        text = body.decode(parameter(content_type, "charset") or "utf-8")
        separator = "\t" if "tab" in bare(content_type) else _separator(text)
        read = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        rows = [row for row in read if row]
    except (csv.Error, LookupError) as error:
        raise ValueError(str(error)) from error
    if not rows or not _has_names(content_type, rows[0]):
        return rows
    names, *others = rows
    return [
        Object(list(zip(names, row, strict=True))) if len(row) == len(names) else row
        for row in others
    ]


def _separator(text: str) -> str:
    """What parts the cells of the first line: some programs write semicolons for commas."""
    first = text.partition("\n")[0]
    return ";" if ";" in first and "," not in first else ","


def _has_names(content_type: str | None, row: list[str]) -> bool:
    if parameter(content_type, "header") == "absent":
        return False
    return len(set(row)) == len(row) and all(map(_NAME.fullmatch, row))
