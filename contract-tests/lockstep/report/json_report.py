"""The JSON report: written for machines, and read to create the other formats."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import jsonschema_rs

from lockstep.report.data import SCHEMA_VERSION
from lockstep.report.steps import Data
from lockstep.schemas import load_schema


class ReportError(ValueError):
    """A file is not a report, or one of another version."""


def json_text(data: Data) -> str:
    """Serialise a report; lone surrogates, which UTF-8 cannot encode, stay escaped."""
    text = json.dumps(data, ensure_ascii=False, indent=2)
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"


def read_report(path: Path) -> Data:
    """Read a report and validate it against the schema.

    Raises `OSError` if it cannot be read, `ReportError` if it is not a report of this version.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ReportError(f"{path}: not JSON: {error}") from error
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version is None:
        raise ReportError(f"{path}: not a report of lockstep: it has no schema_version")
    if version != SCHEMA_VERSION:
        wanted = f"this lockstep reads {SCHEMA_VERSION}"
        raise ReportError(f"{path}: a report of version {version}; {wanted}")
    wrong = next(_validator().iter_errors(data), None)
    if wrong is not None:
        where = "/".join(map(str, wrong.instance_path))
        raise ReportError(f"{path}: {where}: {wrong.message}")
    report: Data = data
    return report


@cache
def _validator() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(load_schema("report"))
