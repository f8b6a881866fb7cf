"""`lockstep replay`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from lockstep.cli.options import EXIT_CODES, parse_targets
from lockstep.drivers.replay import ReplaySettings
from lockstep.messages import Headers
from lockstep.recordings import FORMATS, RecordingError, load_recording
from lockstep.report.json_report import write_json
from lockstep.report.progress import TerminalProgress
from lockstep.report.terminal import print_verdict
from lockstep.run import Run, RunError
from lockstep.settings import Settings
from lockstep.verdict import COULD_NOT_RUN

_EPILOG = f"""
\b
Examples:
  lockstep replay session.har openapi.yaml --target old=http://localhost:8000 --target new=http://localhost:9000
  lockstep replay report.json openapi.yaml --finding 3 --target old=... --target new=...
  lockstep replay access.log openapi.yaml --target old=... --target new=... --header 'X-Key: abc'
  lockstep replay session.har openapi.yaml --target new=... --against-recording

{EXIT_CODES}
"""


@click.command(epilog=_EPILOG)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("spec")
@click.option(
    "--target",
    "targets",
    multiple=True,
    required=True,
    metavar="NAME=URL",
    help="A server, at least one; the first one leads.",
)
@click.option(
    "--format", "kind", type=click.Choice(list(FORMATS)), help="What FILE is, if unclear."
)
@click.option("--finding", type=click.IntRange(1), help="Which finding of a report, from 1.")
@click.option(
    "--origin", metavar="URL", help="Where the recorded API was; by default, what fits SPEC best."
)
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="'NAME: VALUE'",
    help="Sent with every request instead of the recorded one: a token, say.",
)
@click.option(
    "--fresh",
    multiple=True,
    metavar="TEXT",
    help="A recorded text that servers take only once, such as an e-mail address: "
    "it is replaced by a new one of the same form. Refused names are replaced anyway.",
)
@click.option(
    "--against-recording", is_flag=True, help="Compare with the recorded answers as well."
)
@click.option("--known", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "report", type=click.Path(dir_okay=False, path_type=Path))
def replay(
    file: Path,
    spec: str,
    targets: tuple[str, ...],
    kind: str | None,
    finding: int | None,
    origin: str | None,
    headers: tuple[str, ...],
    fresh: tuple[str, ...],
    against_recording: bool,
    known: Path | None,
    report: Path | None,
) -> None:
    """Send recorded requests to every target and compare the answers by SPEC.

    FILE is a HAR file of a browser or a proxy, a cassette (VCR or NDJSON) of Schemathesis, an
    access log, or a JSON report of lockstep, of which one finding is played again. It may be
    gzipped.

    Ids and tokens that the recorded server made are replaced by those that the targets make, as
    the recorded answers and the new ones show them. A log has no bodies: its reads are sent, with
    ids that the first target lists where it does not know the recorded ones.
    """
    console = Console()
    servers = parse_targets(targets)
    settings = Settings(spec, known_differences=known, require_coverage=False)
    chosen = ReplaySettings(fresh, _headers(headers), against_recording)
    try:
        with TerminalProgress(console) as progress:
            run = Run(settings, progress)
            recording = load_recording(
                file, run.document, kind=kind, base_url=origin, finding=finding
            )
            run.reach(servers)
            run.replay(recording, servers, chosen)
            verdict = run.finish()
    except (RunError, RecordingError) as error:
        click.echo(f"lockstep: {error}", err=True)
        sys.exit(COULD_NOT_RUN)
    finally:
        for server in servers:
            server.close()
    print_verdict(verdict, console)
    if report is not None:
        write_json(verdict, report)
    sys.exit(verdict.exit_code)


def _headers(texts: tuple[str, ...]) -> Headers:
    pairs = [text.partition(":") for text in texts]
    if not all(colon and name.strip() for name, colon, _ in pairs):
        raise click.BadParameter("a header is 'NAME: VALUE'", param_hint="--header")
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)
