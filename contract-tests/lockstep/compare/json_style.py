"""How a server writes JSON: white space, escapes and the order of members, which JSON leaves free.

The serializer of a framework writes all JSON in one way. Two servers whose serializers have
different ways are alike to every client that parses JSON (RFC 8259, sections 2, 4 and 7); one
response that is written in another way than the rest of its server is a difference.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterator
from itertools import islice
from typing import Any

from lockstep.compare.parsed import ParsedAnswer
from lockstep.matching.difference import Difference
from lockstep.transport.literals import LISTED, TOKEN, Object
from lockstep.transport.messages import Response

# Escapes of characters beyond ASCII; lone surrogates have to be escaped.
_ESCAPED = re.compile(
    r"\\u(?:00[89a-f]|0[1-9a-f]|[1-9a-cef]|d[0-7]|d[89ab]..\\ud[c-f])", re.IGNORECASE
)
# Some libraries escape these for HTML.
_MARKUP = re.compile(r"[<>&]")
_ESCAPED_MARKUP = re.compile(r"\\u00(?:3c|3e|26)", re.IGNORECASE)
# Longer bodies repeat how they are written.
_MOST_TOKENS = 1_000
_MOST_OBJECTS = 200
# Responses per target whose style is read only once two responses differ in theirs.
_MOST_UNREAD = 200
_LONGEST_UNREAD = 65_536

_SEPARATORS, _OPENING, _CLOSING = frozenset(",:"), frozenset("{["), frozenset("}]")

Style = dict[str, set[str]]


def style_of(text: str) -> Style:
    """Return how a JSON text is written: the ways by what is written, if the text shows it."""
    ways: Style = defaultdict(set)
    # Some frameworks end each text with a line feed.
    ways["end"].add(_space(text[len(text.rstrip()) :]))
    tokens = [match[0] for match in islice(TOKEN.finditer(text), _MOST_TOKENS)]
    # What comes after the last one is not known where there are more.
    around = ["", *tokens, *([""] if len(tokens) < _MOST_TOKENS else [])]
    for before, mark, after in zip(around, tokens, around[2:], strict=False):
        if mark in _SEPARATORS or (mark in _OPENING and after.strip() not in _CLOSING):
            ways[f"after {mark}"].add(_space(after))
        if mark in _SEPARATORS or (mark in _CLOSING and before.strip() not in _OPENING):
            ways[f"before {mark}"].add(_space(before))
    strings = "".join(token for token in tokens if token.startswith('"'))
    # The escape of a backslash is none of what follows it.
    strings = strings.replace(r"\\", "")
    if _ESCAPED.search(strings):
        ways["beyond ASCII"].add("escaped")
    if not strings.isascii():
        ways["beyond ASCII"].add("raw")
    if _MARKUP.search(strings) or _ESCAPED_MARKUP.search(strings):
        ways["markup"].add("escaped" if _ESCAPED_MARKUP.search(strings) else "raw")
    if "/" in strings:
        ways["slash"].add("escaped" if r"\/" in strings else "raw")
    return ways


def _space(text: str) -> str:
    """Return white space, any that breaks the line as `line`; other tokens are no white space."""
    return "line" if "\n" in text else text if text.isspace() else ""


def _is_sorted(value: Any) -> bool:
    """Whether the members of each of the first objects are in alphabetical order."""
    return all(list(each) == sorted(each) for each in islice(_objects(value), _MOST_OBJECTS))


def _objects(value: Any) -> Iterator[Object]:
    if isinstance(value, Object):
        yield value
    inner = value.values() if isinstance(value, Object) else value
    for each in inner if isinstance(value, Object | list) else ():
        yield from _objects(each)


def _is_of_bytes(difference: Difference) -> bool:
    """Whether two bodies of equal values differ in their bytes."""
    return difference.kind == "bytes" and difference.where == "body"


def _is_of_style(difference: Difference) -> bool:
    return _is_of_bytes(difference) or _is_of_members(difference)


def _is_of_members(difference: Difference) -> bool:
    """Whether the members of an object are in another order, and not the elements of a list."""
    return difference.kind == "order" and LISTED.match(difference.left) is None


class JsonStyles:
    """Remembers how each target writes JSON, to tell a serializer's way from a difference."""

    def __init__(self) -> None:
        self._ways: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._unsorted: set[str] = set()
        # Most pairs of responses are equal, and reading a style costs as much as comparing them.
        self._unread: dict[str, deque[Response]] = defaultdict(lambda: deque(maxlen=_MOST_UNREAD))
        # The operations by the two targets and what is written differently.
        self._noted: dict[tuple[str, str, str], set[str]] = defaultdict(set)

    def differing(
        self,
        found: list[Difference],
        names: tuple[str, str],
        answers: tuple[Response, Response],
        operation: str,
    ) -> list[Difference]:
        """Return the differences of two responses that are not the way of either serializer."""
        if not any(_is_of_style(one) for one in found):
            for name, answer in zip(names, answers, strict=True):
                if len(answer.body) <= _LONGEST_UNREAD:
                    self._unread[name].append(answer)
            return found
        left, right = (self._read(*each) for each in zip(names, answers, strict=True))
        kept = []
        for one in found:
            what = ""
            if _is_of_bytes(one) and self._is_way(names, left, right):
                what = "white space and escapes"
            elif _is_of_members(one) and set(names) - self._unsorted:
                what = "the order of members"
            if what:
                self.note(names, what, operation)
            else:
                kept.append(one)
        return kept

    def note(self, names: tuple[str, str], what: str, operation: str) -> None:
        """Record what the serializers of two targets write differently in the same responses."""
        self._noted[*names, what].add(operation)

    def _read(self, name: str, answer: Response) -> Style:
        """Return how a target wrote a response; record it and how it wrote the ones before."""
        unread = self._unread[name]
        while unread:
            self._learn(name, unread.popleft())
        return self._learn(name, answer)

    def _learn(self, name: str, answer: Response) -> Style:
        """Record how a target wrote a response, and return it; what is not JSON has no style."""
        parsed = ParsedAnswer(answer)
        if not parsed.is_json:
            return {}
        style = style_of(answer.body.decode("utf-8", "replace"))
        for what, found in style.items():
            self._ways[name, what] |= found
        # Most show at once that they do not sort.
        if name not in self._unsorted and not _is_sorted(parsed.json):
            self._unsorted.add(name)
        return style

    def _is_way(self, names: tuple[str, str], left: Style, right: Style) -> bool:
        """Whether two texts differ in nothing but what each target always writes in its way."""
        differing = [what for what in left if what in right and left[what] != right[what]]
        seen = (self._ways[name, what] for what in differing for name in names)
        return bool(differing) and all(len(ways) == 1 for ways in seen)

    def sentences(self) -> Iterator[str]:
        """Yield a sentence for each pair of targets and what their serializers do differently."""
        for (leader, partner, what), operations in sorted(self._noted.items()):
            yield (
                f"the JSON serializers of {leader} and {partner} differ in {what} "
                f"({counted(operations)})"
            )


def counted(operations: set[str]) -> str:
    """Return the number of operations as text: `1 operation`, `2 operations`."""
    number = len(operations)
    return f"{number} operation{'s' * (number != 1)}"
