"""The stages of the contract tests, in order."""

from collections.abc import Collection, Iterable

from lockstep.drivers.stories.files import Story, StoryError
from lockstep.run import Run
from suite.cost.driver import measure, meters
from suite.cost.inputs import Inputs
from suite.forged import send_forged
from suite.logs.watch import LogWatch
from suite.selection import Selection
from suite.startup.driver import commands_of, start_up
from testbed import contract
from testbed.log_in import log_in
from testbed.stage import CLEAN, CROSS_ORIGIN, POPULATED, PRODUCTION, PROFILES, Stage

_THIRD = 3
# Reduced forms of the first and of the last part.
LOCKSTEP, FROM_POPULATED = "lockstep", POPULATED


def templates(parts: Collection[str]) -> list[str]:
    """Return the template databases that parts of the contract tests need."""
    clean = {"stories", LOCKSTEP, "production", "races", "generated"}
    populated = {"traps", "production", "forged", "cost", "generated", FROM_POPULATED}
    needed = {CLEAN: clean, POPULATED: populated}
    return [template for template, of in needed.items() if of & set(parts)]


class Suite:
    """The stages of the run, in order."""

    def __init__(self, run: Run, stage: Stage, selection: Selection) -> None:
        self._run = run
        self._stage = stage
        self._selection = selection
        run.witnesses.append(LogWatch(run.document.raw, lambda: stage.log_files))
        stories = selection.stories
        self._usual = [story for story in stories if story.profile == "default"]
        self._unusual = [
            story
            for story in stories
            if story.profile != "default" and stage.can_play(story.profile)
        ]

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
        if "production" in parts:
            self._run_in_production()
        if "forged" in parts:
            with self._stage.pair(POPULATED) as targets:
                send_forged(self._run, targets)
        if "cost" in parts:
            self._measure_costs()
        if "startup" in parts:
            in_full = contract.profile() == "deep"
            start_up(self._run, commands_of(self._stage.servers), in_full=in_full)
        if "generated" in parts:
            self._send_generated(CLEAN, POPULATED)
        elif FROM_POPULATED in parts:
            self._send_generated(POPULATED)

    def _play_stories(self) -> None:
        if self._usual:
            with self._stage.pair() as targets:
                # Distinguish a broken server from servers that differ.
                self._run.reach(targets, "/ready")
                self._run.play_stories(self._usual, targets, "alone", "stories, each twin alone")
            with self._stage.pair(rows=True) as targets:
                self._run.play_stories(self._usual, targets, LOCKSTEP, "stories in lockstep")
            with self._stage.pair(shared=True) as targets:
                title = "stories, one database, a twin at a time"
                self._run.play_stories(self._usual, targets, "alternating", title)
        for story in self._unusual:
            self._play_apart(story, story.modes)

    def _play_in_lockstep(self) -> None:
        with self._stage.pair(rows=True) as targets:
            self._run.reach(targets, "/ready")
            self._run.play_stories(self._usual, targets, LOCKSTEP, "stories in lockstep")
        for story in self._unusual:
            self._play_apart(story, [mode for mode in story.modes if mode == LOCKSTEP])

    def _spring_traps(self) -> None:
        """Send raw requests where the runtimes differ by nature."""
        with self._stage.pair(POPULATED) as targets:
            tokens = {target.name: log_in(target.base_url) for target in targets}
            self._run.spring_traps(self._selection.traps, targets, tokens)

    def _run_in_production(self) -> None:
        """Play and send it again to servers with the settings of production, two workers each.

        Responses are not validated there, and requests come to processes that share the database
        alone. Of the stories a third is played, another with another seed; all if in full.
        """
        in_full = contract.profile() == "deep"
        chosen = self._usual if in_full else self._usual[contract.seed() % _THIRD :: _THIRD]
        if chosen:
            with self._stage.pair(profile=PRODUCTION) as targets:
                self._run.reach(targets, "/ready")
                self._run.play_stories(chosen, targets, LOCKSTEP, "stories in production")
        with self._stage.pair(POPULATED, profile=PRODUCTION) as targets:
            tokens = {target.name: log_in(target.base_url) for target in targets}
            self._run.spring_traps(self._selection.traps, targets, tokens, "traps in production")

    def _race(self) -> None:
        """Send concurrent requests, many times, to each twin separately."""
        with self._stage.pair() as targets:
            self._run.race(self._selection.races, targets)

    def _measure_costs(self) -> None:
        """Send the most expensive requests within the limits, and measure processor time."""
        inputs = Inputs(self._run.document, in_full=contract.profile() == "deep")
        with self._stage.pair(POPULATED) as targets:
            measure(self._run, inputs, meters(self._stage, targets))

    def _send_generated(self, *templates: str) -> None:
        if self._selection.operations:
            self._run.choose(self._selection.operations)
        if CLEAN in templates:
            # Without rows: counts of clients are shared on a timer, in whichever request runs then.
            with self._stage.pair(profile=CROSS_ORIGIN) as targets:
                self._run.walk(targets)
                self._run.probe(targets)
                self._run.race_repeats(targets)
        first, second, *_ = self._stage.servers
        leaders = {CLEAN: first, POPULATED: second}
        for template in templates:
            with self._stage.pair(template, leader=leaders[template], rows=True) as targets:
                self._run.fuzz(targets, f"generated requests, {template} databases")

    def _play_apart(self, story: Story, modes: Iterable[str]) -> None:
        """Run a story that needs servers with other settings, and leaves them unusable."""
        if story.profile not in PROFILES:
            raise StoryError(f"{story.name}: unknown profile {story.profile}")
        for mode in modes:
            with self._stage.pair(profile=story.profile, shared=mode == "alternating") as targets:
                title = f"{story.name}, {mode}"
                self._run.play_stories([story], targets, mode, title, self._stage.controls)
