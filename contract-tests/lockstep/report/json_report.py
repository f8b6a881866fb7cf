"""The JSON report: written for machines, and read to create the other formats."""

from __future__ import annotations

from pathlib import Path

from lockstep.report.data import SCHEMA_VERSION
from lockstep.report.steps import Data
from lockstep.schemas.saved import json_text, read_saved

__all__ = ["ReportError", "json_text", "read_report"]


class ReportError(ValueError):
    """A file is not a report, or one of another version."""


def read_report(path: Path) -> Data:
    """Read a report and validate it against the schema.

    Raises `OSError` if it cannot be read, `ReportError` if it is not a report of this version.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ReportError(f"{path}: not JSON: {error}") from error
    try:
        return read_saved(text, path, "report", SCHEMA_VERSION)
    except ValueError as error:
        raise ReportError(str(error)) from error
