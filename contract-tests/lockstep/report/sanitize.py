"""Sanitises text sent by a server, which may contain any characters."""

from __future__ import annotations

import re

# Control characters, bidirectional formatting characters, lone surrogates, noncharacters.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)


def visible(text: str) -> str:
    """Replace invisible characters with their Unicode symbol or `<U+XXXX>`.

    Line breaks and tabs are kept. The result can be encoded as UTF-8 and used in XML 1.0.
    """
    return _UNSEEN.sub(_picture, text)


def _picture(match: re.Match[str]) -> str:
    number = ord(match.group())
    return chr(0x2400 + number) if number < 0x20 else f"<U+{number:04X}>"
