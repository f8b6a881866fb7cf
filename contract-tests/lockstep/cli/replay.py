"""`lockstep replay`."""

from __future__ import annotations

from pathlib import Path

import click

from lockstep.cli.click_ext import EXIT_CODES, Command, option
from lockstep.cli.options import OUTPUT, TARGETS, planned
from lockstep.cli.output import Output
from lockstep.cli.runner import carry_out
from lockstep.configuration import Plan
from lockstep.configuration.users import make_actors
from lockstep.drivers.replay.driver import ReplaySettings
from lockstep.recordings import FORMATS, Recording, RecordingError, load_recording
from lockstep.run import Run
from lockstep.transport.targets import Target

_EPILOG = f"""
\b
Examples:
  lockstep replay session.har openapi.yaml --target old=http://localhost:8000 --target new=...
  lockstep replay report.json openapi.yaml --finding 3 --target old=... --target new=...
  lockstep replay access.log openapi.yaml --target old=... --target new=... --header 'X-Key: abc'
  lockstep replay session.har openapi.yaml --target new=... --against-recording

{EXIT_CODES}"""


@click.command(cls=Command, epilog=_EPILOG)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("document", required=False, metavar="[SPEC]")
@planned(TARGETS, OUTPUT, takes=("document",))
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
    "--against-recording",
    group="Recording",
    is_flag=True,
    help="Compare with the recorded answers as well.",
)
def replay(
    plan: Plan,
    file: Path,
    kind: str | None,
    finding: int | None,
    origin: str | None,
    fresh: tuple[str, ...],
    against_recording: bool,
    output: Output,
) -> None:
    """Send recorded requests to every target, and show where the answers differ.

    FILE is a HAR file of a browser or a proxy, a cassette (VCR or NDJSON) of Schemathesis, an
    access log, or a JSON report of lockstep, of which one finding is played again. It may be
    gzipped. SPEC is the OpenAPI document that the targets share.

    Ids and tokens that the recorded server made are replaced by those that the targets make, as
    the recorded answers and the new ones show them. Where the log-in was not recorded, give a
    --header, or users in the configuration. A log has no bodies: its reads are sent, with ids that
    the first target lists where it does not know the recorded ones.
    """
    settings = ReplaySettings(fresh, against_recording=against_recording)

    def drive(work: Run, targets: list[Target]) -> None:
        recording = load_recording(file, work.document, kind=kind, base_url=origin, finding=finding)
        _drive(work, plan, targets, recording, settings)

    carry_out(plan, drive, output, RecordingError)


def _drive(
    work: Run, plan: Plan, targets: list[Target], recording: Recording, settings: ReplaySettings
) -> None:
    work.smoke(targets)
    users = make_actors(plan.source, work.document)
    if users:
        work.use(users)
        work.log_in(targets)
    work.replay(recording, targets, settings)
