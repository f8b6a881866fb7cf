"""`lockstep run`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import click

from lockstep.cli.click_ext import EXIT_CODES, Command, complete_files, complete_folders, option
from lockstep.cli.options import AMOUNT, OPERATIONS, OUTPUT, SHARE, TARGETS, planned
from lockstep.cli.output import Output
from lockstep.cli.runner import carry_out
from lockstep.configuration import ConfigurationError, Plan
from lockstep.configuration.states import StateError
from lockstep.configuration.users import make_actors, user_of_headers
from lockstep.drivers.races.files import load_races
from lockstep.drivers.stories.files import MODES, StoryError, load_stories
from lockstep.drivers.traps.files import load_traps
from lockstep.run import Run
from lockstep.transport.targets import Target

_EPILOG = f"""
\b
Examples:
  lockstep run openapi.yaml --target old=http://localhost:8000 --target new=http://localhost:9000
  lockstep run https://example.com/openapi.json --target old=... --target new=... --html report.html
  lockstep run openapi.yaml --target old=... --target new=... --header 'Authorization: Bearer abc'
  lockstep run --config lockstep.toml --profile quick --seed 7
  lockstep run openapi.yaml --target old=... --target new=... --shard 2/5 --json 2.json

{EXIT_CODES}"""


Loaded = TypeVar("Loaded")
_OWN = (
    *("document", "stories", "mode", "traps", "races"),
    *("fuzz", "commands", "self_check", "coverage"),
)


@click.command(cls=Command, epilog=_EPILOG)
@click.argument("document", required=False, metavar="[SPEC]", shell_complete=complete_files)
@planned(TARGETS, AMOUNT, OPERATIONS, SHARE, OUTPUT, takes=_OWN)
@option(
    "--stories",
    group="Requests",
    metavar="FOLDER",
    shell_complete=complete_folders,
    help="A directory of stories, run first.",
)
@option(
    "--mode",
    group="Requests",
    type=click.Choice(MODES),
    help="How to run stories: on each target alone, compared, or each request on the next of "
    "several targets that share state.  [default: lockstep]",
)
@option(
    "--traps",
    group="Requests",
    metavar="FOLDER",
    shell_complete=complete_folders,
    help="A directory of traps: raw requests.",
)
@option(
    "--races",
    group="Requests",
    metavar="FOLDER",
    shell_complete=complete_folders,
    help="A directory of races.",
)
@option(
    "--fuzz/--no-fuzz",
    group="Requests",
    default=None,
    help="Whether to send generated requests.  [default: yes]",
)
@option(
    "--prepare",
    "commands",
    group="Requests",
    multiple=True,
    metavar="COMMAND",
    help="A command that brings the targets into a state, such as empty. Repeatable: all "
    "requests are sent in each state.",
)
@option(
    "--self-check/--no-self-check",
    group="Requests",
    default=None,
    help="Whether to compare each target with itself first.  [default: yes]",
)
@option(
    "--coverage/--no-coverage",
    group="Requests",
    default=None,
    help="Whether to require that every documented status is seen.  [default: no]",
)
def run(plan: Plan, output: Output) -> None:
    """Send the same requests to every target, and show where the responses differ.

    SPEC is the OpenAPI document that the targets share: 3.0 to 3.2 or Swagger 2.0, in JSON or YAML,
    a file or a URL. Nothing else is required: requests are generated from it, the way users log in
    is discovered in it, and ids, times and tokens that the targets generate are recognised.
    Requests create, change and delete data: point the targets at test databases.
    """
    carry_out(plan, partial(drive, plan), output, StateError)


def drive(plan: Plan, work: Run, targets: Sequence[Target]) -> None:
    """Send all requests of `lockstep run`."""
    work.smoke(targets)
    work.try_without_certificates(targets)
    caller = user_of_headers(targets, work.document)
    work.use(make_actors(plan.source, work.document) or ((caller,) if caller else ()))
    work.log_in(targets)
    if plan.data.get("self_check", True):
        work.self_check(targets)
    work.confirms_at_the_end = True
    states = plan.states()
    for state in states:
        state.bring_about(targets)
        work.ledger.begin_anew()
        _pass(work, plan, targets, f", {state.name}")
    if not states:
        _pass(work, plan, targets)
    work.confirm_all(targets)
    if plan.data.get("fuzz", True) and not plan.data.get("include"):
        # Last, as a server may suffer from malformed requests.
        work.general_traps(targets)


def _pass(work: Run, plan: Plan, targets: Sequence[Target], suffix: str = "") -> None:
    folders = {key: plan.folder(key) for key in ("stories", "traps", "races")}
    if folders["stories"] is not None:
        mode = plan.data["stories"].get("mode", "lockstep")
        stories = _loaded(load_stories, folders["stories"], work.document)
        work.play_stories(stories, targets, mode, f"stories, {mode}{suffix}")
    if plan.data.get("fuzz", True):
        work.walk(targets, f"walk{suffix}")
        work.probe(targets, f"probes{suffix}")
        work.fuzz(targets, f"generated requests{suffix}")
    if folders["traps"] is not None:
        work.spring_traps(_loaded(load_traps, folders["traps"]), targets, work.tokens(targets))
    own = folders["races"]
    if own is not None:
        work.race(_loaded(load_races, own, work.document), targets, f"races{suffix}")
    if plan.data.get("fuzz", True):
        work.race_repeats(targets, f"races of repeats{suffix}")


def _loaded(load: Callable[..., Loaded], folder: Path, *others: object) -> Loaded:
    try:
        return load(folder, *others)
    except (OSError, ValueError, StoryError) as error:
        raise ConfigurationError(str(error)) from error
