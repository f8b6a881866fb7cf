"""The contract tests: both twins, alone and in lockstep, from clean and from populated databases.

python -m suite [stories | lockstep] [traps] [races] [generated | populated]

`lockstep` plays the stories in lockstep alone, which is what parity needs; `populated` sends
generated requests to populated databases alone.

PROFILE=quick|default|deep, SEED, DATABASE_URL and SERVERS are read; SERVERS=python,fastapi names
whom to compare. Unless all parts are run, not every documented status needs to be seen.

Exits with 0 when the twins are alike and keep the contract, 1 when not, 2 when it could not run.
"""

import sys
from collections.abc import Collection, Iterable
from pathlib import Path

from rich.console import Console

from lockstep.drivers.stories.files import Story, StoryError, load_stories
from lockstep.drivers.traps.files import load_traps
from lockstep.report.data import as_data
from lockstep.report.forms import write
from lockstep.report.progress import TerminalProgress
from lockstep.report.terminal import print_report
from lockstep.run import COULD_NOT_RUN, Run, RunError, Verdict
from testbed import contract, terminal
from testbed.databases import open_databases
from testbed.directories import PostgresError
from testbed.log_in import log_in
from testbed.migrations import CommandError
from testbed.paths import BUILD
from testbed.processes import ended_by_signals
from testbed.reports import PARTS, report_name
from testbed.servers import ServerError
from testbed.stage import CLEAN, POPULATED, PROFILES, Stage

# Less than the whole of the first and of the last part.
LOCKSTEP, FROM_POPULATED = "lockstep", POPULATED
FORMS = {".html": "html", ".json": "json", ".xml": "junit", ".md": "markdown"}


class Suite:
    """The stages of the run, in order."""

    def __init__(self, run: Run, stage: Stage, stories: list[Story]) -> None:
        self._run = run
        self._stage = stage
        self._stories = stories

    def run(self, parts: Collection[str]) -> None:
        """Run parts of the contract tests. Raises RunError, ServerError, StoryError."""
        if "stories" in parts:
            self._play_stories()
        elif LOCKSTEP in parts:
            self._play_in_lockstep()
        if "traps" in parts:
            self._spring_traps()
        if "races" in parts:
            self._race()
        if "generated" in parts:
            self._send_generated(CLEAN, POPULATED)
        elif FROM_POPULATED in parts:
            self._send_generated(POPULATED)

    def _play_stories(self) -> None:
        usual = [story for story in self._stories if story.profile == "default"]
        with self._stage.pair() as targets:
            # A server that is broken is told from servers that differ.
            self._run.reach(targets, "/ready")
            self._run.play_stories(usual, targets, "alone", "stories, each twin alone")
        with self._stage.pair() as targets:
            self._run.play_stories(usual, targets, "lockstep", "stories in lockstep")
        with self._stage.pair(shared=True) as targets:
            title = "stories, one database, a twin at a time"
            self._run.play_stories(usual, targets, "alternating", title)
        for story in self._stories:
            if story.profile != "default" and self._stage.can_play(story.profile):
                self._play_apart(story, story.modes)

    def _play_in_lockstep(self) -> None:
        usual = [story for story in self._stories if story.profile == "default"]
        with self._stage.pair() as targets:
            self._run.reach(targets, "/ready")
            self._run.play_stories(usual, targets, LOCKSTEP, "stories in lockstep")
        for story in self._stories:
            if story.profile != "default" and self._stage.can_play(story.profile):
                self._play_apart(story, [mode for mode in story.modes if mode == LOCKSTEP])

    def _spring_traps(self) -> None:
        """Send the requests, down to their bytes, where the runtimes differ by nature."""
        with self._stage.pair(POPULATED) as targets:
            tokens = {target.name: log_in(target.base_url) for target in targets}
            self._run.spring_traps(load_traps(contract.TRAPS), targets, tokens)

    def _race(self) -> None:
        """Send requests at the same moment, many times, to each twin apart."""
        with self._stage.pair() as targets:
            self._run.race(contract.races(self._run.document), targets)

    def _send_generated(self, *templates: str) -> None:
        first, second, *_ = self._stage.servers
        leaders = {CLEAN: first, POPULATED: second}
        for template in templates:
            with self._stage.pair(template, leader=leaders[template]) as targets:
                self._run.fuzz(targets, f"generated requests, {template} databases")

    def _play_apart(self, story: Story, modes: Iterable[str]) -> None:
        """Play a story that needs servers with other settings, which it leaves used up."""
        if story.profile not in PROFILES:
            raise StoryError(f"{story.name}: unknown profile {story.profile}")
        for mode in modes:
            with self._stage.pair(profile=story.profile, shared=mode == "alternating") as targets:
                title = f"{story.name}, {mode}"
                self._run.play_stories([story], targets, mode, title, self._stage.controls)


def main() -> int:
    """Run the contract tests and report; return the exit status."""
    parts = sys.argv[1:] or PARTS
    if not set(parts) <= {*PARTS, LOCKSTEP, FROM_POPULATED}:
        print(__doc__, file=sys.stderr)
        return COULD_NOT_RUN
    console = terminal.console()
    try:
        name = report_name(contract.servers(), parts)
        verdict = _run(parts, console, BUILD / "logs" / name)
    except (RunError, CommandError, PostgresError, ServerError, StoryError, ValueError) as error:
        print(f"The contract tests could not run. {error}", file=sys.stderr)
        return COULD_NOT_RUN
    data = as_data(verdict)
    print_report(data, console)
    report = BUILD / f"{name}-report.html"
    for suffix, form in FORMS.items():
        write(data, form, report.with_suffix(suffix))
    listed = ", ".join(FORMS)
    console.print(f"Report: {report} ({listed})\nLogs:   {BUILD / 'logs' / name}", soft_wrap=True)
    return verdict.exit_code


def _run(parts: Collection[str], console: Console, logs: Path) -> Verdict:
    with (
        ended_by_signals(),
        TerminalProgress(console) as progress,
        open_databases() as (databases, server),
    ):
        settings = contract.settings(
            database_can_stop=server is not None, in_full=set(parts) == set(PARTS)
        )
        run = Run(settings, progress)
        stories = load_stories(contract.STORIES, run.document)
        progress.stage("databases")
        stage = Stage(databases, server, logs, servers=contract.servers())
        stage.prepare(CLEAN, POPULATED)
        Suite(run, stage, stories).run(parts)
    return run.finish()


if __name__ == "__main__":
    sys.exit(main())
