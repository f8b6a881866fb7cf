"""A run: stages that drive the targets one after another."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace

from lockstep.auth.actors import ActorError, ActorSpec
from lockstep.auth.probe import find_users, is_open
from lockstep.drivers.fuzz.driver import Lane, fuzz
from lockstep.drivers.fuzz.places import given_by
from lockstep.drivers.probes.driver import probe
from lockstep.drivers.races.driver import run_race
from lockstep.drivers.races.files import Race
from lockstep.drivers.races.repeats import race_repeats
from lockstep.drivers.replay.driver import ReplaySettings, replay
from lockstep.drivers.replay.results import Earlier, ReplayResult
from lockstep.drivers.stories.files import Story, StoryError
from lockstep.drivers.stories.player import Control, StoryPlayer
from lockstep.drivers.walk.driver import Maker, walk
from lockstep.effects.calls.proxies import ProxyError
from lockstep.exchange.exchanger import Exchanger, TargetLostError
from lockstep.exchange.rw_lock import ReadWriteLock
from lockstep.openapi.sharding import Share
from lockstep.raw_requests import RawRequests
from lockstep.recordings import Recording
from lockstep.recordings.recorded_target import RECORDED
from lockstep.report.live_secrets import LiveSecrets
from lockstep.results.witness import Sent
from lockstep.self_check import self_check
from lockstep.session import Reporter, RunError
from lockstep.smoke import anonymous_answer, smoke
from lockstep.transport.messages import NoResponse, Request
from lockstep.transport.targets import Target
from lockstep.verdict import ALIKE, COULD_NOT_RUN, DIVERGED, Stage, Verdict
from lockstep.warrant import Warrant
from lockstep.warrant.recorder import Recorder

__all__ = ["ALIKE", "COULD_NOT_RUN", "DIVERGED", "Reporter", "Run", "RunError", "Stage", "Verdict"]


class Run(RawRequests):
    """Runs stages one after another."""

    # The maker of the last walk, which can create further resources.
    _walked: Maker | None = None
    # What real traffic has proved of each route, if some was compared.
    warrant: Warrant | None = None

    def reach(self, targets: Sequence[Target], path: str | None = None) -> None:
        """Request a path from each target. Raises `RunError` for those that do not respond.

        With a `path` the response must be a 2xx. This tells missing servers from differing ones.
        """
        silent = []
        for target in targets:
            outcome = target.send(Request("GET", path or "/"))
            place = f"{target.name} at {target.base_url}"
            if isinstance(outcome, NoResponse):
                silent.append(f"{place}: {outcome.reason}")
            elif path is not None and not 200 <= outcome.status < 300:
                silent.append(f"{place}: {path} returns {outcome.status}")
        if silent:
            raise RunError("; ".join(silent))

    def listen(self, targets: Sequence[Target]) -> None:
        """Start the forward proxies of the targets that configure one. Raises `RunError`."""
        try:
            self.ledger.proxies.open(targets)
        except ProxyError as error:
            raise RunError(str(error)) from error

    def smoke(self, targets: Sequence[Target]) -> None:
        """Check that each target responds. Raises `RunError` with the problems of each."""
        seen = smoke(targets, self.document)
        self.notes += seen.notes
        if seen.faults:
            raise RunError("\n".join(seen.faults))

    def try_without_certificates(self, targets: Sequence[Target]) -> None:
        """Compare the responses without a client certificate; a difference is a problem."""
        got = {
            target.name: anonymous_answer(bare, self.document)
            for target in targets
            if (bare := target.without_certificate()) is not None
        }
        outcomes = [f"{name} {answer}" for name, answer in got.items()]
        if len(set(got.values())) > 1:
            self.add_problem(f"without the client certificate {', '.join(outcomes)}")
        elif got:
            self.notes.append(f"without the client certificate {', '.join(outcomes)}")

    def use(self, actors: tuple[ActorSpec, ...]) -> None:
        """Use these users, which depend on the document, in place of the configured ones."""
        self.settings = replace(self.settings, actors=actors)
        self.ledger.other_users.update(each.name for each in actors if each.is_extra)

    def log_in(self, targets: Sequence[Target]) -> None:
        """Discover what the settings omit: how users register and log in; `notes` report it.

        Raises `RunError` if a configured user cannot log in.
        """
        drafts = self.settings.actors
        if drafts and not any(map(is_open, drafts)):
            return
        if not any(operation.requires_auth for operation in self.document.operations.values()):
            return
        nonce = self.settings.nonce or secrets.token_hex(4)
        with self.stage("login", targets):
            exchanger = Exchanger(self.ledger, targets)
            try:
                found = find_users(exchanger, nonce, drafts)
            except (ActorError, TargetLostError) as error:
                raise RunError(f"login: {error}") from error
            # What is found on the way is reproduced with the tokens of its user.
            self._identities |= exchanger.identities
        self.use(found.specs)
        if not found.specs:
            # The consequence comes first, before other notes.
            first, *others = found.notes
            self.notes[:0] = [f"No operation that requires a login was tested: {first}"]
            found.notes = others
        self.notes += found.notes

    def self_check(self, targets: Sequence[Target]) -> None:
        """Compare each target with itself; what changes on each request is not judged."""
        title = "self-check"
        with self.stage(title, targets), self.lane(title, targets) as (exchanger, actors):
            self.not_judged += self_check(exchanger, actors)

    def play_stories(
        self,
        stories: Sequence[Story],
        targets: Sequence[Target],
        mode: str,
        title: str = "",
        controls: Mapping[str, Control] | None = None,
    ) -> Stage:
        """Play the stories that support a mode.

        `alone`: each target by itself, expectations only. `lockstep`: all at once, compared.
        `alternating`: the targets share one state, and each request goes to the next one.
        `controls` maps the names of `control` steps to functions.
        """
        chosen = self.shard.deal(
            [story for story in stories if mode in story.modes], lambda story: len(story.steps)
        )
        with self.stage(title or f"stories, {mode}", targets, mode) as stage:
            groups = [[target] for target in targets] if mode == "alone" else [list(targets)]
            total = len(chosen) * len(groups)
            for group in groups:
                exchanger = Exchanger(self.ledger, group, rotate=mode == "alternating")
                actors = self.actors(exchanger)
                bystanders = None if mode == "alone" else self.bystanders
                player = StoryPlayer(exchanger, actors, controls or {}, bystanders)
                seen = self._seen_by_witnesses(exchanger)
                for story in chosen:
                    seen.clear()
                    try:
                        result = player.play(story)
                        if seen:
                            self.testify(story.name, seen, exchanger.versions.translate_text)
                    except TargetLostError as error:
                        self.could_not_run(f"{stage.title}: {error}")
                        break
                    except Exception as error:  # The other stories are still played.
                        self.ledger.faults.note(f"the story {story.name}: not judged", error)
                        continue
                    stage.stories.append(result)
                    if not result.played:
                        self.not_judged.append(f"{title or mode}: {result.problem}")
                    self.reporter.progress(story.name, len(stage.stories), total)
                if not self.confirms_at_the_end:
                    self.confirm(exchanger)
        return stage

    def _seen_by_witnesses(self, exchanger: Exchanger) -> list[Sent]:
        """Return a list that collects exchanges with all targets, if there are witnesses."""
        seen: list[Sent] = []
        if self.witnesses and len(exchanger.targets) > 1 and not exchanger.rotates:
            exchanger.listeners.append(
                lambda each, _: seen.append(
                    Sent(each.label, each.requests, each.outcomes, each.at_once)
                )
            )
            for witness in self.witnesses:
                witness.begin()
        return seen

    def walk(self, targets: Sequence[Target], title: str = "walk") -> Stage:
        """Create, read, list, change and delete the document's resources, like a careful user."""
        self._walked = None
        with self.stage(title, targets) as stage, self.lane(title, targets) as (exchanger, actors):
            self._walked = walk(exchanger, actors, self.reporter.progress)
            self.not_tested += self._walked.left_out
        return stage

    def probe(self, targets: Sequence[Target], title: str = "probes") -> Stage:
        """Send invalid and unusual variants to each operation, one at a time, after a walk."""
        with self.stage(title, targets) as stage:
            if self._walked is None:
                return stage
            client = self._walked.client
            with self.concluding(title, [(client.exchanger, client.actors)]):
                self.not_tested += probe(self._walked, self.settings.origins)
        return stage

    def race_repeats(self, targets: Sequence[Target], title: str = "races of repeats") -> Stage:
        """Send equal writes at once of which only one has an effect in sequence, after a walk."""
        with self.stage(title, targets) as stage:
            if self._walked is None:
                return stage
            client = self._walked.client
            with self.concluding(title, [(client.exchanger, client.actors)]):
                for result in race_repeats(self._walked, self.not_tested.append):
                    self._races.append(result)
                    self.notes += result.notes
        return stage

    def choose(self, operations: Collection[str]) -> None:
        """Restrict further tests to these operations, and their prerequisites."""
        self.ledger.share = Share(self.shard, frozenset(operations))

    def fuzz(self, targets: Sequence[Target], title: str = "fuzzing") -> Stage:
        """Drive all targets with generated requests; the first target leads."""
        with self.stage(title, targets) as stage:
            lanes = self._lanes(targets)
            before = self.ledger.exchanges

            def noted(phase: str, label: str) -> None:
                self.reporter.progress(f"{phase} {label}", self.ledger.exchanges - before, None)

            with self.concluding(title, lanes):
                given = given_by(self._walked) if self._walked is not None else None
                notes = fuzz(lanes, self.settings.fuzz, self.settings.seed, noted, given)
                self.not_judged += [note for note in notes if note not in self.not_judged]
        return stage

    def _without_excluded(self, recording: Recording) -> Recording:
        document = self.document
        if not document.excluded:
            return recording
        steps = tuple(
            step
            for step in recording.steps
            if not document.is_excluded(step.request.method, step.request.path)
        )
        left_out = len(recording.steps) - len(steps)
        if left_out:
            requests = "1 request" if left_out == 1 else f"{left_out:,} requests"
            self.not_tested.append(f"{requests} of the recording, to excluded operations")
        return replace(recording, steps=steps)

    def _lanes(self, targets: Sequence[Target]) -> list[Lane]:
        """Return an exchanger and actors for each worker; a gate makes writes exclusive."""
        workers = self.settings.fuzz.workers
        gate = ReadWriteLock() if workers > 1 else None
        exchangers = [Exchanger(self.ledger, targets, gate=gate) for _ in range(workers)]
        if not self.settings.actors:
            return [(exchanger, None) for exchanger in exchangers]
        return [(each, self.actors(each, number)) for number, each in enumerate(exchangers)]

    def replay(
        self,
        recording: Recording,
        targets: Sequence[Target],
        settings: ReplaySettings,
        earlier: Earlier | None = None,
        *,
        warrants: bool = False,
    ) -> Stage:
        """Send a recording to all targets; the first one leads.

        `earlier` has the differences of an earlier replay, to be compared with. With `warrants` the
        run's `warrant` has the evidence for each route.
        """
        self.not_tested += recording.notes
        recording = self._without_excluded(recording)
        if recording.unsent:
            requests = "1 request" if recording.unsent == 1 else f"{recording.unsent:,} requests"
            self.untested.append(f"{requests} whose recorded bodies are missing")
        # Entries are distributed to shards, regardless of their operations.
        every = frozenset[str]() if self.shard.is_whole else frozenset(self.document.operations)
        self.ledger.share = Share(self.shard, every)
        self.ledger.from_clients = True
        title = f"replay of {recording.title}"
        result = ReplayResult(recording.title)
        self.replays.append(result)
        with (
            self.stage(title, targets) as stage,
            self.lane(title, targets) as (exchanger, actors),
            self._recording(targets) if warrants else nullcontext(),
        ):
            replay(
                recording,
                exchanger,
                actors,
                replace(settings, judged=self.included),
                self.reporter.progress,
                result,
            )
        if earlier is not None:
            result.compare_with(earlier)
        self._conclude(result, title)
        return stage

    @contextmanager
    def _recording(self, targets: Sequence[Target]) -> Iterator[None]:
        """Count the exchanges in the block in the warrant of the run.

        A single target is compared with the recording.
        """
        names = [target.name for target in targets]
        secrets = LiveSecrets(self.document)
        recorder = Recorder(
            self.document,
            self.ledger.conformance,
            names if len(names) > 1 else [RECORDED, *names],
            secrets.sentence,
            text=secrets.text,
        )
        self.ledger.listeners.append(recorder.note)
        try:
            yield
        finally:
            self.ledger.listeners.remove(recorder.note)
            self.warrant = recorder.warrant()

    def _conclude(self, result: ReplayResult, title: str) -> None:
        """Report deviations from the recording; a replay with nothing as recorded fails."""
        self.not_judged += result.notes
        seen, known = result.as_recorded
        if not known or seen == known:
            return
        if seen:
            self.not_judged.append(f"{seen:,} of {known:,} requests got their recorded status")
            return
        requests = "the request" if known == 1 else f"any of {known:,} requests"
        reason = f"{title}: no target gave the recorded status to {requests}"
        if result.is_compared:
            self.add_problem(reason)
        else:
            self.could_not_run(reason)

    def confirm_all(self, targets: Sequence[Target]) -> None:
        """Reproduce all findings at the end of the run."""
        with self.stage("confirming", targets):
            self.confirm(Exchanger(self.ledger, targets))

    def race(
        self,
        races: Sequence[Race],
        targets: Sequence[Target],
        title: str = "races",
    ) -> Stage:
        """Run races on each target separately; one that cannot be set up is not judged."""
        races = self.shard.deal(races, lambda race: race.rounds)
        with self.stage(title, targets, "alone") as stage:
            done = itertools.count(1)
            total = sum(race.rounds for race in races) * len(targets)
            exchangers = [Exchanger(self.ledger, [target]) for target in targets]
            lanes = [(exchanger, self.actors(exchanger)) for exchanger in exchangers]

            def tick(name: str) -> None:
                self.reporter.progress(name, next(done), total)

            for race in races:
                try:
                    result = run_race(race, lanes, tick)
                except (StoryError, ActorError) as error:
                    self.not_judged.append(f"the race {race.name}: {error}")
                    continue
                except TargetLostError as error:
                    self.could_not_run(f"{stage.title}: {error}")
                    break
                except Exception as error:  # The other races are still run.
                    self.ledger.faults.note(f"the race {race.name}: not judged", error)
                    continue
                self._races.append(result)
                self.not_judged += [f"the race {race.name}: {note}" for note in result.notes]
        return stage
