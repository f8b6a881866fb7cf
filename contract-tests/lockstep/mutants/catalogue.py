"""Mutants as data: small patches, each of which introduces one fault into one server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from lockstep.openapi.loading import load_yaml
from lockstep.schemas import load_schema
from lockstep.transport.literals import pointer


class MutantError(Exception):
    """A mutant is invalid, no longer applies, or could not be run."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """A text in a file below the source root, and its replacement."""

    file: str
    find: str
    replace: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault of one server.

    `patch` changes the sources, `sql` changes the database as a faulty migration would. `first`
    names the driver that is known to catch it fastest.
    """

    id: str
    target: str
    layer: str
    about: str
    tags: frozenset[str] = frozenset()
    first: str | None = None
    sql: tuple[str, ...] = ()
    patch: tuple[Replacement, ...] = ()

    def patched(self, root: Path) -> dict[str, str]:
        """Return a mapping from the path below `root` of each patched file to its new text.

        Raises `MutantError` if a file is missing, or does not contain a text exactly once.
        """
        texts: dict[str, str] = {}
        for each in self.patch:
            path = root / each.file
            if not path.is_file():
                raise MutantError(f"{self.id}: no such file: {path}")
            text = texts.get(each.file) or path.read_text(encoding="utf-8")
            count = text.count(each.find)
            if count != 1:
                raise MutantError(f"{self.id}: {path} has the text {count} times: {each.find!r}")
            texts[each.file] = text.replace(each.find, each.replace)
        return texts


def load_mutants(folder: Path) -> list[Mutant]:
    """Load every mutant of the YAML files in a folder, in order.

    Raises `MutantError` for invalid files, with the file name, and for duplicate ids.
    """
    mutants = [each for path in sorted(folder.glob("*.yaml")) for each in _load(path)]
    if not mutants:
        raise MutantError(f"{folder}: no mutants")
    ids = [each.id for each in mutants]
    doubled = sorted({each for each in ids if ids.count(each) > 1})
    if doubled:
        raise MutantError(f"{folder}: duplicate mutant ids: {', '.join(doubled)}")
    return mutants


def choose(
    every: Iterable[Mutant], root: Path, ids: tuple[str, ...], tag: str | None
) -> list[Mutant]:
    """Return the named mutants, or all with the tag.

    Raises `MutantError` for an unknown id or an outdated patch.
    """
    known = {each.id: each for each in every}
    unknown = [name for name in ids if name not in known]
    if unknown:
        raise MutantError(f"unknown mutants: {', '.join(unknown)}")
    chosen = [each for each in known.values() if not ids or each.id in ids]
    chosen = [each for each in chosen if tag is None or tag in each.tags]
    if not chosen:
        raise MutantError(f"no mutant has the tag {tag}")
    for each in chosen:
        each.patched(root)
    return chosen


def _load(path: Path) -> list[Mutant]:
    try:
        data = load_yaml(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise MutantError(f"{path}: {error}") from error
    fault = next(_validator().iter_errors(data), None)
    if fault is not None:
        raise MutantError(f"{path}: {pointer(tuple(fault.instance_path)) or '/'}: {fault.message}")
    return [_mutant(data["layer"], entry) for entry in data["mutants"]]


def _mutant(layer: str, entry: Mapping[str, Any]) -> Mutant:
    return Mutant(
        id=entry["id"],
        target=entry["target"],
        layer=layer,
        about=entry["about"],
        tags=frozenset(entry.get("tags", ())),
        first=entry.get("first"),
        sql=tuple(entry.get("sql", ())),
        patch=tuple(Replacement(**each) for each in entry.get("patch", ())),
    )


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(load_schema("mutants"))
