"""Source changes, each of which creates one automatic mutant."""

import difflib
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from lockstep.mutants import Mutant, Replacement

OPERATORS = (
    *("arithmetic", "boundary", "comparison", "boolean", "negation", "condition", "number"),
    *("literal", "string", "statement", "call", "return", "await"),
)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a source by an operator.

    file: relative to the root. function: the dotted name of the enclosing function, empty for the
    module. start, end: the character range that `replacement` replaces. number: distinguishes
    identical changes within a function.
    """

    target: str
    file: str
    line: int
    function: str
    operator: str
    start: int
    end: int
    original: str
    replacement: str
    number: int = 0

    @property
    def key(self) -> tuple[str, ...]:
        """The identity of the change, independent of line numbers."""
        words = (" ".join(text.split()) for text in (self.original, self.replacement))
        return (self.file, self.function, self.operator, *words, str(self.number))

    @property
    def id(self) -> str:
        """The id of its mutant."""
        return f"{self.target}-{hashlib.sha256(repr(self.key).encode()).hexdigest()[:10]}"

    @property
    def folder(self) -> str:
        """Its folder, by the name that both twins use."""
        _, _, *folders, _ = PurePosixPath(self.file).parts
        return "/".join(folders) or "top"

    def applied(self, text: str) -> str:
        """Return the source with the change."""
        return text[: self.start] + self.replacement + text[self.end :]

    def diff(self, text: str) -> str:
        """Return the change as a unified diff without context."""
        before, after = text.splitlines(), self.applied(text).splitlines()
        lines = list(difflib.unified_diff(before, after, n=0, lineterm=""))
        return "\n".join(line for line in lines[2:] if not line.startswith("@@"))

    def mutant(self, text: str, first: str | None = None) -> Mutant:
        """Return the mutant that it makes of a source; `first` is the driver to try first."""
        # The text that a patch replaces must occur exactly once in the file.
        start, end = _whole_lines(text, self.start, self.end)
        while text.count(text[start:end]) > 1:
            start, end = _whole_lines(text, max(0, start - 1), min(len(text), end + 1))
        changed = text[start : self.start] + self.replacement + text[self.end : end]
        patch = (Replacement(self.file, text[start:end], changed),)
        about = f"{self.operator} in {self.file}:{self.line}"
        return Mutant(self.id, self.target, self.folder, about, first=first, patch=patch)


def numbered(changes: Iterable[Change]) -> Iterator[Change]:
    """Number identical changes."""
    seen: Counter[tuple[str, ...]] = Counter()
    for change in changes:
        yield replace(change, number=seen[change.key])
        seen[change.key] += 1


def order(changes: Iterable[Change], seed: int) -> Iterator[Change]:
    """Yield all changes in random order, one of each folder in turn.

    The position of each depends only on the seed and its own key, so that an edit elsewhere does
    not affect it.
    """
    by_folder: dict[str, list[Change]] = {}
    for change in changes:
        by_folder.setdefault(change.folder, []).append(change)
    rows = [
        iter(sorted(by_folder[folder], key=lambda change: _place(change, seed)))
        for folder in sorted(by_folder)
    ]
    while rows:
        drawn = [(row, next(row, None)) for row in rows]
        rows = [row for row, change in drawn if change is not None]
        yield from (change for _, change in drawn if change is not None)


def as_entry(mutant: Mutant) -> dict[str, Any]:
    """Return a mutant as an entry of its catalogue."""
    patch = [
        {"file": each.file, "find": each.find, "replace": each.replace} for each in mutant.patch
    ]
    entry = {"id": mutant.id, "target": mutant.target, "about": mutant.about, "patch": patch}
    return entry if mutant.first is None else {**entry, "first": mutant.first}


def read_source(root: Path, change: Change) -> str:
    """Return the source that a change applies to."""
    return (root / change.file).read_text(encoding="utf-8")


def _place(change: Change, seed: int) -> str:
    return hashlib.sha256(f"{seed}:{change.id}".encode()).hexdigest()


def _whole_lines(text: str, start: int, end: int) -> tuple[int, int]:
    newline = text.find("\n", max(start, end - 1))
    return text.rfind("\n", 0, start) + 1, len(text) if newline < 0 else newline + 1
