"""The formats of reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from lockstep.report.html import html_text
from lockstep.report.json_report import json_text
from lockstep.report.junit import junit_text
from lockstep.report.markdown import markdown_text
from lockstep.report.steps import Data

FORMS: Mapping[str, Callable[[Data], str]] = {
    "json": json_text,
    "html": html_text,
    "junit": junit_text,
    "markdown": markdown_text,
}


def write(data: Data, form: str, path: Path) -> None:
    """Write a report in one of `FORMS`, creating missing directories; `OSError` if that fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(FORMS[form](data), encoding="utf-8")
