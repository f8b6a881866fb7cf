"""The catalogue of general traps: requests that servers handle differently.

The traps are part of lockstep, in `catalogue/`, and independent of any API: a document determines
where to send them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import jsonschema_rs

from lockstep.drivers.traps.files import repeated
from lockstep.drivers.traps.places import Places, Post
from lockstep.openapi.loading import load_yaml
from lockstep.schemas import load_schema

# From most to least severe.
GRADES = ("smuggling", "security", "interop", "cosmetic")
_PLACE = re.compile(
    r"\{(get|GET|item|query|post|json|size|string|number|host|headers)(?::([^{}]*))?\}"
)


class NoPlaceError(Exception):
    """The document has no suitable operation for a trap; the message is what it lacks."""


@dataclass(frozen=True, slots=True)
class GeneralTrap:
    """One request that servers handle differently.

    `left_alone` explains why, `decision` is the sentence of a standard that decides, if any, and
    `statuses` are the status codes that agree with it: `400`, `4xx`, or `plain` for the status code
    of the request without the trap. `headers` of the response are compared, too. A trap that
    `exhausts` may fill all memory of a server that keeps reading.
    """

    area: str
    name: str
    grade: str
    left_alone: str
    decision: str
    statuses: tuple[str, ...]
    template: str
    body: str
    headers: tuple[str, ...]
    exhausts: bool = False

    @property
    def method(self) -> str:
        """The method of the request."""
        return self.template.split(maxsplit=1)[0]

    @property
    def place(self) -> str:
        """The place that it is sent to: `get`, `item`, `query` or `post`."""
        found = (match[1] for match in _PLACE.finditer(self.template))
        return next((name for name in found if name in _PLACES), "get")

    @property
    def writes(self) -> bool:
        """Whether a server that accepts the request may store something."""
        return self.place == "post"

    def encode(self, places: Places, host: str, headers: str = "", prefix: str = "") -> bytes:
        """Return the bytes to send to `host`. Raises `NoPlaceError` if the document has no place.

        `headers` are additional lines, each with its CRLF; `prefix` is prepended to each path. The
        text is encoded as Latin-1. `{text*n}` repeats a text n times, `{length}` and `{size}` are
        the size of the body and that of the JSON inside, in hex.
        """
        write = _Writer(places, self.template + self.body, {"host": host, "headers": headers})
        body = write.fill(repeated(self.body), prefix)
        head = write.fill(repeated(self.template), prefix)
        return (head.replace("{length}", str(len(body))) + body).encode("latin-1")


_PLACES = ("get", "item", "query", "post")


class _Writer:
    """Fills the template of a trap with values from a document."""

    def __init__(self, places: Places, text: str, given: Mapping[str, str]) -> None:
        self._places = places
        self._given = given
        self._text = text

    def fill(self, text: str, prefix: str) -> str:
        return _PLACE.sub(lambda found: self._value(found[1], found[2] or "", prefix), text)

    def _value(self, name: str, given: str, prefix: str) -> str:
        places = self._places
        match name:
            case "get":
                return prefix + places.get
            case "GET":
                return prefix + places.get.upper()
            case "item" if places.item:
                return prefix + places.item[0] + given + places.item[1]
            case "query" if places.query:
                return f"{prefix}{places.query[0]}?{given.replace('@', places.query[1])}"
            case "item" | "query":
                raise NoPlaceError(_LACKING[name])
            case "post":
                return prefix + self._post.path
            case "json" | "size":
                text = self._post.write()
                return text if name == "json" else f"{len(text):x}"
            case "string":
                return self._post.write(self._post.string, given)
            case "number":
                return self._post.write(self._post.number, given)
        return self._given[name]

    @property
    def _post(self) -> Post:
        wanted = next((name for name in ("string", "number") if f"{{{name}:" in self._text), "body")
        for post in self._places.posts:
            if wanted == "body" or getattr(post, wanted) is not None:
                return post
        raise NoPlaceError(_LACKING[wanted])


_LACKING = {
    "item": "a GET with one path parameter",
    "query": "a GET with an integer in its query",
    "body": "a POST of JSON without path parameters",
    "string": "a POST of JSON with a string in it",
    "number": "a POST of JSON with a number in it",
}


def load_catalogue() -> list[GeneralTrap]:
    """Load all general traps, in the order of the files."""
    folder = resources.files("lockstep").joinpath("drivers/traps/catalogue")
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return [trap for file in files for trap in read_traps(file.read_text(encoding="utf-8"))]


def read_traps(text: str) -> Iterator[GeneralTrap]:
    """Parse one file of the catalogue. Raises `ValueError` if it does not match the schema."""
    data = load_yaml(text)
    error = next(_validator().iter_errors(data), None)
    if error is not None:
        raise ValueError(f"{'/'.join(map(str, error.instance_path))}: {error.message}")
    return (_trap(data["area"], entry) for entry in data["traps"])


@cache
def _validator() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(load_schema("general_traps"))


def _trap(area: str, entry: Mapping[str, Any]) -> GeneralTrap:
    head = "".join(f"{line}\r\n" for line in entry.get("head", ())) + "{headers}\r\n"
    decided = entry.get("decided", {})
    return GeneralTrap(
        area=area,
        name=entry["name"],
        grade=entry["grade"],
        left_alone=entry["left_alone"],
        decision=decided.get("by", ""),
        statuses=tuple(decided.get("statuses", ())),
        template=entry.get("raw", head),
        body=entry.get("body", ""),
        headers=tuple(name.lower() for name in entry.get("headers", ())),
        exhausts=entry.get("exhausts", False),
    )
