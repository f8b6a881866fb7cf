"""Reads faults and validates them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from lockstep.drivers.stories.files import StoryError
from lockstep.openapi.document import Document
from lockstep.openapi.loading import load_yaml
from lockstep.transport.literals import pointer
from testbed.paths import CONTRACT_TESTS

FAULTS = CONTRACT_TESTS / "faults"
SCHEMA = Path(__file__).with_name("fault.schema.json")
HEALTH_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Answer:
    """A request that is sent `times` in parallel, and the required response.

    code: that of a problem response.
    """

    operation: str
    statuses: tuple[int, ...]
    within: float
    code: str | None = None
    user: bool = True
    json: Mapping[str, Any] | None = None
    headers: Mapping[str, str] | None = None
    times: int = 1


@dataclass(frozen=True, slots=True)
class Load:
    """Steady requests, and how many of them may be lost.

    fresh: whether each uses a new connection.
    """

    per_second: int
    lost: int
    heeds_end: bool = True
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """How and when the process ends, and how many lines it may log."""

    status: int
    within: float
    workers_within: float | None = None
    lines: int | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a server, and the required behaviour; `fault.schema.json` describes each field."""

    area: str
    name: str
    about: str
    deed: Mapping[str, Any]
    settings: Mapping[str, str]
    answers: tuple[Answer, ...] = ()
    health_within: float = HEALTH_SECONDS
    load: Load | None = None
    log: tuple[Mapping[str, Any], ...] = ()
    ends: Ending | None = None
    recovers_within: float | None = None
    lasts: bool = False
    is_short: bool = False


def load_faults(document: Document, folder: Path = FAULTS) -> list[Fault]:
    """Return every fault of the YAML files in a folder, in order.

    Raises StoryError with the file name for an invalid file, for an operation that the document
    does not have, and for a duplicate name.
    """
    faults = [fault for path in sorted(folder.glob("*.yaml")) for fault in _load(path)]
    if not faults:
        raise StoryError(f"{folder}: no faults")
    names = [fault.name for fault in faults]
    wrong = [f"two faults are named {name!r}" for name in sorted({*names}) if names.count(name) > 1]
    wrong += [
        f"{fault.name}: the document has no operation {answer.operation}"
        for fault in faults
        for answer in fault.answers
        if answer.operation not in document.operations
    ]
    if wrong:
        raise StoryError("\n".join(wrong))
    return faults


def choose(faults: Sequence[Fault], named: str, *, is_short: bool) -> list[Fault]:
    """Return the faults whose names contain one of the comma-separated parts, all without parts.

    The most important ones come first; with `is_short` only they are included. Raises StoryError.
    """
    parts = [part.strip().lower() for part in named.split(",") if part.strip()]
    if not parts:
        return sorted(
            (fault for fault in faults if fault.is_short or not is_short),
            key=lambda fault: not fault.is_short,
        )
    chosen = [fault for fault in faults if any(part in fault.name.lower() for part in parts)]
    if not chosen:
        raise StoryError(f"FAULT={named}: there are {', '.join(fault.name for fault in faults)}")
    return chosen


def _load(path: Path) -> list[Fault]:
    data = load_yaml(path.read_text(encoding="utf-8"))
    wrong = [
        f"{path}: {pointer(tuple(error.instance_path)) or '/'}: {error.message}"
        for error in _validator().iter_errors(data)
    ]
    if wrong:
        raise StoryError("\n".join(wrong))
    usual = data.get("settings", {})
    return [_fault(data["area"], usual, entry) for entry in data["faults"]]


@cache
def _validator() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(json.loads(SCHEMA.read_text(encoding="utf-8")))


def _fault(area: str, usual: Mapping[str, str], entry: Mapping[str, Any]) -> Fault:
    load, ends = entry.get("load"), entry.get("ends")
    return Fault(
        area=area,
        name=entry["name"],
        about=entry["about"],
        deed=entry["do"],
        settings={**usual, **entry.get("settings", {})},
        answers=tuple(_answer(each) for each in entry.get("answers", ())),
        health_within=entry.get("health_within", HEALTH_SECONDS),
        load=Load(**load) if load else None,
        log=tuple(entry.get("log", ())),
        ends=Ending(**ends) if ends else None,
        recovers_within=entry.get("recovers_within"),
        lasts=entry.get("lasts", False),
        is_short=entry.get("short", False),
    )


def _answer(entry: Mapping[str, Any]) -> Answer:
    status = entry["status"]
    given = {name: value for name, value in entry.items() if name not in ("as", "status")}
    return Answer(
        statuses=(status,) if isinstance(status, int) else tuple(status),
        user=entry.get("as", "user") == "user",
        **given,
    )
