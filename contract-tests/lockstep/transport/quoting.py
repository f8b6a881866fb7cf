"""Formats values of requests and responses for use in sentences."""

from __future__ import annotations

import re

MAX_VALUE = 80


def code(text: str) -> str:
    """Format a name as code; the only use of backticks in sentences."""
    return f"`{text.replace('`', chr(39))}`"


def shown(text: str, limit: int = MAX_VALUE) -> str:
    """Format a value, which may be untrusted, on one line of at most `limit` characters."""
    plain = re.sub(r"\s*\n\s*", " / ", text.strip()).replace("`", "'")
    line = "".join(map(_visible, plain))
    return line if len(line) <= limit else f"{line[:limit]}…"


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"
