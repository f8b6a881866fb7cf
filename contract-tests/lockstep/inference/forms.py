"""Recognizes the format of generated values: UUIDs, hashes, random tokens, prefixed ids."""

from __future__ import annotations

import base64
import binascii
import json
import re
from functools import lru_cache
from typing import Any

_UUID = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-([0-9a-fA-F])[0-9a-fA-F]{3}(-[0-9a-fA-F]{4,12}){2}"
)
_HEX = re.compile(r"[0-9a-fA-F]+")
_DIGITS = re.compile(r"[0-9]+")
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_PREFIXED = re.compile(r"([A-Za-z][A-Za-z0-9]{0,11}[_:-])([A-Za-z0-9]{6,}|[0-9]+)")
_WORD_PREFIX = re.compile(r"([A-Za-z][a-z]+|[A-Z]{2,})[_:-]")
_WORD = re.compile(r"[A-Za-z0-9_.~+/=:-]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{2,}={0,2}")
_URL_SAFE = str.maketrans("+/", "-_")
_MADE_PART = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|\d+")
_SHORT = re.compile(r"[A-Za-z0-9_-]{6,}")
_PLAIN = re.compile(r"[A-Z]?[a-z]+(?:[_-][a-z]+)*|[A-Z]+(?:[_-][A-Z]+)*")
# Random texts of this length with mixed case are unlikely to have letters of only one case.
_TELLS_CASE = 20
_MIN_MADE = 8


@lru_cache(maxsize=20_000)
def form_of(text: str) -> str | None:
    """Return the format of a generated value, such as `uuid 4 lower`; `None` for other texts.

    Values that are generated in the same way have the same format.
    """
    uuid = _UUID.fullmatch(text)
    if uuid:
        return f"uuid {uuid.group(1)} {_case(text)}"
    if _DIGITS.fullmatch(text):
        return f"digits {len(text)}" if text.startswith("0") and len(text) > 1 else "digits"
    if claims_of(text) is not None:
        return "jwt"
    if _ULID.fullmatch(text):
        return "ulid"
    if not has_digit(text) and (len(text) < _TELLS_CASE or text.lower() == text):
        return None
    if _HEX.fullmatch(text) and len(text) >= _MIN_MADE:
        return f"hex {len(text)} {'lower' if text == text.lower() else 'upper'}"
    return _other_form(text)


def _other_form(text: str) -> str | None:
    prefixed = _PREFIXED.fullmatch(text)
    if prefixed and has_digit(prefixed.group(2)):
        rest = prefixed.group(2)
        if _DIGITS.fullmatch(rest):
            return f"{prefixed.group(1)} digits"
        return f"{prefixed.group(1)} {len(rest)} {_case(rest)}"
    if _WORD.fullmatch(text) and len(text) >= _MIN_MADE:
        return f"random {len(text)} {_case(text)}"
    return None


def same_form(left: str, right: str, *, named: bool = False) -> bool:
    """Whether two values seem to be generated in the same way.

    With `named` the name of their member implies generated values, so that short ones count, too.
    """
    forms = form_of(left), form_of(right)
    if None not in forms:
        if forms[0] == forms[1] or _prefix_by_chance(left, right):
            return True
        if named and len(left) == len(right) and _has_letter_as_prefix(left, right):
            return True
        return _digits_by_chance(*_without_prefix(left, right))
    if not named or len(left) != len(right):
        return False
    words = _SHORT.fullmatch(left) and _SHORT.fullmatch(right)
    mixed = any(
        has_digit(text) or text not in (text.lower(), text.upper()) for text in (left, right)
    )
    return words is not None and mixed


def digitless_by_chance(left: str, right: str) -> bool:
    """Whether two long texts of the same form are random although one of them has no digit.

    Of 22 random characters in base64 for URLs, one text in 40 has none. Two such texts may just as
    well be names in camel case.
    """
    long = len(left) == len(right) >= _TELLS_CASE and _is_mixed(left) and _is_mixed(right)
    return long and same_form(left, right) and is_random(left) != is_random(right)


def _without_prefix(left: str, right: str) -> tuple[str, str]:
    ours, theirs = _PREFIXED.fullmatch(left), _PREFIXED.fullmatch(right)
    if ours is None or theirs is None or ours.group(1) != theirs.group(1):
        return left, right
    return ours.group(2), theirs.group(2)


def _has_letter_as_prefix(left: str, right: str) -> bool:
    """Whether only one of two short random values has a letter before `-` or `_`."""
    prefixes = [
        found.group(1) if found else "" for found in map(_PREFIXED.fullmatch, (left, right))
    ]
    one_alone = "" in prefixes and len("".join(prefixes)) == 2 and ":" not in "".join(prefixes)
    return one_alone and all(_SHORT.fullmatch(text) and has_digit(text) for text in (left, right))


