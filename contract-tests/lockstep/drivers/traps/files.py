"""The catalogue of parity traps: raw requests, and what the contract decides."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from lockstep.schemas import load_schema

_REPEAT = re.compile(r"\{([^{}]+|[\[{\]}])\*(\d+)\}")


@dataclass(frozen=True, slots=True)
class Expectation:
    """The expected response of every target; fields that are `None` or empty are not checked.

    `errors` are the violations of a problem document, in order; `body` is exact, in Latin-1.
    """

    status: int
    code: str | None
    errors: tuple[Mapping[str, str], ...]
    headers: Mapping[str, Any]
    body: str | None
    then: Expectation | None


@dataclass(frozen=True, slots=True)
class Trap:
    """One request that two runtimes handle differently by default.

    `left_alone` maps each runtime to what it does by default, `decision` is what the contract
    requires.
    """

    area: str
    name: str
    left_alone: Mapping[str, str]
    decision: str
    template: str
    body: str
    expect: Expectation

    def encode(self, host: str, token: str) -> bytes:
        """Return the bytes to send to `host` (name and port), with an access token if required.

        The text is encoded as Latin-1. `{text*n}` repeats a text n times, `{length}` is the size of
        the body.
        """
        body = repeated(self.body)
        head = repeated(self.template.replace("{host}", host).replace("{token}", token))
        return (head.replace("{length}", str(len(body))) + body).encode("latin-1")

    @property
    def method(self) -> str:
        """The method of the (first) request."""
        return self.template.split(maxsplit=1)[0]


def load_traps(folder: Path) -> list[Trap]:
    """Load every trap in a folder of YAML files, in the order of the files.

    Raises `ValueError` naming the file for one that violates the schema, or for two of the same
    name.
    """
    traps = [trap for path in sorted(folder.glob("*.yaml")) for trap in _load(path)]
    names = [(trap.area, trap.name) for trap in traps]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ValueError(f"{folder}: traps of the same name: {doubled}")
    return traps


def _load(path: Path) -> list[Trap]:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    error = next(_validator().iter_errors(data), None)
    if error is not None:
        raise ValueError(f"{path}: {'/'.join(map(str, error.instance_path))}: {error.message}")
    return [_trap(data["area"], each) for entry in data["traps"] for each in _combinations(entry)]


def _combinations(entry: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a trap for each combination of the grid's values, the last of which varies fastest."""
    grid = entry.get("grid", {})
    for texts in itertools.product(*grid.values()):
        yield _filled(entry, dict(zip(grid, texts, strict=True)))


def _filled(node: Any, texts: Mapping[str, str]) -> Any:
    if isinstance(node, str):
        return functools.reduce(lambda text, pair: text.replace(*pair), _placeholders(texts), node)
    if isinstance(node, Mapping):
        return {name: _filled(value, texts) for name, value in node.items()}
    return [_filled(item, texts) for item in node] if isinstance(node, list) else node


def _placeholders(texts: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(f"{{{name}}}", text) for name, text in texts.items()]


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(load_schema("traps"))


def _trap(area: str, entry: Mapping[str, Any]) -> Trap:
    head = "".join(f"{line}\r\n" for line in entry.get("head", ())) + "\r\n"
    return Trap(
        area=area,
        name=entry["name"],
        left_alone=entry["left_alone"],
        decision=entry["decision"],
        template=entry.get("raw", head),
        body=entry.get("body", ""),
        expect=_expectation(entry["expect"]),
    )


def _expectation(entry: Mapping[str, Any]) -> Expectation:
    then = entry.get("then")
    return Expectation(
        status=entry["status"],
        code=entry.get("code"),
        errors=tuple(entry.get("errors", ())),
        headers=entry.get("headers", {}),
        body=entry.get("body"),
        then=_expectation(then) if then is not None else None,
    )


def repeated(text: str) -> str:
    """Return the text with each `{text*n}` expanded."""
    return _REPEAT.sub(lambda found: found[1] * int(found[2]), text)
