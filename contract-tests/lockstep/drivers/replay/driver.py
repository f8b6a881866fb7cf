"""Replays a recording against the targets, with live ids and credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from lockstep.auth.actors import ActorBook
from lockstep.auth.entry import follow
from lockstep.drivers.replay.ids import IdFinder
from lockstep.drivers.replay.parts import part_of
from lockstep.drivers.replay.results import EntryResult, ReplayResult
from lockstep.drivers.replay.users import Users
from lockstep.exchange.exchanger import Exchanger
from lockstep.openapi.document import Document
from lockstep.recordings import Recording, Step
from lockstep.recordings.accounts import Accounts
from lockstep.recordings.names import named_in, shown_in
from lockstep.recordings.recorded_target import RecordedTarget
from lockstep.recordings.uniquify import Uniquifier
from lockstep.results.exchange import Exchange
from lockstep.transport.credentials import Identity
from lockstep.transport.messages import Request, status_of
from lockstep.transport.targets import Target

MAX_RENEWALS = 3

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Played:
    """A replayed step.

    `foreign` are the identifiers in the request that the recorded server had made and that are
    unknown to the live ones; `is_lost` is true if the leader had no resource with such an
    identifier, or with one from a log. `held` is the exchange of the leader's response and the
    recorded one.
    """

    step: Step
    exchange: Exchange
    foreign: frozenset[str]
    is_lost: bool = False
    held: Exchange | None = None


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """Settings of a replay.

    `fresh` are texts of the recording that a server accepts only once. With `against_recording` the
    recorded responses are compared, too. If operations are `judged`, requests to others are sent as
    well but not judged.
    """

    fresh: tuple[str, ...] = ()
    against_recording: bool = False
    judged: frozenset[str] = frozenset()

    def judges(self, document: Document, request: Request) -> bool:
        """Whether the responses to a request are judged."""
        return not self.judged or document.label(request.method, request.path) in self.judged


@dataclass(slots=True)
class Replayer:
    """Replays steps one after another; each object replays one recording once.

    The recorded server is treated as one more partner: its responses are matched with the leader's,
    and each recorded request is translated to the leader's identifiers before it is sent. A header
    field configured for the targets replaces a recorded one. `made` are the identifiers from the
    recorded server: those that it has shown so far, and those given by the caller. `known` maps the
    group of a log-in to the user, who gets the tokens of the replayed log-in. `accounts` finds the
    groups of steps without one.
    """

    exchanger: Exchanger
    listener: RecordedTarget
    fresh: Uniquifier = field(default_factory=Uniquifier)
    users: Users | None = None
    ids: IdFinder | None = None
    accounts: Accounts | None = None
    made: set[str] = field(default_factory=set)
    known: Mapping[str, Identity] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)
    _live: set[str] = field(default_factory=set)

    def play(self, steps: Iterable[Step]) -> Iterator[Played]:
        """Replay the steps lazily. Raises `TargetLostError`."""
        return map(self.step, steps)

    def step(self, recorded: Step) -> Played:
        """Replay one step, and retry with new texts if a server has already taken the old ones."""
        played = self._send(recorded)
        for attempt in range(MAX_RENEWALS):
            if not self.fresh.renew(recorded, played.exchange.leader, attempt):
                break
            played = self._send(recorded)
        return replace(played, held=self._learn(played))

    def assume(self, recorded: Step, live: Exchange) -> Exchange:
        """Treat a step as done by an earlier live exchange, such as a log-in still valid."""
        exchange = self.exchanger.record(
            live.request, live.requests, live.outcomes, group=live.group
        )
        self._learn(Played(self.fresh.apply(recorded), exchange, frozenset()))
        return exchange

    def _send(self, recorded: Step) -> Played:
        step = self.fresh.apply(recorded)
        request = self._credentials(step, self.listener.translate(step.request))
        foreign = frozenset((named_in(request) & self.made) - self._live)
        exchange = self._exchange(step, request)
        if self.ids is not None:
            request = self.ids.replace(step, request, exchange)
            if request != exchange.request:
                exchange = self.exchanger.send(request)
        lost = bool(foreign) or (self.ids is not None and self.ids.is_about_one(request))
        return Played(step, exchange, foreign, lost and status_of(exchange.leader) == 404)

    def _exchange(self, step: Step, request: Request) -> Exchange:
        # A client that was registered in an earlier step is not the one of the recording.
        is_issued = request.body != step.request.body
        if step.apart and not is_issued and not self.exchanger.rotates:
            return self.exchanger.send_apart(dict(step.apart), group=step.group)
        group = step.group
        if group is None and self.accounts is not None:
            group = self.accounts.group(step.request)
        return self.exchanger.send(request, group=group)

    def _credentials(self, step: Step, request: Request) -> Request:
        if self.users is not None:
            request = self.users.authorise(step, request, self.made)
        own = _own_headers(self.exchanger.targets)
        kept = tuple(item for item in request.headers if item[0].lower() not in own)
        return replace(request, headers=kept) if own else request

    def _learn(self, played: Played) -> Exchange | None:
        self._asked |= named_in(played.step.request)
        self.made |= shown_in(played.step.answer) - self._asked
        self._live |= shown_in(played.exchange.leader)
        known = self.known.get(played.exchange.group or "")
        if known is not None:
            follow(self.exchanger, played.exchange, known)
        sent = played.exchange.request
        return self.listener.hear(played.step, sent, played.exchange, lost=played.is_lost)


def replay(
    recording: Recording,
    exchanger: Exchanger,
    actors: ActorBook | None,
    settings: ReplaySettings,
    progress: Progress,
    result: ReplayResult,
) -> None:
    """Replay a whole recording; `result` gets the entries replayed so far, even on failure.

    `actors` replace users whose log-in is not in the recording. Raises `TargetLostError`.
    """
    leader, ledger = exchanger.targets[0], exchanger.ledger
    result.is_compared = settings.against_recording
    listener = RecordedTarget(ledger, leader, recording.base_url, judges=settings.against_recording)
    replayer = Replayer(
        exchanger,
        listener,
        Uniquifier(settings.fresh),
        _users(exchanger, actors),
        None if recording.has_bodies else IdFinder(exchanger),
        Accounts(),
    )
    foreign = 0
    part = part_of(recording.steps, ledger.share.shard, has_bodies=recording.has_bodies)
    for number, (at, judged) in enumerate(part, 1):
        step = recording.steps[at]
        judged = judged and settings.judges(ledger.document, step.request)
        name = step.name or f"step {at + 1}"
        exchanger.sets_up = not judged
        played = None
        with ledger.faults.about(f"{name}, {step.request.method} {step.request.path}: not judged"):
            played = replayer.step(step)
        if played is None:
            continue
        progress(played.exchange.label, number, len(part))
        if not judged:
            continue
        foreign += bool(played.foreign)
        template = ledger.document.template(step.request.path)
        asked = f"{step.request.method} {template}" if template else played.exchange.label
        exchanges = filter(None, (played.exchange, played.held))
        result.entries.append(EntryResult.of(name, asked, step.answer, exchanges))
    exchanger.sets_up = False
    result.notes += _notes(replayer, foreign)


def _own_headers(targets: Iterable[Target]) -> set[str]:
    """Return the lower-case names of header fields that are configured for every target."""
    names = ({name.lower() for name, _ in target.headers} for target in targets)
    return set.intersection(*names)


def _users(exchanger: Exchanger, actors: ActorBook | None) -> Users | None:
    """Return the substitutes for recorded users, unless configured headers identify users."""
    own = tuple((name, "") for name in _own_headers(exchanger.targets))
    if actors is None or actors.credential.is_in(Request("GET", "/", own)):
        return None
    return Users(exchanger.ledger.document, actors)


def _notes(replayer: Replayer, foreign: int) -> Iterator[str]:
    if foreign:
        what = "1 request names" if foreign == 1 else f"{foreign:,} requests name"
        yield f"{what} resources that the recorded server had created but this replay did not"
    if replayer.users is not None and replayer.users.stood_in:
        yield f"users whose login was not recorded: {replayer.users.stood_in}"
    if replayer.ids is not None:
        yield replayer.ids.summary()