def _prefix_by_chance(left: str, right: str) -> bool:
    """Whether what looks like a prefix in one of two random values of the same length is chance.

    Base64 for URLs has `-` and `_` among its digits. Two different words are two prefixes.
    """
    if len(left) != len(right) or min(len(left), len(right)) < _MIN_MADE:
        return False
    if not all(_BASE64.fullmatch(text) and _is_mixed(text) for text in (left, right)):
        return False
    prefixes = {
        found.group(1) if found else "" for found in map(_PREFIXED.fullmatch, (left, right))
    }
    return len(prefixes) == 2 and not all(map(_WORD_PREFIX.fullmatch, prefixes))


def _is_mixed(text: str) -> bool:
    telling = has_digit(text) or len(text) >= _TELLS_CASE
    return telling and text not in (text.lower(), text.upper())


def _digits_by_chance(left: str, right: str) -> bool:
    """Whether one of two random values of the same length happens to contain only digits."""
    texts = sorted((left, right), key=lambda text: _DIGITS.fullmatch(text) is None)
    lone = _DIGITS.fullmatch(texts[0]) and texts[1].isalnum() and has_digit(texts[1])
    return bool(lone) and len(left) == len(right) >= 6 and not _DIGITS.fullmatch(texts[1])


def is_random(text: str) -> bool:
    """Whether a text is so long and mixed that it must be generated; true for any JWT."""
    form = form_of(text)
    if form is None or form == "digits":
        return False
    return form == "jwt" or (len(text) >= 16 and has_digit(text) and " " not in text)


def is_plain_word(text: str) -> bool:
    """Whether a text is a name such as `approved`, `on-hold` or `IN_PROGRESS`."""
    return _PLAIN.fullmatch(text) is not None


def loosely_alike(left: str, right: str) -> bool:
    """Whether two tokens seem to be of the same kind: similar alphabets and lengths (± 1/8).

    Tokens that contain data, such as signed cookies and cursors, vary slightly in length.
    """
    if form_of(left) == form_of(right) is not None:
        return True
    if not (_WORD.fullmatch(left) and _WORD.fullmatch(right)):
        return False
    longer, shorter = max(len(left), len(right)), min(len(left), len(right))
    pads = "=" in left.rstrip("=") or "=" in right.rstrip("=")
    if pads or longer - shorter > max(3, longer // 8) or left.count(".") != right.count("."):
        return False
    hexes = _HEX.fullmatch(left) is not None, _HEX.fullmatch(right) is not None
    return longer >= _MIN_MADE and hexes[0] == hexes[1] and _alphabet(left) == _alphabet(right)


def same_cursor(left: str, right: str) -> bool:
    """Whether two cursors are the same text in base64 but for the ids and numbers in it.

    How long such a cursor is depends on the number that it carries.
    """
    texts = [_carried(cursor) for cursor in (left, right)]
    return bool(texts[0]) and _MADE_PART.sub("#", texts[0]) == _MADE_PART.sub("#", texts[1])


def other_encoding(left: str, right: str) -> bool:
    """Whether two opaque texts are written in two ways, such as `b2Zmc2V0OjI=` and `pg_2`.

    Texts that only have other numbers, such as `pg_2` and `pg_3`, are written in one way, and a
    number alone is not opaque.
    """
    if not (_WORD.fullmatch(left) and _WORD.fullmatch(right)):
        return False
    plain = _DIGITS.fullmatch(left) or _DIGITS.fullmatch(right)
    return not plain and _MADE_PART.sub("#", left) != _MADE_PART.sub("#", right)


def _carried(cursor: str) -> str:
    """The text that a cursor is made of, empty if it is none."""
    if not _BASE64.fullmatch(cursor):
        return ""
    try:
        text = _decoded(cursor.rstrip("=").translate(_URL_SAFE)).decode("utf-8")
    except ValueError:
        return ""
    return text if text.isprintable() else ""


def claims_of(text: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return the header and the claims of a JSON Web Token (RFC 7519), `None` for other texts."""
    parts = text.split(".")
    if len(parts) != 3 or not text.startswith("ey"):
        return None
    try:
        header, claims = (json.loads(_decoded(part)) for part in parts[:2])
    except (ValueError, binascii.Error):
        return None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        return None
    return header, claims


def has_digit(text: str) -> bool:
    """Whether a text contains an ASCII digit."""
    return any("0" <= letter <= "9" for letter in text)


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _case(text: str) -> str:
    if len(text) < _TELLS_CASE:
        return "any"
    return "lower" if text == text.lower() else "upper" if text == text.upper() else "mixed"


def _alphabet(text: str) -> tuple[str, bool]:
    return _case(text), has_digit(text)
