"""Loads a document of any supported version and layout as one self-contained OpenAPI 3 document."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lockstep.openapi.bundling import bundled
from lockstep.openapi.dialect import checked
from lockstep.openapi.loading import load_checked
from lockstep.openapi.structure import structured
from lockstep.openapi.swagger import converted


def load_described(source: Path | str) -> tuple[dict[str, Any], list[str]]:
    """Load a self-contained document from a file or URL, with messages about unreadable parts.

    Raise `OSError` or `ValueError` with the source and the reason.
    """
    raw, repeated = load_checked(source)
    with naming(source):
        whole, problems = self_contained(raw, source)
        return whole, [*repeated, *problems]


@contextmanager
def naming(source: Path | str) -> Iterator[None]:
    """Prefix a `ValueError` of the block with the source; a `RecursionError` becomes one."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error
    except RecursionError as error:
        raise ValueError(f"{source}: the document is nested too deeply") from error


def self_contained(raw: Any, source: Path | str | None = None) -> tuple[dict[str, Any], list[str]]:
    """Return the document with internal references only, and messages about unreadable parts.

    Raise `ValueError` if it is not a document of Swagger 2.0 or OpenAPI 3.
    """
    whole, missing = bundled(raw, source)
    readable, problems = structured(checked(converted(whole)))
    return readable, [*missing, *problems]
