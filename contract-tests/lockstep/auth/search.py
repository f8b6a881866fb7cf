"""Searches for a registration and a log-in that every target accepts."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field, replace

from lockstep.auth.actors import Actor, ActorSpec
from lockstep.auth.advice import call_lines, user_lines
from lockstep.auth.calls import Call, own_values
from lockstep.auth.discovery import Entrance
from lockstep.auth.entry import (
    ActorError,
    Entry,
    RefusedError,
    find_opening,
    let_in,
    new_entry,
)
from lockstep.exchange.exchanger import Exchanger

# The label of the actor that tries them.
LABEL = "alice#0"


@dataclass(slots=True)
class Search:
    """The search for a registration and a log-in that every target accepts."""

    exchanger: Exchanger
    draft: ActorSpec
    nonce: str
    _refusals: list[RefusedError] = field(default_factory=list)
    _tries: int = 0
    _opening: str = ""
    _refused: str = "register"
    # A log-in without a configured account.
    _only_login: Call | None = None

    def run(self, ways: Iterable[Entrance]) -> tuple[Entry, ActorSpec]:
        """Log a user in; raise `ActorError` with the rejected calls if none is accepted."""
        registered: tuple[Call, Entry, dict[str, dict[str, str]]] | None = None
        refused: list[Call | None] = []
        known = self.draft.values or self.draft.values_for
        for way in ways:
            if way.register is None and not known:
                self._only_login = way.login
            if way.register in refused or (registered and registered[0] != way.register):
                continue
            spec = replace(self.draft, register=way.register, login=way.login, entrances=())
            try:
                if way.register is not None and registered is None:
                    registered = way.register, *self._register(way.register)
                if registered is not None:
                    # A later attempt must not see the cookies of an earlier one.
                    entry, values = deepcopy(registered[1]), registered[2]
                else:
                    values = self._values()
                    entry = new_entry(self.exchanger, values)
                if way.login is not None:
                    self._send(way.login, values, entry)
            except RefusedError as error:
                self._refusals.append(error)
                self._refused = "log_in" if registered or way.register is None else "register"
                if self._refused == "register":
                    refused.append(way.register)
                if error.status is None or error.status == 429 or error.status >= 500:
                    break
                continue
            return entry, replace(spec, opening=self._opening)
        raise self._failure()

    def _register(self, call: Call) -> tuple[Entry, dict[str, dict[str, str]]]:
        values = self._values()
        entry = new_entry(self.exchanger, values)
        self._send(call, values, entry)
        return entry, values

    def _values(self) -> dict[str, dict[str, str]]:
        """Return new values for each attempt: one target may have accepted the last ones."""
        made = own_values(self.draft.name, f"{self.nonce}{self._tries:04}")
        self._tries += 1
        actor = Actor(self.draft, LABEL, "", {}, made)
        return {target.name: actor.values_at(target.name) for target in self.exchanger.targets}

    def _send(self, call: Call, values: dict[str, dict[str, str]], entry: Entry) -> None:
        """Send a call; if that fails, once more after a page that sets a CSRF cookie."""
        try:
            let_in(self.exchanger, call, values, LABEL, entry)
        except RefusedError as error:
            opening = find_opening(self.exchanger, entry, error)
            if not opening:
                raise
            self._opening = opening
            let_in(self.exchanger, call, values, LABEL, entry)

    def _failure(self) -> ActorError:
        first, *others = self._refusals
        message = str(first)
        if others:
            message += (
                f" (and {len(others)} more attempts with other bodies; the last one: {others[-1]})"
            )
        if first.call == self._only_login:
            return ActorError(f"{message}. {user_lines(self.exchanger.ledger.document)}")
        action = "register" if self._refused == "register" else "log in"
        return ActorError(f"{message}. {call_lines(self._refused, action, first.call)}")
