"""Builds the names of parameters, operations and schemas."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import unquote

from lockstep.openapi.naming import is_plural, singular, words

_PLACE = re.compile(r"\{[^}]*\}")


def camel(parts: Sequence[str]) -> str:
    """Join words in camel case: `taskList`."""
    return "".join(parts[:1]) + "".join(map(capital, parts[1:]))


def pascal(parts: Sequence[str]) -> str:
    """Join words in Pascal case: `TaskList`."""
    return "".join(map(capital, parts))


def capital(word: str) -> str:
    """Return a word with its first letter in upper case, and the rest unchanged."""
    return word[:1].upper() + word[1:]


def words_of(segment: str) -> tuple[str, ...]:
    """Split a path segment or member name into words without accents; none if it is not Latin."""
    text = unquote(segment)
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
        text = "".join(each for each in text if not unicodedata.combining(each))
    return words(text) if text.isascii() else ()


def singular_words(segment: str) -> tuple[str, ...]:
    """Return the words of a path segment in the singular: `task-lists` -> task, list."""
    found = words_of(segment)
    return (*found[:-1], singular(found[-1])) if found else ()


def names_many(segment: str) -> bool:
    """Whether a path segment is named like a collection, in the plural."""
    found = words_of(segment)
    return bool(found) and is_plural(found[-1])


def is_parameter(part: str) -> bool:
    """Whether a part of a path template is a parameter."""
    return _PLACE.fullmatch(part) is not None


def parts_of(template: Sequence[str]) -> tuple[str, ...]:
    """Return the non-empty parts of a template: a trailing slash makes no difference."""
    return tuple(part for part in template if part)


def literals(parts: Sequence[str]) -> list[str]:
    """Return the literal parts of a template."""
    return [part for part in parts if part and not is_parameter(part)]


def unique(name: str, taken: set[str]) -> str:
    """Return a name that is not in `taken`, with a numeric suffix if necessary, and add it."""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}{number}"
    taken.add(found)
    return found
