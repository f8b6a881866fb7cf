"""`lockstep run`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from lockstep.cli.options import EXIT_CODES, parse_targets
from lockstep.drivers.fuzz import PHASES
from lockstep.drivers.story_files import MODES, StoryError, load_stories
from lockstep.report.json_report import write_json
from lockstep.report.progress import TerminalProgress
from lockstep.report.terminal import print_verdict
from lockstep.run import Run, RunError
from lockstep.settings import PROFILES, Settings
from lockstep.targets import Target
from lockstep.verdict import COULD_NOT_RUN, Verdict


@click.command(epilog=EXIT_CODES)
@click.argument("document", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--target",
    "targets",
    multiple=True,
    required=True,
    metavar="NAME=URL",
    help="A server, at least one; the first one leads.",
)
@click.option("--stories", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--mode", type=click.Choice(MODES), default="lockstep", help="How stories are played."
)
@click.option("--fuzz/--no-fuzz", default=True, help="Send generated requests.")
@click.option("--phase", "phases", multiple=True, type=click.Choice(PHASES), help="Only these.")
@click.option("--profile", type=click.Choice(list(PROFILES)), default="default")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--known", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--coverage/--no-coverage", default=False, help="Ask for every documented status.")
@click.option("--json", "report", type=click.Path(dir_okay=False, path_type=Path))
def run(
    document: Path,
    targets: tuple[str, ...],
    stories: Path | None,
    mode: str,
    fuzz: bool,
    phases: tuple[str, ...],
    profile: str,
    seed: int,
    known: Path | None,
    coverage: bool,
    report: Path | None,
) -> None:
    """Send the same requests to every target and compare the answers by DOCUMENT."""
    settings = Settings(
        document=document,
        seed=seed,
        fuzz=replace(PROFILES[profile], phases=phases or PHASES),
        known_differences=known,
        require_coverage=coverage,
    )
    console = Console()
    servers = parse_targets(targets)
    try:
        with TerminalProgress(console) as progress:
            verdict = _run(Run(settings, progress), servers, stories, mode, fuzz)
    except (RunError, StoryError) as error:
        click.echo(f"lockstep: {error}", err=True)
        sys.exit(COULD_NOT_RUN)
    finally:
        for server in servers:
            server.close()
    print_verdict(verdict, console)
    if report is not None:
        write_json(verdict, report)
    sys.exit(verdict.exit_code)


def _run(work: Run, targets: list[Target], stories: Path | None, mode: str, fuzz: bool) -> Verdict:
    work.reach(targets)
    if stories is not None:
        work.play_stories(load_stories(stories, work.document), targets, mode)
    if fuzz:
        work.fuzz(targets)
    return work.finish()
