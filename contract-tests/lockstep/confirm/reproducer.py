"""Reproduces findings from an empty state, with steps that create what they need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from lockstep.auth.texts import MADE_UP
from lockstep.confirm.dependencies import Exchanges
from lockstep.confirm.grounding import creations, with_others_creation
from lockstep.confirm.growth import (
    counts_others,
    grows_differently,
    has_succeeded,
    is_beyond_list,
    with_early_request,
)
from lockstep.confirm.oracle import Oracle, Played, Sequence
from lockstep.exchange.exchanger import Exchanger
from lockstep.recordings.uniquify import account_names, books
from lockstep.results.exchange import SAFE_METHODS, Exchange
from lockstep.results.findings import Finding
from lockstep.results.grounding import is_grounded
from lockstep.transport.json_bodies import json_of
from lockstep.transport.messages import Request, Response, status_of

# Number of sequences per cause that are tried; the best one is tried twice.
_MOST_TRIES = 5
# Shorter texts may occur anywhere.
_LEAST_NAME = 3
# Number of sequences that are tried with all that their users have done.
_MOST_TRIES_OF_USERS = 2
# Number of repetitions for values that progress over time.
_MOST_AGAIN = 3


@dataclass(slots=True)
class Reproducer:
    """Finds steps that reproduce a finding; `oracle` creates the oracle that plays them.

    `nonces` are the texts that made user names unique.
    """

    exchanger: Exchanger
    oracle: Callable[[Finding], Oracle]
    nonces: tuple[str, ...] = ()

    def first_shown(self, findings: list[Finding]) -> tuple[Oracle, Played] | None:
        """Return the first sequence of some findings that reproduces one of them.

        Self-contained sequences come first, the fast ones before the slow ones; then those that
        recreate what the response showed, and those with other writes by and to the same users;
        last comes all that was sent before the finding.
        """
        tries = [(finding, each) for finding in findings for each in finding.exemplars]
        tries.sort(key=lambda pair: self._cost(pair[1]))
        oracles = {id(finding): self.oracle(finding) for finding in findings}
        for finding, exchanges in self._tries(tries):
            oracle = oracles[id(finding)]
            if oracle.leans_on_others:
                continue
            found = self._shown(oracle, exchanges)
            if found is not None:
                return found
        leaning = [each for each in findings if oracles[id(each)].leans_on_others]
        # What is no longer listed may count: all that was sent before tells.
        if leaning and all(each.signature.how != "count" for each in leaning):
            for each in findings:
                each.reproduced = False
            return None
        # Whether the whole history can be judged says nothing about the steps themselves.
        conclusive = all(oracle.is_conclusive for oracle in oracles.values())
        found = self._shown(oracles[id(findings[0])], _history(findings[0]))
        if found is None:
            for finding in findings:
                finding.reproduced = False if conclusive else None
        return found

    def _cost(self, exchanges: list[Exchange]) -> tuple[bool, bool, int]:
        ledger = self.exchanger.ledger
        slow = any(ledger.is_slow(each.request) for each in exchanges)
        return not is_grounded(exchanges), slow, len(exchanges)

    def _shown(self, oracle: Oracle, exchanges: Iterable[Exchange]) -> tuple[Oracle, Played] | None:
        start = self.named(tuple(exchanges))
        if not start.exchanges:
            return None
        played = oracle.play(start, start.exchanges, anew=True)
        if (played is None or not played.shown) and _books(start.exchanges):
            # What was free at those times has been taken.
            oracle.moves_on = True
            played = oracle.play(start, start.exchanges, anew=True)
            oracle.moves_on = played is not None and played.shown
        if played is None or not played.shown or not self._is_steady(oracle, start):
            return None
        grounded = self._grounded(oracle, played, start.exchanges)
        return (oracle, grounded) if grounded is not None else None

    def _is_steady(self, oracle: Oracle, start: Sequence) -> bool:
        """Whether the finding shows each time; for a job's state this may be a matter of timing."""
        noise, finding = self.exchanger.ledger.noise, oracle.finding
        if not noise.progresses(finding.operation, finding.where):
            return True
        again = (oracle.play(start, start.exchanges, anew=True) for _ in range(_MOST_AGAIN))
        return all(played is not None and played.shown for played in again)

    def _tries(
        self, exemplars: list[tuple[Finding, list[Exchange]]]
    ) -> Iterator[tuple[Finding, Iterable[Exchange]]]:
        yield from exemplars[:_MOST_TRIES]
        yield from exemplars[:1]
        for finding, exchanges in exemplars[:1]:
            if finding.signature.kind == "list" or not is_grounded(exchanges):
                remade = self._remaking(finding, tuple(exchanges), tuple(exchanges))
                yield from ((finding, steps) for steps in remade)
        for finding, exchanges in exemplars[:_MOST_TRIES_OF_USERS]:
            if finding.trace is not None and self._depends_on_user(exchanges[-1].request):
                yield finding, finding.trace.of_users(exchanges[-1])

    def _depends_on_user(self, request: Request) -> bool:
        """Whether a response may depend on all that a user has done.

        A write names what it depends on in its path, unless it is about the user, as `PATCH /me`.
        """
        operation = self.exchanger.ledger.document.find(request.method, request.path)
        is_singular = operation is not None and "{" not in operation.path
        return request.method in SAFE_METHODS or is_singular

    def _grounded(self, oracle: Oracle, played: Played, start: Exchanges) -> Played | None:
        """Extend the steps by the creation of what a list shows, if it depends on existing data.

        The best steps create all of it, so that they work on an empty server. `None` if such steps
        all succeed without showing the finding: it is due to what others left behind. If no way to
        create the elements is known, the steps remain as they are, unless the states of the targets
        have diverged.
        """
        exchanges = played.sequence.exchanges
        if is_self_contained(oracle.finding, exchanges):
            return played
        if counts_others(oracle.finding, exchanges):
            return self._grown(oracle, start, exchanges)
        remade, best, following = False, None, None
        for steps in self._remaking(oracle.finding, start, exchanges):
            named = self.named(steps)
            again = oracle.play(named, named.exchanges, anew=True)
            if again is None or again.follows is not None:
                following = again if again is not None and again.shown else following
                continue
            if again.shown and is_self_contained(oracle.finding, again.sequence.exchanges):
                return again
            if again.shown:
                best = best or again
            remade = remade or all(map(has_succeeded, again.sequence.exchanges[:-1]))
        if best is not None or following is not None:
            # The creation succeeded on one side only, and the list shows the consequence.
            return best or following
        if self._have_parted():
            # The response depends on data that may differ due to the divergence alone.
            oracle.leans_on_others = True
            return None
        return None if remade else played

    def _have_parted(self) -> bool:
        """Whether some write has succeeded on one side only, or changed more there."""
        ledger, exchanger = self.exchanger.ledger, self.exchanger
        return not ledger.divergent(exchanger.rotates, *exchanger.targets).is_empty

    def _grown(self, oracle: Oracle, start: Exchanges, exchanges: Exchanges) -> Played | None:
        """Return steps that cause a count to differ, preferably beyond a page, or `None`."""
        best = None
        # A try ends where the count is wrong, even if that was so before.
        whole = (start,) if len(start) > len(exchanges) else ()
        for steps in (exchanges, *whole, *self._remaking(oracle.finding, start, exchanges)):
            played = self._growing(oracle, steps)
            if played is not None and is_beyond_list(played.sequence.exchanges):
                return played
            best = best or played
        oracle.leans_on_others = best is None
        return best

    def _growing(self, oracle: Oracle, steps: Exchanges) -> Played | None:
        """Play the steps; `None` unless they themselves cause the counts to differ."""
        everything, at = with_early_request(steps)
        named = self.named(everything)
        played = oracle.play(named, named.exchanges, anew=True, to_the_end=True)
        if played is None or not played.shown or played.follows is not None:
            return None
        exchanges = played.sequence.exchanges
        if not grows_differently(exchanges, at, oracle.finding.where):
            return None
        kept = (*exchanges[:at], *exchanges[at + 1 :])
        return replace(played, sequence=replace(played.sequence, exchanges=kept))

    def _remaking(
        self, finding: Finding, start: Exchanges, exchanges: Exchanges
    ) -> Iterator[Exchanges]:
        """Yield steps that create the elements of a list: the original ones, then other ones."""
        made = tuple(_making(finding, start))
        if made:
            yield made
        if counts_others(finding, exchanges) and finding.trace is not None:
            with_others = tuple(with_others_creation(finding.trace, made or start))
            if with_others:
                yield with_others
        yield from creations(self.exchanger.ledger, exchanges)

    def named(self, exchanges: Exchanges) -> Sequence:
        """Return a sequence with the texts that targets accept once: nonces, and user names."""
        names = set(account_names(each.request for each in exchanges))
        names |= {name for each in exchanges for name in (_client_named(each), _posted_name(each))}
        names.discard("")
        named = {name for name in names if not any(nonce in name for nonce in self.nonces)}
        return Sequence(exchanges, self.nonces, tuple(sorted(named)))


