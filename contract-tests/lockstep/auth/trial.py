"""Tries token locations and ways to send the token, until operations accept the credentials."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import islice, permutations

from lockstep.auth.actors import ActorSpec
from lockstep.auth.advice import SEND, TOKEN
from lockstep.auth.entry import ActorError, Entry
from lockstep.auth.guarded import REFUSED, Probe, Probes, is_success
from lockstep.auth.schemes import find_combined, find_credentials
from lockstep.auth.search import LABEL
from lockstep.auth.tokens import TokenError, basic_sources, find_tokens
from lockstep.exchange.exchanger import Exchanger
from lockstep.transport.credentials import ACCOUNTS, UNKNOWN, Credential, Identity
from lockstep.transport.messages import Outcome, status_of

_MAX_TRIES = 12
# The number of consecutive 401 responses by all targets after which a credential is given up.
_ENOUGH_REFUSALS = 2
# The number of operations open to anyone that are tried for each further credential.
_ENOUGH_OPEN = 2
# The evidence for a token and how it is sent, in ascending order.
_TAKEN, _UNASKED, _OPEN, _LIKELY, _PROVEN = range(1, 6)


@dataclass(frozen=True, slots=True)
class Settled:
    """A fully configured user; `works` is true if an operation accepts its credentials.

    It is proven if that operation refuses requests without credentials.
    """

    spec: ActorSpec
    works: bool
    is_proven: bool = False


@dataclass(slots=True)
class Trial:
    """The search for the token, and for how it is sent."""

    exchanger: Exchanger
    spec: ActorSpec
    entry: Entry
    probes: Probes
    # The closest attempt for the error message: its score, and a sentence with the status codes.
    _nearest: tuple[int, str] = (-1, "")

    def run(self, *, is_configured_user: bool) -> Settled:
        """Try each token location with each way to send it; raise `ActorError` if none works."""
        weak: list[tuple[int, ActorSpec]] = []
        pairs = list(self._pairs())
        tried = [*pairs[:_MAX_TRIES], *islice(self._combined(), _MAX_TRIES)]
        for number, (source, credential) in enumerate(tried):
            identity = self._identity(source, credential)
            if identity is None:
                continue
            spec = replace(self.spec, token=source, credential=credential)
            rank = self._rank(identity, first=number == 0)
            if rank == _PROVEN:
                return Settled(spec, works=True, is_proven=True)
            if rank:
                weak.append((rank, spec))
        # `max` returns the first of several equal ones.
        rank, spec = max(weak, key=lambda each: each[0], default=(0, self.spec))
        if rank in (_LIKELY, _OPEN):
            return Settled(spec, works=True)
        if rank == _UNASKED or (rank == _TAKEN and is_configured_user):
            return Settled(spec, works=False)
        raise ActorError(self._error_message(pairs))

    def _rank(self, identity: Identity, *, first: bool) -> int:
        """Return the evidence that the operations give for a token and how it is sent."""
        best, refusals, opened, asked = 0, 0, 0, False
        for probe in self.probes:
            asked = True
            opened += probe.is_open
            if probe.is_open and not first and opened > _ENOUGH_OPEN:
                continue
            outcomes = self._ask(probe, identity)
            if probe.proves(outcomes):
                return _PROVEN
            if probe.is_open and is_success(*outcomes.values()):
                best = max(best, _OPEN)
            elif probe.proves(outcomes, everywhere=False) or probe.lets_in(outcomes):
                best = max(best, _LIKELY)
            elif probe.takes(outcomes):
                best = max(best, _TAKEN)
            self._note(probe, identity, outcomes)
            refusals = refusals + 1 if all(status_of(o) == 401 for o in outcomes.values()) else 0
            if refusals >= _ENOUGH_REFUSALS:
                break
        return best if asked else _UNASKED

    def _ask(self, probe: Probe, identity: Identity) -> dict[str, Outcome]:
        own = deepcopy(identity)
        self.exchanger.identities[LABEL] = own
        signed = own.put(probe.request, self.exchanger.targets[0].name)
        return self.exchanger.send(replace(signed, actor=LABEL)).outcomes

    def _identity(self, source: str, credential: Credential) -> Identity | None:
        """Return the user's identity with a token; `None` if a target returned none there."""
        names = [target.name for target in self.exchanger.targets]
        try:
            fixed = self.spec.tokens_at(names) if self.spec.tokens else None
            tokens = fixed or self.entry.tokens(source)
        except TokenError:
            return None
        if not all(tokens.values()):
            return None
        return Identity(credential, tokens, self.entry.jars, source)

    def _pairs(self) -> Iterator[tuple[str, Credential]]:
        """Yield each token location with each way to send it; cookies are sent as cookies."""
        spec, is_configured = self.spec, self.spec.credential != UNKNOWN
        forms = (
            [spec.credential] if is_configured else find_credentials(self.exchanger.ledger.document)
        )
        answer = next(iter(self.entry.answers.values()), None)
        sources = find_tokens(answer) if answer is not None else []
        if spec.token or spec.tokens:
            sources = [spec.token]
        basics = basic_sources(next(iter(self.entry.sent.values()), {}))
        for form in forms:
            cookie = f"cookie:{form.name}"
            if form in ACCOUNTS and not spec.token and not spec.tokens:
                chosen = basics
            elif form.location == "cookie" and cookie in sources:
                chosen = [cookie]
            else:
                chosen = sources
            yield from ((source, form) for source in chosen)
        if not is_configured:
            names = [source.removeprefix("cookie:") for source in sources if "cookie:" in source]
            yield from ((f"cookie:{name}", Credential("cookie", name, "{token}")) for name in names)

    def _combined(self) -> Iterator[tuple[str, Credential]]:
        """Yield locations of several tokens that are sent together, matching names first."""
        answer = next(iter(self.entry.answers.values()), None)
        if self.spec.credential != UNKNOWN or self.spec.token or self.spec.tokens or answer is None:
            return
        sources = find_tokens(answer)
        for credential in find_combined(self.exchanger.ledger.document):
            parts = (replace(credential, also=()), *credential.also)
            chosen = permutations(sources, len(parts))
            for each in sorted(chosen, key=lambda each: -_fitting(each, parts)):
                yield "\n".join(each), credential

    def _note(self, probe: Probe, identity: Identity, outcomes: dict[str, Outcome]) -> None:
        """Keep the attempt that comes closest to a log-in."""
        statuses = [status_of(outcome) for outcome in outcomes.values()]
        near = sum(2 if is_success(o) else status_of(o) not in REFUSED for o in outcomes.values())
        if near > self._nearest[0]:
            responses = ", ".join(
                f"{status or 'no response'} on {name}"
                for name, status in zip(outcomes, statuses, strict=True)
            )
            operation = f"{probe.operation.method} {probe.operation.path}"
            self._nearest = near, f"`{operation}` with `{identity.credential}` returned {responses}"

    def _error_message(self, pairs: list[tuple[str, Credential]]) -> str:
        if not pairs:
            return f"no response contains a token. {TOKEN}"
        nearest = self._nearest[1]
        if not nearest:
            return f"no target returned a token in the expected place. {TOKEN}"
        message = (
            f"no operation that requires authentication returns 2xx on every target: {nearest}. "
        )
        if all(form in ACCOUNTS for _, form in pairs):
            return f"{message}Are the user name and password correct?"
        return message + (f"Is the token correct? {SEND}" if self.spec.tokens else SEND)


def _fitting(sources: Sequence[str], credentials: Sequence[Credential]) -> int:
    """Return how many of the tokens are named like the parameters that they are sent in."""
    return sum(
        _letters(credential.name).endswith(_letters(source.rpartition("/")[2]))
        for source, credential in zip(sources, credentials, strict=True)
    )


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))
