"""`lockstep replay`."""

from __future__ import annotations

from pathlib import Path

import click

from lockstep.cli.click_ext import EXIT_CODES, Command, complete_files, option
from lockstep.cli.options import OUTPUT, SHARE, TARGETS, planned
from lockstep.cli.output import Output
from lockstep.cli.runner import carry_out
from lockstep.configuration import Plan
from lockstep.configuration.users import make_actors
from lockstep.drivers.replay.driver import ReplaySettings
from lockstep.drivers.replay.results import Earlier
from lockstep.recordings import FORMATS, RecordingError, load_recording
from lockstep.report.json_report import ReportError, read_report
from lockstep.run import Run
from lockstep.transport.targets import Target

_EPILOG = f"""
\b
Examples:
  lockstep replay session.har openapi.yaml --target old=http://localhost:8000 --target new=...
  lockstep replay report.json openapi.yaml --finding 3 --target old=... --target new=...
  lockstep replay access.log openapi.yaml --target old=... --target new=... --header 'X-Key: abc'
  lockstep replay session.har openapi.yaml --target new=... --json today.json
  lockstep replay session.har openapi.yaml --target new=... --against yesterday.json

{EXIT_CODES}"""


@click.command(cls=Command, epilog=_EPILOG)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("document", required=False, metavar="[SPEC]", shell_complete=complete_files)
@planned(TARGETS, SHARE, OUTPUT, takes=("document",))
@option(
    "--format",
    "kind",
    group="Recording",
    type=click.Choice(list(FORMATS)),
    help="What FILE is.  [default: what it looks like]",
)
@option(
    "--finding",
    group="Recording",
    type=click.IntRange(1),
    metavar="NUMBER",
    help="Which finding of a report, from 1.",
)
@option(
    "--origin",
    group="Recording",
    metavar="URL",
    help="Where the recorded API was.  [default: where most requests fit SPEC]",
)
@option(
    "--fresh",
    group="Recording",
    multiple=True,
    metavar="TEXT",
    help="A recorded text that servers take only once, such as an e-mail address: it is replaced "
    "by a new one of the same form. Names that a server refuses are replaced anyway.",
)
@option(
    "--against-recording/--no-against-recording",
    group="Recording",
    default=None,
    help="Compare with the recorded answers as well, or only the targets with each other."
    "  [default: as well, unless FILE is a report]",
)
@option(
    "--against",
    group="Recording",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="REPORT",
    help="The JSON report of an earlier replay of FILE: each entry that differs, or did, is FIXED, "
    "STILL or NEW.",
)
def replay(
    plan: Plan,
    file: Path,
    kind: str | None,
    finding: int | None,
    origin: str | None,
    fresh: tuple[str, ...],
    against_recording: bool | None,
    against: Path | None,
    output: Output,
) -> None:
    """Send recorded requests to every target, and show where the answers differ.

    FILE is a HAR file of a browser or a proxy, a cassette (VCR or NDJSON) of Schemathesis, an
    access log (lines of text or JSON, columns as IIS has them), flows of mitmproxy, or a JSON
    report of lockstep, of which one finding is played again. It may be gzipped. SPEC is the OpenAPI
    document that the targets share. The answers are compared with each other and with those that
    were recorded; one target is enough.

    Ids and tokens that the recorded server made are replaced by those that the targets make, as
    the recorded answers and the new ones show them. Where the log-in was not recorded, give a
    --header, or users in the configuration. A log has no bodies: its reads are sent, with ids that
    the first target lists where it does not know the recorded ones.
    """

    def drive(work: Run, targets: list[Target]) -> None:
        earlier = _earlier(against) if against is not None else None
        recording = load_recording(file, work.document, kind=kind, base_url=origin, finding=finding)
        compares = recording.is_traffic if against_recording is None else against_recording
        settings = ReplaySettings(fresh, against_recording=compares)
        _log_in(work, plan, targets)
        work.replay(recording, targets, settings, earlier)

    carry_out(plan, drive, output, RecordingError, ReportError)


def _earlier(path: Path) -> Earlier:
    """What differed in an earlier replay; `ReportError` where the report is of none."""
    replays = read_report(path).get("replays")
    if not replays:
        raise ReportError(f"{path}: not the report of a replay: it has no entries to compare with")
    entries = (entry for replay in replays for entry in replay["entries"])
    return {(entry["name"], entry["request"]): entry["differs"] for entry in entries}


def _log_in(work: Run, plan: Plan, targets: list[Target]) -> None:
    work.smoke(targets)
    users = make_actors(plan.source, work.document)
    if users:
        work.use(users)
        work.log_in(targets)
