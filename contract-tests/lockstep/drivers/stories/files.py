"""Loads stories and validates them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import jsonschema_rs
import yaml

from lockstep.openapi.document import Document
from lockstep.openapi.loading import load_yaml
from lockstep.results.faults import ForeseenError
from lockstep.schemas import load_schema
from lockstep.transport.literals import pointer

Parsed = TypeVar("Parsed")

MODES = ("alone", "lockstep", "alternating")
DEFAULT_PROFILE = "default"


class StoryError(ForeseenError):
    """A story that cannot be run as it is written."""


@dataclass(frozen=True, slots=True)
class Story:
    """A scenario as data; `steps` have the format of `story.schema.json`."""

    name: str
    about: str
    steps: tuple[dict[str, Any], ...]
    actors: tuple[str, ...] = ()
    profile: str = DEFAULT_PROFILE
    modes: tuple[str, ...] = MODES


def load_stories(folder: Path, document: Document) -> list[Story]:
    """Load every `*.yaml` below a folder, in the order of their paths.

    Raises `StoryError`, which names each file with its errors: unreadable YAML, another format, an
    operation that the document does not have, an actor that the story does not list.
    """
    paths = sorted(folder.rglob("*.yaml"))
    if not paths:
        raise StoryError(f"{folder}: no stories")
    stories, wrong = read_files(paths, lambda text: read_story(text, document))
    names = [story.name for story in stories]
    wrong += [f"two stories are named {name!r}" for name in sorted(_repeated(names))]
    if wrong:
        raise StoryError("\n".join(wrong))
    return stories


def read_files(
    paths: Iterable[Path], read: Callable[[str], Parsed]
) -> tuple[list[Parsed], list[str]]:
    """Parse the files; returns the results, and the errors of files that raise `StoryError`."""
    found, wrong = [], []
    for path in paths:
        try:
            found.append(read(path.read_text(encoding="utf-8")))
        except StoryError as error:
            wrong.append(f"{path}: {error}")
    return found, wrong


def read_story(text: str, document: Document) -> Story:
    """Parse one story from its YAML text. Raises `StoryError`."""
    try:
        raw = load_yaml(text)
    except yaml.YAMLError as error:
        raise StoryError(str(error)) from error
    faults = list(_form_faults(raw)) or list(_name_faults(raw, document))
    if faults:
        raise StoryError("; ".join(faults))
    return Story(
        name=raw["name"],
        about=raw["about"],
        steps=tuple(raw["steps"]),
        actors=tuple(raw.get("actors", ())),
        profile=raw.get("settings", {}).get("profile", DEFAULT_PROFILE),
        modes=tuple(raw.get("modes", MODES)),
    )


@cache
def _validator() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(load_schema("story"))


def _form_faults(raw: Any) -> Iterable[str]:
    for error in _validator().iter_errors(raw):
        yield f"{pointer(tuple(error.instance_path)) or '/'}: {error.message}"


def _name_faults(raw: dict[str, Any], document: Document) -> Iterable[str]:
    actors = raw.get("actors", ())
    for number, step in enumerate(raw["steps"], 1):
        for part in step.get("parallel", [step]):
            operation = part.get("operation")
            if operation is not None and operation not in document.operations:
                yield f"step {number}: the document has no operation {operation}"
            if part.get("as") is not None and part["as"] not in actors:
                yield f"step {number}: {part['as']} is not one of the actors"


def _repeated(names: list[str]) -> set[str]:
    return {name for name in names if names.count(name) > 1}
