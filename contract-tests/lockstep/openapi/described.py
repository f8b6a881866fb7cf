"""Builds one self-contained OpenAPI 3 document from whatever a document is written as."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lockstep.openapi.bundling import bundled
from lockstep.openapi.dialect import checked
from lockstep.openapi.loading import load_data
from lockstep.openapi.structure import structured
from lockstep.openapi.swagger import converted


def load_described(source: Path | str) -> tuple[dict[str, Any], list[str]]:
    """The document of a file or URL, whole in itself, and what of it could not be read, in words.

    `OSError` and `ValueError` name the source and what is wrong.
    """
    raw = load_data(source)
    with naming(source):
        return self_contained(raw, source)


@contextmanager
def naming(source: Path | str) -> Iterator[None]:
    """Let a `ValueError` of the block name the source, and one be raised for endless nesting."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error
    except RecursionError as error:
        raise ValueError(f"{source}: the document is nested too deeply") from error


def self_contained(raw: Any, source: Path | str | None = None) -> tuple[dict[str, Any], list[str]]:
    """A document with every reference inside it, and what of it could not be read, in words.

    `ValueError` for what is no document of Swagger 2.0 or OpenAPI 3.
    """
    whole, missing = bundled(raw, source)
    readable, problems = structured(checked(converted(whole)))
    return readable, [*missing, *problems]
