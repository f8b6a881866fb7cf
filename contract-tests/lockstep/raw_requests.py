"""The stages that send raw bytes, which client libraries would not send."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from lockstep.auth.actors import ActorError
from lockstep.drivers.traps.catalogue_files import GeneralTrap, load_catalogue
from lockstep.drivers.traps.files import Trap
from lockstep.drivers.traps.general import GeneralRun, signed_queries, signed_targets
from lockstep.drivers.traps.judged import finding_of as finding_of_general
from lockstep.drivers.traps.judged import findings_of, in_order, notes_of
from lockstep.drivers.traps.places import find_places
from lockstep.drivers.traps.raw import finding_of, run_traps, sent_by
from lockstep.exchange.exchanger import Exchanger, TargetLostError
from lockstep.session import RunError, Session
from lockstep.transport.targets import Target
from lockstep.verdict import Stage

# Timeout for the response to a raw request.
TRAP_SECONDS = 3.0
MOST_TRAP_SECONDS = 8.0


class RawRequests(Session):
    """Runs the stages of raw requests: those of a catalogue, and the general ones."""

    def spring_traps(
        self,
        traps: Sequence[Trap],
        targets: Sequence[Target],
        tokens: Mapping[str, str],
        title: str = "parity traps",
    ) -> Stage:
        """Send the requests of a catalogue as bytes; `tokens` has one for each target, by name."""
        traps = self.shard.deal(traps)
        with self.stage(title, targets) as stage:
            for witness in self.witnesses:
                witness.begin()
            for number, result in enumerate(run_traps(traps, targets, tokens), 1):
                self._traps.append(result)
                self.ledger.exchanges += 1
                self.ledger.requests += len(targets)
                if result.problems:
                    self.ledger.findings.add(finding_of(result))
                self.testify(result.trap.name, sent_by(result), lambda text, _: text)
                self.reporter.progress(result.trap.name, number, len(traps))
        return stage

    def raw_run(
        self, targets: Sequence[Target], *, posts: bool = True, timeout: float = TRAP_SECONDS
    ) -> GeneralRun:
        """Return a run of the general traps with the first user's credentials; see `tokens`."""
        tokens = self.tokens(targets)
        credential = self.settings.actors[0].credential if tokens else None
        return GeneralRun(
            signed_targets(targets, credential, tokens, timeout),
            find_places(self.document, signed_in=bool(tokens), posts=posts),
            signed_queries(credential, tokens),
        )

    def general_traps(self, targets: Sequence[Target], title: str = "raw requests") -> Stage:
        """Send requests that servers handle differently, as bytes, within a time limit."""
        with self.stage(title, targets) as stage:
            try:
                run = self.raw_run(targets)
                run.adapts = True
            except RunError as error:
                self.could_not_run(f"{title}: {error}")
                return stage
            every = in_order(load_catalogue(), posts=bool(run.places.posts))
            areas = list(dict.fromkeys(trap.area for trap in every))
            sizes = Counter(trap.area for trap in every)
            # Traps with the same cause are sent by the same shard.
            mine = self.shard.deal(areas, lambda area: sizes[area])
            traps = [trap for trap in every if trap.area in mine]
            results = []
            for number, result in enumerate(run.spring(traps, MOST_TRAP_SECONDS), 1):
                results.append(result)
                self.ledger.exchanges += 1
                self.ledger.requests += len(targets)
                self.reporter.progress(result.trap.name, number, len(traps))
            for target in run.targets:
                target.close()
            for finding in findings_of(results):
                self.ledger.findings.add(finding)
            self.notes += notes_of(results)
            if run.left:
                self.not_tested.append(f"raw requests: {run.left} were left out for lack of time")
        return stage

    def spring_general(
        self, traps: Sequence[GeneralTrap], targets: Sequence[Target], timeout: float
    ) -> Stage:
        """Send all of the given general traps; each difference is a finding."""
        traps = self.shard.deal(traps)
        with self.stage("traps", targets) as stage:
            posts = any(trap.place == "post" for trap in traps)
            run = self.raw_run(targets, posts=posts, timeout=timeout)
            for number, result in enumerate(run.spring(traps), 1):
                self._traps.append(result)
                self.ledger.exchanges += 1
                self.ledger.requests += len(targets)
                if result.problems:
                    self.ledger.findings.add(finding_of_general(result))
                self.reporter.progress(result.trap.name, number, len(traps))
            for target in run.targets:
                target.close()
        self.not_tested += run.untried()
        self.not_judged += [f"traps: {text}" for text in run.unsteady]
        return stage

    def tokens(self, targets: Sequence[Target]) -> dict[str, str]:
        """Return a token of the first user for each target, by name; empty without users.

        Raises `RunError` if the user cannot log in.
        """
        if not self.settings.actors:
            return {}
        exchanger = Exchanger(self.ledger, targets)
        try:
            actor = self.actors(exchanger).get(self.settings.actors[0].name)
        except (ActorError, TargetLostError) as error:
            raise RunError(f"login: {error}") from error
        return dict(exchanger.identities[actor.label].tokens)
