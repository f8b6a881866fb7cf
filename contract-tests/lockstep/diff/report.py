"""Prints changes on a terminal, and exports them as JSON data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from lockstep.diff.changes import Change, Effect

_COLOURS = {Effect.BREAKING: "bold red", Effect.COMPATIBLE: "green", Effect.SILENT: "dim"}
_TITLES = {
    Effect.BREAKING: "Breaking: clients of the older document may fail",
    Effect.COMPATIBLE: "Compatible: clients are not affected",
    Effect.SILENT: "Unchanged behaviour: only texts and annotations",
}
_PLACES = 3

Alike = Mapping[Change, list[str]]


def together(changes: Iterable[Change]) -> dict[Change, list[str]]:
    """Group equal changes; return each with its places, both in order.

    A schema that many operations use is one change.
    """
    found: dict[Change, dict[str, None]] = {}
    for change in changes:
        same = Change(change.effect, change.rule, change.sentence, change.pointer)
        found.setdefault(same, {})[", ".join(change.where)] = None
    return {change: [place for place in places if place] for change, places in found.items()}


def counts(alike: Alike) -> dict[str, int]:
    """Count the changes of each effect."""
    counted = Counter(change.effect for change in alike)
    return {effect.value: counted[effect] for effect in Effect}


def as_data(old: str, new: str, alike: Alike) -> dict[str, Any]:
    """Return the report as JSON data, breaking changes first; `where` lists all places."""
    return {
        "old": old,
        "new": new,
        "counts": counts(alike),
        "changes": [
            {
                "effect": change.effect.value,
                "rule": change.rule,
                "sentence": change.sentence,
                "where": alike[change],
                "pointer": change.pointer,
            }
            for effect in Effect
            for change in _of(alike, effect)
        ],
    }


def print_changes(alike: Alike, console: Console, *, everything: bool) -> None:
    """Print the changes by effect; silent ones are only counted, unless `everything` is set."""
    for effect in Effect:
        changes = list(_of(alike, effect))
        if changes and (everything or effect is not Effect.SILENT):
            console.print(Text(_TITLES[effect], style=_COLOURS[effect]))
            for change in changes:
                _print(change, alike[change], console)
            console.print()
    numbers = counts(alike)
    summary = ", ".join(f"{number} {effect}" for effect, number in numbers.items())
    hint = "" if everything or not numbers[Effect.SILENT] else " (--all lists them)"
    console.print(Text(f"{summary}{hint}" if alike else "no changes"), soft_wrap=True)


def _of(alike: Alike, effect: Effect) -> Iterator[Change]:
    return (change for change in alike if change.effect is effect)


def _print(change: Change, places: list[str], console: Console) -> None:
    first = places[0] if places else "the document"
    line = Text.assemble("  ", (first, "bold"), ": ", change.sentence)
    console.print(line, soft_wrap=True)
    if len(places) > 1:
        also = "; ".join(places[1:_PLACES])
        more = len(places) - _PLACES
        text = f"      also {also}{f', and {more} more places' if more > 0 else ''}"
        console.print(Text(text), soft_wrap=True)
    console.print(Text(f"      #{change.pointer}", style="dim"), soft_wrap=True)
