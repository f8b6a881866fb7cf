"""The mirror: which file of one program corresponds to which of the other, side by side."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from testbed.paths import MIRROR_EXCEPTIONS, ROOT
from testbed.sources import (
    node_files,
    python_cases,
    python_files,
    python_functions,
    snake_case,
    typescript_cases,
    typescript_functions,
)

_TYPESCRIPT_START = re.compile(
    r"(?:^/\*\*(?:(?!\*/).)*\*/\s*)?"
    r"^(?:export )?(?:async |abstract )*(?:function\*?|const|class|interface|type) (?P<name>\w+)",
    re.DOTALL | re.MULTILINE,
)

_PRISMA_MODEL = re.compile(r"^model (?P<name>\w+) \{.*?^\}\n", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Side:
    """A file of one program."""

    path: str
    lines: int
    source: str


@dataclass(frozen=True)
class Pair:
    """Two corresponding files; one of them may be missing for a reason.

    shared: the functions, or the test cases, that both have. page: the page with both side by side.
    """

    name: str
    python: Side | None
    node: Side | None
    shared: tuple[str, ...]
    reason: str | None

    @property
    def page(self) -> str | None:
        """The file name of the page with both sources, `None` for tests and single files."""
        if self.python is None or self.node is None or self.name.startswith("tests/"):
            return None
        return f"mirror-{re.sub('[^a-z0-9]+', '-', self.name)}.html"

    @property
    def language(self) -> str:
        """The language of the other side, by its Pygments name."""
        return "typescript" if self.node and self.node.path.endswith(".ts") else "text"


@dataclass(frozen=True)
class Row:
    """One row: the same part of both files, either of which may be empty."""

    name: str
    python: str
    node: str


def pairs() -> list[Pair]:
    """Return every file of both programs, paired by the name that they share."""
    ours, theirs = python_files(), node_files()
    reasons: dict[str, str] = yaml.safe_load(MIRROR_EXCEPTIONS.read_text(encoding="utf-8"))
    return [
        _pair(name, ours.get(name), theirs.get(name), reasons)
        for name in sorted(ours.keys() | theirs.keys(), key=_order)
    ]


def rows(pair: Pair) -> list[Row]:
    """Split both sources before each part with the same name, to show these side by side."""
    if pair.python is None or pair.node is None:
        raise ValueError(f"{pair.name} has no other side")
    ours = list(_python_parts(pair.python.source))
    theirs = list(_typescript_parts(pair.node.source))
    return list(_aligned(ours, theirs))


Part = tuple[str, str]


def _aligned(ours: list[Part], theirs: list[Part]) -> Iterator[Row]:
    """Yield rows that start with equally named parts; parts of one side go with those above."""
    left, right, name = "", "", ""
    places = {part: at for at, (part, _) in enumerate(theirs)}
    done = 0
    for part, source in ours:
        at = places.get(part, -1)
        if at < done:
            left += source
            continue
        right += "".join(text for _, text in theirs[done:at])
        if left.strip() or right.strip():
            yield Row(name, left, right)
        left, right, name, done = source, theirs[at][1], part, at + 1
    yield Row(name, left, right + "".join(text for _, text in theirs[done:]))


def _python_parts(source: str) -> Iterator[Part]:
    """Yield the classes and functions of a module, with the text above each, by name."""
    starts = [("", 0)]
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            starts.append((_common(node.name), first - 1))
    lines = source.splitlines(keepends=True)
    yield from _cut(starts, lines)


def _typescript_parts(source: str) -> Iterator[Part]:
    starts = [
        (_common(found["name"]), source.count("\n", 0, found.start()))
        for found in _TYPESCRIPT_START.finditer(source)
    ]
    yield from _cut([("", 0), *starts], source.splitlines(keepends=True))


def _cut(starts: list[tuple[str, int]], lines: list[str]) -> Iterator[Part]:
    ends = [*(at for _, at in starts[1:]), len(lines)]
    for (name, start), end in zip(starts, ends, strict=True):
        yield name, "".join(lines[start:end])


def _common(name: str) -> str:
    return snake_case(name).strip("_")


def _pair(name: str, python: Path | None, node: Path | None, reasons: dict[str, str]) -> Pair:
    sides = [_side(name, path) for path in (python, node)]
    only = next(side.path for side in sides if side is not None)
    return Pair(
        name=name,
        python=sides[0],
        node=sides[1],
        shared=tuple(_shared(name, *sides)),
        reason=reasons.get(only),
    )


def _shared(name: str, python: Side | None, node: Side | None) -> Iterator[str]:
    if python is None or node is None or not node.path.endswith(".ts"):
        return
    ours: Any
    theirs: Any
    if name.startswith("tests/"):
        ours, theirs = python_cases(python.source), typescript_cases(node.source)
        yield from (ours[case].replace("_", " ") for case in ours if case in theirs)
        return
    ours, theirs = python_functions(python.source), typescript_functions(node.source)
    names = {each.name for each in theirs}
    yield from (each.name for each in ours if each.name in names)


def _side(name: str, path: Path | None) -> Side | None:
    if path is None:
        return None
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".prisma":
        source = _model(name, source)
    return Side(str(path.relative_to(ROOT)), source.count("\n"), source)


def _model(name: str, schema: str) -> str:
    """Return the block of a Prisma schema that declares the model of a file."""
    for found in _PRISMA_MODEL.finditer(schema):
        if snake_case(found["name"]) == name.removeprefix("models/"):
            return found[0]
    raise ValueError(f"schema.prisma has no model for {name}")


def _order(name: str) -> tuple[bool, int, str]:
    """Sort assembly first, then its components, then tests."""
    return name.startswith("tests/"), name.count("/"), name
