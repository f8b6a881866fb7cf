"""Parsed response bodies, ready for comparison."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lockstep.bodies.contents import data, events, kind_of, lines, read
from lockstep.bodies.fields import plain, traits
from lockstep.transport import literals
from lockstep.transport.messages import Response
from lockstep.transport.streams import is_json_sequence


@dataclass
class ParsedAnswer:
    """A response whose JSON is parsed once."""

    response: Response

    @property
    def is_json(self) -> bool:
        """Whether the response says that its body is one JSON text, and has one."""
        media_type = self.response.media_type or ""
        one = "json" in media_type and not is_json_sequence(media_type)
        return one and bool(self.response.body)

    @cached_property
    def json(self) -> Any:
        """The JSON body with its literals preserved; `NotImplemented` if it is not JSON."""
        if not self.is_json:
            return NotImplemented
        try:
            return literals.parse(self.response.body)
        except (ValueError, RecursionError):
            return NotImplemented

    @cached_property
    def value(self) -> Any:
        """What the body says, if it is JSON, XML, a form, parts, a table or a stream.

        It is as `json` has it otherwise. Of events it is their data.
        """
        kind = kind_of(self.response.header("content-type"))
        try:
            if kind == "events":
                return list(data(events(self.response)[0]))
            if kind == "lines":
                return lines(self.response)
            if kind in ("XML", "form", "multipart", "table"):
                found = read(self.response.header("content-type"), self.response.body)
                return plain(found, set(traits(found)))
        except ValueError:
            return NotImplemented
        return self.json


def first_difference(left: bytes, right: bytes, around: int = 40) -> tuple[str, str]:
    """Return the context of the first differing byte of two bodies, as readable text."""
    pairs = enumerate(zip(left, right, strict=False))
    at = next((index for index, (a, b) in pairs if a != b), min(len(left), len(right)))
    start = max(0, at - around)
    return (
        f"…{left[start : at + around]!r} ({len(left)} bytes)",
        f"…{right[start : at + around]!r} ({len(right)} bytes)",
    )
