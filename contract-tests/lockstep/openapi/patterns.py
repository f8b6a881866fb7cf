"""Converts regular expressions to the ECMAScript dialect of the validator (JSON Schema, 6.3.3).

Many documents contain patterns in the dialect of Perl, Python or Java instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

import jsonschema_rs

# Syntax of other dialects, and its equivalent in the validator's.
_WRITTEN = (
    (r"\(\?#[^)]*\)", ""),
    (r"\\Z(?![A-Za-z])", r"\\z"),
    (r"\\h", r"[ \\t]"),
    (r"\\R", r"(?:\\r\\n|\\n|\\r)"),
    (r"\[\^\]", r"[\\s\\S]"),
    (r"\{,(\d+)\}", r"{0,\1}"),
    # Braces that are not a quantifier are literal.
    (r"(?<!\\)\{(?!\d+(?:,\d*)?\})(?<!\\[pPux]\{)", r"\\{"),
)
_QUOTED = re.compile(r"\\Q(.*?)(?:\\E|$)", re.DOTALL)
_CLASS = re.compile(r"\[(?:\\.|[^\]\\])+\]", re.DOTALL)
# A hyphen beside a character class is literal, not a range.
_HYPHEN = re.compile(r"(?<=\\[wWdDsS])-|-(?=\\[wWdDsS])")
# A capturing group, with its name if it has one.
_GROUP = re.compile(r"\\.|\((?:(?!\?)|\?P?<(?![=!])(\w+)>)", re.DOTALL)
_BACK = re.compile(r"\\k<(\w+)>|\(\?P=(\w+)\)")
# With the delimiters of PHP and Perl; taken literally, `/` before `^` could never match.
_DELIMITED = re.compile(r"/(\^.*\$)/([a-z]*)", re.DOTALL)
# Sets of POSIX inside brackets, which ECMAScript reads as their letters.
_BRACKETS = re.compile(r"\[((?:\\.|\[:[a-z]+:\]|[^\]\\\[])*)\]", re.DOTALL)
_POSIX = re.compile(r"\[:(alpha|digit|alnum|upper|lower|space|blank|punct|xdigit|word):\]")
_POSIX_SETS = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\s",
    "blank": r" \t",
    "punct": r"!-\/:-@\[-`{-~",
    "xdigit": "0-9A-Fa-f",
    "word": r"\w",
}
_BRACKET = re.compile(r"(?<!\\)\[(?!:)")


@lru_cache(maxsize=20_000)
def readable(pattern: str) -> str | None:
    """Return the pattern in the validator's dialect, `None` if it cannot be converted."""
    delimited = _DELIMITED.fullmatch(pattern)
    if delimited is not None:
        pattern = ("(?i)" if "i" in delimited[2] else "") + delimited[1]
    pattern = _BRACKETS.sub(lambda found: f"[{_POSIX.sub(_posix_set, found[1])}]", pattern)
    if _is_read(pattern):
        return pattern
    changed = _BACK.sub(_numbered(pattern), pattern)
    changed = _QUOTED.sub(lambda found: re.escape(found[1]), changed)
    changed = _CLASS.sub(lambda found: _hyphens(found[0]), changed)
    if _is_read(changed):
        return changed
    for written, meant in _WRITTEN:
        changed = re.sub(written, meant, changed)
        if _is_read(changed):
            return changed
    return None


def _posix_set(found: re.Match[str]) -> str:
    return _POSIX_SETS[found[1]]


def _numbered(pattern: str) -> Callable[[re.Match[str]], str]:
    """Return the replacement of a named backreference by a numbered one."""
    groups = [found[1] for found in _GROUP.finditer(pattern) if found[0].startswith("(")]

    def by_number(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        return f"(?:\\{groups.index(name) + 1})" if name in groups else found[0]

    return by_number


def _hyphens(characters: str) -> str:
    inner = _HYPHEN.sub(r"\\-", characters[1:-1].replace(r"\h", r" \t"))
    return "[" + _BRACKET.sub(r"\\[", inner) + "]"


def _is_read(pattern: str) -> bool:
    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern})
    except ValueError:
        return False
    return True
