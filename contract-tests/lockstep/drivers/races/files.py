"""Races as data: concurrent requests, and their possible outcomes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from lockstep.drivers.stories.files import StoryError, read_files
from lockstep.openapi.document import Document
from lockstep.openapi.loading import load_yaml
from lockstep.schemas import load_schema
from lockstep.transport.literals import pointer

Step = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Race:
    """Concurrent requests, sent in each of several `rounds`.

    `setup`, `together` and `then` are steps as in stories. `possible` are the valid outcomes, each
    a list of `409` or `409 code` in the order of the requests.
    """

    name: str
    about: str
    together: tuple[Step, ...]
    rounds: int
    possible: tuple[tuple[str, ...], ...]
    actors: tuple[str, ...] = ()
    setup: tuple[Step, ...] = ()
    then: tuple[Step, ...] = ()

    @property
    def is_even(self) -> bool:
        """Whether the requests are all equal, so that it does not matter which one won."""
        return all(step == self.together[0] for step in self.together)

    def allows(self, outcome: Sequence[str]) -> bool:
        """Whether an outcome is among the possible ones."""
        orders = itertools.permutations(outcome) if self.is_even else iter([tuple(outcome)])
        return any(_matches(wanted, order) for order in orders for wanted in self.possible)


def _matches(wanted: Sequence[str], seen: Sequence[str]) -> bool:
    return len(wanted) == len(seen) and all(
        have in (want, want.partition(" ")[0]) or have.partition(" ")[0] == want
        for want, have in zip(wanted, seen, strict=True)
    )


def load_races(folder: Path, document: Document) -> list[Race]:
    """Load every `*.yaml` in a folder, in the order of their names.

    Raises `StoryError`, which names each file with its errors.
    """
    paths = sorted(folder.glob("*.yaml"))
    races, wrong = read_files(paths, lambda text: read_race(text, document))
    if wrong:
        raise StoryError("\n".join(wrong))
    return races


def read_race(text: str, document: Document) -> Race:
    """Parse one race from its YAML text. Raises `StoryError`."""
    try:
        raw = load_yaml(text)
    except yaml.YAMLError as error:
        raise StoryError(str(error)) from error
    faults = [
        f"{pointer(tuple(error.instance_path)) or '/'}: {error.message}"
        for error in _validator().iter_errors(raw)
    ] or list(_unknown(raw, document))
    if faults:
        raise StoryError("; ".join(faults))
    return Race(
        name=raw["name"],
        about=raw["about"],
        together=tuple(raw["together"]),
        rounds=raw["rounds"],
        possible=tuple(tuple(map(str, outcome)) for outcome in raw["possible"]),
        actors=tuple(raw.get("actors", ())),
        setup=tuple(raw.get("setup", ())),
        then=tuple(raw.get("then", ())),
    )


def _unknown(raw: Mapping[str, Any], document: Document) -> Iterator[str]:
    for part in ("setup", "together", "then"):
        for number, step in enumerate(raw.get(part, ()), 1):
            operation = step.get("operation")
            if operation is not None and operation not in document.operations:
                yield f"{part} {number}: the document has no operation {operation}"
            if step.get("as") is not None and step["as"] not in raw.get("actors", ()):
                yield f"{part} {number}: {step['as']} is not one of the actors"
    for outcome in raw["possible"]:
        if len(outcome) != len(raw["together"]):
            yield f"possible: {outcome} does not have one response per request"


@cache
def _validator() -> jsonschema_rs.Validator:
    registry = jsonschema_rs.Registry([("urn:lockstep:story", load_schema("story"))])
    return jsonschema_rs.validator_for(load_schema("race"), registry=registry)
