"""Texts that match a schema: fixed ones, or a different one for each user and request."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import re
import string
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

import hypothesis
from hypothesis import strategies
from hypothesis.errors import HypothesisException
from schemathesis.core.jsonschema.patterns import update_quantifier

from lockstep.openapi.bounds import least_length

# How a text that lockstep makes up begins, where the schema allows it.
MADE_UP = "lockstep-"
_FORMATS = {
    "date": "1990-01-31",
    "date-time": "1990-01-31T12:00:00Z",
    "uuid": "0b8f6a9e-3a54-4c2c-9d0e-6d1b0c7f5a11",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "ipv4": "192.0.2.1",
    "hostname": "example.com",
}
# Matches a whole text; it contains the keywords of its schema as JSON.
_DRAWN = re.compile(r"\$\{drawn (\{.*\})\}", re.DOTALL)
_KEYWORDS = ("pattern", "minLength", "maxLength")
# The first generated texts are the simplest: of every 16 the one whose hash matches is chosen.
_ONE_OF = 16
_EXAMPLES = 500
_ENOUGH = 6
# Lengths at which texts of letters or digits alone hardly ever come twice, the usual ones first.
_OWN_LENGTHS = (12, 10, 16, 9, 8)
_FEW = 3
# A number that begins with 0 may be none.
_DIGITS = "1234567890"
# The meaning of `\d` and `$` outside ASCII depends on the regex dialect.
_PRINTABLE = strategies.characters(min_codepoint=0x20, max_codepoint=0x7E)


_CONTENT = frozenset({"contentMediaType", "contentEncoding"})
_FILE = "a file of lockstep"


def plain_text(schema: Mapping[str, Any]) -> str:
    """Return a text that a string schema accepts, the same on each call."""
    usual = _FORMATS.get(schema.get("format", ""))
    if schema.keys() & _CONTENT and "pattern" not in schema:
        # A file of one byte has no parts to ask for.
        usual = _FILE[: schema.get("maxLength")].ljust(least_length(schema), ".")
    if isinstance(schema.get("pattern"), str) and not (usual and matches(schema, usual)):
        return _plain(schema["pattern"], *_lengths(schema))
    return str(usual or "a" * max(1, least_length(schema)))


def matches(schema: Mapping[str, Any], text: str) -> bool:
    """Whether a text matches the pattern and the lengths of a string schema."""
    return _fits(text, str(schema.get("pattern", "")), *_lengths(schema))


def drawn(schema: Mapping[str, Any]) -> str:
    """Return a placeholder for a text per user that matches a pattern; empty without a pattern."""
    if not isinstance(schema.get("pattern"), str) or schema.keys() & {"const", "enum"}:
        return ""
    keywords = {name: schema[name] for name in _KEYWORDS if name in schema}
    return f"${{drawn {json.dumps(keywords)}}}"


def draw(text: str, unique: str) -> str:
    """Replace a placeholder with its text, the same for the same `unique`; keep other text."""
    placeholder = _DRAWN.fullmatch(text)
    if placeholder is None:
        return text
    schema = json.loads(placeholder[1])
    return _drawn(schema["pattern"], *_lengths(schema), unique)


def _lengths(schema: Mapping[str, Any]) -> tuple[int, int | None]:
    return least_length(schema), schema.get("maxLength")


@cache
def _plain(pattern: str, shortest: int, longest: int | None) -> str:
    """Return a text that matches a pattern and a length, or the length alone if none is found."""
    try:
        return _found(pattern, shortest, longest, "", lambda _: True)
    except (HypothesisException, re.error):
        return "a" * max(1, shortest)


@lru_cache(maxsize=2_000)
def _drawn(pattern: str, shortest: int, longest: int | None, unique: str) -> str:
    enough = max(shortest, _reach(pattern, shortest, longest))
    candidates = itertools.chain(_own(unique), _like(_plain(pattern, enough, longest), unique))
    own = next((text for text in candidates if _fits(text, pattern, shortest, longest)), None)
    if own is not None:
        return own
    place = zlib.crc32(unique.encode()) % _ONE_OF

    def points_at(text: str) -> bool:
        return text.isprintable() and zlib.crc32(f"{unique} {text}".encode()) % _ONE_OF == place

    try:
        return _found(pattern, enough, longest, unique, points_at)
    except (HypothesisException, re.error):
        return _plain(pattern, shortest, longest)


def _own(unique: str) -> Iterator[str]:
    """Yield texts that are unique; randomly chosen ones may occur twice."""
    plain = "".join(filter(str.isalnum, unique))
    for text in (f"{MADE_UP}{plain}", f"lockstep{plain}", plain):
        yield from (text, text.upper())
    for alphabet in (string.ascii_lowercase, string.ascii_uppercase, string.digits):
        written = "".join(itertools.islice(_choices(alphabet, unique), max(_OWN_LENGTHS)))
        yield from (written[:length] for length in _OWN_LENGTHS)


def _like(text: str, unique: str) -> Iterator[str]:
    """Yield texts of the same form: other letters and digits, or other digits alone.

    Nothing is yielded where few characters would be others: the texts would not be distinct.
    """
    for alphabets in ((_DIGITS, string.ascii_lowercase, string.ascii_uppercase), (_DIGITS,)):
        others = [(set(alphabet), _choices(alphabet, unique)) for alphabet in alphabets]
        if sum(letter in alphabet for letter in text for alphabet, _ in others) >= _FEW:
            yield "".join(
                next((next(chosen) for alphabet, chosen in others if letter in alphabet), letter)
                for letter in text
            )


def _choices(alphabet: str, unique: str) -> Iterator[str]:
    """Yield letters of an alphabet without end, others for each `unique`."""
    number = int.from_bytes(hashlib.sha256(unique.encode()).digest())
    while True:
        number, digit = divmod(number, len(alphabet))
        yield alphabet[digit]


def _fits(text: str, pattern: str, shortest: int, longest: int | None) -> bool:
    try:
        matches = re.search(pattern, text) is not None
    except re.error:
        return False
    return matches and shortest <= len(text) <= (longest or len(text))


@cache
def _reach(pattern: str, shortest: int, longest: int | None) -> int:
    """Return a length with enough texts to choose from: there are few short ones."""
    for length in (_ENOUGH, _ENOUGH // 2):
        if longest is None or longest >= length:
            try:
                _found(pattern, length, longest, "", lambda _: True)
            except (HypothesisException, re.error):
                continue
            return length
    return shortest


def _found(
    pattern: str,
    shortest: int,
    longest: int | None,
    seed: str,
    wanted: Callable[[str], bool],
) -> str:
    # Random generation would not find 64 digits for an unbounded quantifier.
    bounded = update_quantifier(pattern, shortest or None, longest)
    shrink = [] if seed else [hypothesis.Phase.shrink]
    texts = strategies.from_regex(bounded, alphabet=_PRINTABLE if seed else None)
    found: str = hypothesis.find(
        texts,
        lambda text: shortest <= len(text) <= (longest or len(text)) and wanted(text),
        settings=hypothesis.settings(
            database=None,
            deadline=None,
            max_examples=_EXAMPLES,
            phases=(hypothesis.Phase.generate, *shrink),
        ),
        random=random.Random(seed or 0),
    )
    return found
