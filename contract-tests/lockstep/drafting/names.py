"""Names for what is drafted: parameters, operations, schemas."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import unquote

from lockstep.openapi.naming import is_plural, singular, words

_PLACE = re.compile(r"\{[^}]*\}")


def camel(parts: Sequence[str]) -> str:
    """Words as one name: `taskList`."""
    return "".join(parts[:1]) + "".join(map(capital, parts[1:]))


def pascal(parts: Sequence[str]) -> str:
    """Words as one name: `TaskList`."""
    return "".join(map(capital, parts))


def capital(word: str) -> str:
    """A word with a capital letter; the rest stays."""
    return word[:1].upper() + word[1:]


def words_of(segment: str) -> tuple[str, ...]:
    """The words of a path segment or of a member, without accents; other scripts have none."""
    text = unquote(segment)
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
        text = "".join(each for each in text if not unicodedata.combining(each))
    return words(text) if text.isascii() else ()


def singular_words(segment: str) -> tuple[str, ...]:
    """The words for one of the things of a segment: `task-lists` -> task, list."""
    found = words_of(segment)
    return (*found[:-1], singular(found[-1])) if found else ()


def names_many(segment: str) -> bool:
    """Whether a segment is called like a collection."""
    found = words_of(segment)
    return bool(found) and is_plural(found[-1])


def is_parameter(part: str) -> bool:
    """Whether a part of a template stands for any segment."""
    return _PLACE.fullmatch(part) is not None


def parts_of(template: Sequence[str]) -> tuple[str, ...]:
    """The parts of a template without empty ones: a slash at the end makes no difference."""
    return tuple(part for part in template if part)


def literals(parts: Sequence[str]) -> list[str]:
    """The parts of a template that stand for themselves."""
    return [part for part in parts if part and not is_parameter(part)]


def unique(name: str, taken: set[str]) -> str:
    """A name that is not taken yet, with a number if need be; it is taken from now on."""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}{number}"
    taken.add(found)
    return found
