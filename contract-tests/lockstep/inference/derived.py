"""Recognizes names that a server derives from input, such as slugs.

`hello` and `hello-73` follow the same rule: the number only makes the name unique. `hello` and
`Hello` do not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from lockstep.inference.forms import has_digit

_SEPARATOR = re.compile(r"([\W_]+)")
_WORD = re.compile(r"[^\W_]+")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
# Pronounceable: each run of consonants is short.
_PRONOUNCEABLE = re.compile(r"([^aeiouy]{0,3}[aeiouy]{1,3})+[^aeiouy]{0,3}")
_MIN_RANDOM = 4


def same_rule(left: str, right: str, sources: Iterable[str] = ()) -> bool:
    """Whether two names differ only in a prefix or suffix that servers add to make them unique.

    `sources` are the texts that the names may be derived from, if they are known.
    """
    words = [_words(source) for source in sources]
    ours, theirs = _SEPARATOR.split(left), _SEPARATOR.split(right)
    if _alike(ours, theirs, words):
        return True
    backwards = [list(reversed(source)) for source in words]
    return _alike(ours[::-1], theirs[::-1], backwards)


def is_derived(names: Iterable[str], sources: Iterable[str]) -> bool:
    """Whether one of the names contains a word of a source."""
    known = {word for source in sources for word in _words(source)}
    parts = {part for name in names for part in _LETTERS.findall(name.casefold())}
    return not known.isdisjoint(parts)


def same_but_for_form(left: str, right: str, sources: Iterable[str] = ()) -> bool:
    """Whether two names follow the same rule except for their case and separators."""
    ours, theirs = (_SEPARATOR.sub("-", name.casefold()) for name in (left, right))
    return same_rule(ours, theirs, sources) or ours == theirs


def _alike(left: list[str], right: list[str], sources: list[list[str]]) -> bool:
    """Whether two names, split into words and separators, differ only in a generated last word."""
    shared = 0
    while shared < min(len(left), len(right)) and left[shared] == right[shared]:
        shared += 1
    rests = left[shared:], right[shared:]
    if max(map(len, rests)) > 2 or {len(rest) for rest in rests} == {1, 2}:
        return False
    if len(rests[0]) == len(rests[1]) == 2 and rests[0][0] != rests[1][0]:
        return False
    a, b = (rest[-1] if rest else "" for rest in rests)
    start = [part for part in left[:shared] if _WORD.fullmatch(part)]
    following = _following(start, sources)
    if _is_numbered(a, b):
        return max(a, b, key=len).casefold() not in following
    return following.isdisjoint({a.casefold(), b.casefold()}) and _generated(a, b, sources)


def _following(start: list[str], sources: list[list[str]]) -> set[str]:
    """Return the next words of the sources that begin with the words `start`."""
    known = [word.casefold() for word in start]
    return {
        source[len(known)]
        for source in sources
        if len(source) > len(known) and source[: len(known)] == known
    }


def _is_numbered(a: str, b: str) -> bool:
    """Whether two parts differ only in a number at the end of a word: `ann` and `ann2`."""
    bare, other = a.rstrip("0123456789"), b.rstrip("0123456789")
    return a != b and bare == other != ""


def _generated(a: str, b: str, sources: list[list[str]]) -> bool:
    """Whether two parts, one of which may be empty, are numbers or random."""
    if a.casefold() == b.casefold():
        return False
    if all(part.isdigit() for part in (a, b) if part):
        return True
    return all(_is_random(part, sources) for part in (a, b) if part) and _one_case(a, b)


def _is_random(part: str, sources: list[list[str]]) -> bool:
    if part.isdigit():
        return True
    if len(part) < _MIN_RANDOM or not part.isascii():
        return False
    if has_digit(part):
        return True
    known = {word for source in sources for word in source}
    return part.casefold() not in known and _PRONOUNCEABLE.fullmatch(part.casefold()) is None


def _one_case(a: str, b: str) -> bool:
    cases = {part.islower() for part in (a, b) if part and not part.isdigit()}
    return len(cases) < 2


def _words(text: str) -> list[str]:
    """Split a text into case-folded words without accents."""
    plain = unicodedata.normalize("NFKD", text)
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return [word.casefold() for word in _WORD.findall(kept)]