def _books(exchanges: Exchanges) -> bool:
    """Whether a step creates something for a future time."""
    writes = (each.request for each in exchanges if each.request.method not in SAFE_METHODS)
    return any(map(books, writes))


def _history(finding: Finding) -> list[Exchange]:
    """Return the last requests before the finding, with those that they depend on."""
    trace = finding.trace
    if trace is None:
        return []
    sequences = (trace.sequence(each, writes=False) for each in finding.lately)
    every = {each.number: each for sequence in sequences for each in sequence}
    return [every[number] for number in sorted(every)]


def _making(finding: Finding, exchanges: Exchanges) -> list[Exchange]:
    """Return the requests that created all in the last response; empty if there were no others."""
    made = finding.trace.making(exchanges[-1]) if finding.trace is not None else []
    return made if len(made) > len(exchanges) else []


def is_self_contained(finding: Finding, exchanges: Exchanges) -> bool:
    """Whether steps create all that the last response shows, or counts."""
    if finding.signature.how != "count":
        return is_grounded(exchanges)
    enough = is_beyond_list(exchanges) and not counts_others(finding, exchanges)
    return is_grounded(exchanges) and enough


def _client_named(exchange: Exchange) -> str:
    """Return the identifier that a client chose in a `PUT`; empty for other requests.

    Not all servers answer 201 to a `PUT` that creates: then it is one that a walk makes up.
    """
    request, status = exchange.request, status_of(exchange.leader) or 599
    name = request.path.partition("?")[0].rpartition("/")[2]
    made = status == 201 or (status < 300 and name.startswith(MADE_UP))
    return name if request.method == "PUT" and made else ""


def _posted_name(exchange: Exchange) -> str:
    """Return the identifier that a client chose in the body of a `POST`, by its `Location`."""
    request, answer = exchange.request, exchange.leader
    if request.method != "POST" or not isinstance(answer, Response) or answer.status != 201:
        return ""
    name = unquote((answer.header("location") or "").rstrip("/").rpartition("/")[2])
    body = json_of(request.body or b"")
    chosen = body.values() if isinstance(body, Mapping) else ()
    return name if len(name) >= _LEAST_NAME and name in chosen else ""
