"""Two bodies side by side, line by line, with differences and matched values marked."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from lockstep.matching.difference import in_body
from lockstep.report.steps import Data
from lockstep.transport import literals
from lockstep.transport.downloads import Whole

# Limits that keep the page usable in a browser.
MAX_LINES = 2000
MAX_LINE = 4000
SAME, DIFFERS, PAIRED, APART = "same", "differs", "paired", "apart"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a body; `key` is its path with array indexes, `where` the location in findings."""

    text: str
    key: str
    where: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A line in three parts, of which the middle one differs; a missing line has no cell."""

    before: str
    marked: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of each body.

    `paired` lines differ only in values that correspond; `apart` ones were not compared.
    """

    state: str
    left: Cell | None
    right: Cell | None


def body_lines(body: Data) -> list[Line]:
    """Return a body as lines: JSON indented, other text unchanged, bytes in hexadecimal.

    A response body that is not text is one line: its length and its digest.
    """
    if "sha256" in body:
        known = str(Whole(body["cut"], body["sha256"]))
        return [Line(known, known, "body")]
    if "base64" in body:
        raw = base64.b64decode(body["base64"])
        texts = [raw[at : at + 16].hex(" ") for at in range(0, len(raw), 16)]
        return [Line(text, str(number), "body") for number, text in enumerate(texts)]
    text = body.get("text", "")
    try:
        lines = list(_json_lines(literals.parse(text.encode()), (), "", "", ""))
    except (ValueError, RecursionError):
        lines = [Line(line, line, "body") for line in text.splitlines()]
    return [Line(line.text[:MAX_LINE], line.key, line.where) for line in lines]


def side_by_side(left: Sequence[Line], right: Sequence[Line]) -> list[Row]:
    """Return the rows of two bodies that were not compared."""
    pairs = zip_longest(left[:MAX_LINES], right[:MAX_LINES])
    return [Row(APART, *(Cell(line.text) if line else None for line in pair)) for pair in pairs]


def rows(left: Sequence[Line], right: Sequence[Line], places: Collection[str]) -> list[Row]:
    """Return the rows of two bodies, aligned by path; `places` are the differing locations."""
    left, right = left[:MAX_LINES], right[:MAX_LINES]
    ours, theirs = [line.key for line in left], [line.key for line in right]
    found: list[Row] = []
    for kind, a, b, c, d in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if kind == "equal":
            pairs = zip(left[a:b], right[c:d], strict=True)
            found += [_row(mine, other, places) for mine, other in pairs]
        else:
            found += _uneven(left[a:b], right[c:d])
    return found


def _json_lines(
    value: Any, path: tuple[str | int, ...], indent: str, before: str, after: str
) -> Iterator[Line]:
    where, key = in_body(path), literals.pointer(path)
    if isinstance(value, dict) and value:
        yield Line(f"{indent}{before}{{", f"{key} {{", where)
        last = len(value) - 1
        for number, (name, member) in enumerate(value.items()):
            label = f"{json.dumps(name, ensure_ascii=False)}: "
            comma = "," if number < last else ""
            yield from _json_lines(member, (*path, name), f"{indent}  ", label, comma)
        yield Line(f"{indent}}}{after}", f"{key} }}", where)
    elif isinstance(value, list) and value:
        yield Line(f"{indent}{before}[", f"{key} [", where)
        last = len(value) - 1
        for number, element in enumerate(value):
            comma = "," if number < last else ""
            yield from _json_lines(element, (*path, number), f"{indent}  ", "", comma)
        yield Line(f"{indent}]{after}", f"{key} ]", where)
    else:
        yield Line(f"{indent}{before}{literals.show(value)}{after}", key, where)


def _row(left: Line, right: Line, places: Collection[str]) -> Row:
    mine, other = left.text.removesuffix(","), right.text.removesuffix(",")
    if mine == other:
        return Row(SAME, Cell(left.text), Cell(right.text))
    if not _is_about(left.where, places):
        return Row(PAIRED, Cell(left.text), Cell(right.text))
    return Row(DIFFERS, *_marked(left.text, right.text))


def _uneven(left: Sequence[Line], right: Sequence[Line]) -> Iterator[Row]:
    for at in range(max(len(left), len(right))):
        mine = Cell("", left[at].text) if at < len(left) else None
        other = Cell("", right[at].text) if at < len(right) else None
        yield Row(DIFFERS, mine, other)


def _is_about(where: str, places: Collection[str]) -> bool:
    return any(f"{where}/".startswith(f"{place}/") or place == "body" for place in places)


def _marked(left: str, right: str) -> tuple[Cell, Cell]:
    start = _shared(left, right)
    end = _shared(left[start:][::-1], right[start:][::-1])
    return _cut(left, start, end), _cut(right, start, end)


def _shared(left: str, right: str) -> int:
    """Return the length of the common prefix of two texts."""
    pairs = enumerate(zip(left, right, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(left), len(right)))


def _cut(text: str, start: int, end: int) -> Cell:
    stop = len(text) - end
    return Cell(text[:start], text[start:stop], text[stop:])
