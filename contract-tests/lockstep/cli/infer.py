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
  0  the draft is written, or what the document lacks is told
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
    help="Where the draft goes: YAML, or JSON for a name in .json; - for standard output.",
)
@option("--force", group="Draft", is_flag=True, help="Write over a file that is there.")
@option("--title", group="Draft", metavar="TEXT", help="What the API is called.")
@option(
    "--path",
    "paths",
    group="Draft",
    multiple=True,
    metavar="TEMPLATE",
    help="A path with its parameters, such as '/files/{name}', where it is not found. Literal "
    "paths beside it are told in the same way.",
)
@option(
    "--json", "report", group="Draft", type=_FILE, help="What was left out and never seen, as JSON."
)
@option(
    "--document",
    group="Draft",
    metavar="SPEC",
    help="Draft nothing: say what the recordings have and this document lacks.",
)
@option(
    "--format",
    "kind",
    group="Recordings",
    type=click.Choice(list(FORMATS)),
    help="What the recordings are.  [default: what they look like]",
)
@option(
    "--host",
    group="Recordings",
    metavar="HOST",
    help="Which of several hosts the API is on.  [default: the one with most of an API]",
)
@option(
    "--base-url",
    group="Recordings",
    metavar="URL",
    help="Where the recorded API was, with its base path, or the base path alone.",
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
    and reports. The draft is what they show: paths with their parameters, schemas of what was sent
    and answered, how clients log in. No recorded value is in it, but for names of members and paths
    and the words of enumerations. It says what was never seen. Read it before you trust it.
    """
    if (output is None) == (document is None):
        raise click.UsageError("name the FILE of a draft (-o), or a --document to hold against")
    if str(output) == str(report) == "-":
        raise click.UsageError("only one of the draft and the JSON can go to standard output")
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
            raise RecordingError(f"there is no file {file}: is it in another folder?")
        found, said = load_captured(file, kind=kind, base_url=own_url)
        captured += found
        notes += [f"{file.name}: {note}" for note in said]
    return captured, notes


def _report(data: dict[str, Any], file: Path | None) -> None:
    if file is not None:
        _write(file, json.dumps(data, ensure_ascii=False, indent=2) + "\n")


def _may_write(output: Path, *, force: bool) -> None:
    if not force and str(output) != "-" and output.exists() and output.is_file():
        raise DraftError(f"{output} is there already: name another file, or add --force")


def _text(made: Draft, output: Path) -> str:
    document: dict[str, Any] = made.document
    if output.suffix == ".json":
        return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    return as_yaml(document)


def _write(file: Path, text: str) -> None:
    with click.open_file(str(file), "w", encoding="utf-8") as opened:
        opened.write(text)
