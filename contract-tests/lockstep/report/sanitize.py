"""Sanitises text sent by a server: it may contain anything."""

from __future__ import annotations

import re

# Control characters, marks that turn the direction of text, lone surrogates, noncharacters.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)


def visible(text: str) -> str:
    """The text with what cannot be seen as a picture of it or as `<U+XXXX>`.

    Line ends and tabs stay. The result can be written as UTF-8 and in XML 1.0.
    """
    return _UNSEEN.sub(_picture, text)


def _picture(match: re.Match[str]) -> str:
    number = ord(match.group())
    return chr(0x2400 + number) if number < 0x20 else f"<U+{number:04X}>"
