"""`lockstep infer`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from lockstep.cli.click_ext import Command, could_not_run, option
from lockstep.drafting import Draft, DraftError, Wishes, draft, lacking
from lockstep.drafting.report import as_data, lacking_as_data, print_draft, print_lacking
from lockstep.drafting.writing import as_yaml
from lockstep.openapi.document import Document
from lockstep.recordings import FORMATS, Captured, RecordingError, load_captured

_EPILOG = """
\b
Examples:
  lockstep infer session.har -o openapi.yaml
  lockstep infer monday.har tuesday.har access.log -o openapi.yaml --base-url https://a.test/api
  lockstep infer session.har -o openapi.yaml --path '/files/{name}' --path '/files/recent'
  lockstep infer session.har --document openapi.yaml

\b
Exit codes:
  0  the draft was written, or the gaps of the document were listed
  2  nothing could be drafted
"""
_FILE = click.Path(dir_okay=False, allow_dash=True, path_type=Path)


@click.command(cls=Command, epilog=_EPILOG)
@click.argument("recordings", nargs=-1, required=True, type=click.Path(path_type=Path))
@option(
    "-o",
    "--output",
    group="Draft",
    type=_FILE,
    metavar="FILE",
    help="Write the draft to this file, as YAML or, if its name ends in .json, as JSON; - for "
    "standard output.",
)
@option("--force", group="Draft", is_flag=True, help="Overwrite an existing file.")
@option("--title", group="Draft", metavar="TEXT", help="The title of the API.")
@option(
    "--path",
    "paths",
    group="Draft",
    multiple=True,
    metavar="TEMPLATE",
    help="A path template that is not detected, such as '/files/{name}', or a literal path "
    "beside one. Repeatable.",
)
@option(
    "--json",
    "report",
    group="Draft",
    type=_FILE,
    help="Write what was left out or never seen to this file, as JSON.",
)
@option(
    "--document",
    group="Draft",
    metavar="SPEC",
    help="List what the recordings contain and this document lacks, instead of a draft.",
)
@option(
    "--format",
    "kind",
    group="Recordings",
    type=click.Choice(list(FORMATS)),
    help="The format of the recordings.  [default: detected]",
)
@option(
    "--host",
    group="Recordings",
    metavar="HOST",
    help="The host of the API, if there are several.  [default: the one with the most API "
    "requests]",
)
@option(
    "--base-url",
    group="Recordings",
    metavar="URL",
    help="The base URL of the recorded API, or only its base path.",
)
def infer(
    recordings: tuple[Path, ...],
    output: Path | None,
    force: bool,
    title: str | None,
    paths: tuple[str, ...],
    report: Path | None,
    document: str | None,
    kind: str | None,
    host: str | None,
    base_url: str | None,
) -> None:
    """Draft an OpenAPI document from recorded traffic.

    RECORDINGS are files of any kind that `lockstep replay` reads: HAR files, cassettes, access logs
    and reports. The draft contains what they show: paths with their parameters, schemas of requests
    and responses, how clients log in. It contains no recorded values except names of members, paths
    and the values of enumerations, and notes what was never seen. Review it before you rely on it.
    """
    if (output is None) == (document is None):
        raise click.UsageError("give the output FILE (-o), or a --document to compare with")
    if str(output) == str(report) == "-":
        raise click.UsageError(
            "only one of the draft and the JSON can be written to standard output"
        )
    wishes = Wishes(base_url, host, paths, title)
    with could_not_run(OSError, ValueError):
        if document is not None:
            captured, notes = _load(recordings, kind, base_url)
            lack = lacking(captured, Document.load(document), wishes)
            lack.notes += notes
            _report(lacking_as_data(lack, document), report)
            if str(report) != "-":
                print_lacking(lack, Console(soft_wrap=True))
            return
        assert output is not None
        _may_write(output, force=force)
        captured, notes = _load(recordings, kind, base_url)
        made = draft(captured, wishes)
        made.notes += notes
        _write(output, _text(made, output))
        _report(as_data(made, str(output)), report)
    if report is None or str(report) != "-":
        print_draft(made, str(output), Console(stderr=True, soft_wrap=True))


def _load(
    files: tuple[Path, ...], kind: str | None, base_url: str | None
) -> tuple[list[Captured], list[str]]:
    own_url = base_url if base_url and not base_url.startswith("/") else None
    captured: list[Captured] = []
    notes: list[str] = []
    for file in files:
        if not file.exists():
            raise RecordingError(f"no such file: {file}")
        found, remarks = load_captured(file, kind=kind, base_url=own_url)
        captured += found
        notes += [f"{file.name}: {note}" for note in remarks]
    return captured, notes


def _report(data: dict[str, Any], file: Path | None) -> None:
    if file is not None:
        _write(file, json.dumps(data, ensure_ascii=False, indent=2) + "\n")


def _may_write(output: Path, *, force: bool) -> None:
    if not force and str(output) != "-" and output.exists() and output.is_file():
        raise DraftError(f"{output} already exists: choose another file, or add --force")


def _text(made: Draft, output: Path) -> str:
    document: dict[str, Any] = made.document
    if output.suffix == ".json":
        return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    return as_yaml(document)


def _write(file: Path, text: str) -> None:
    with click.open_file(str(file), "w", encoding="utf-8") as opened:
        opened.write(text)
