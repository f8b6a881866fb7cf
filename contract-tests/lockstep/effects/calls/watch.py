"""Watches the calls that targets make to other services while requests are sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from lockstep.effects.calls.book import GRACE_SECONDS
from lockstep.effects.calls.call import Answer, RecordedCalls
from lockstep.effects.calls.comparer import CallComparer
from lockstep.effects.calls.likeness import Images
from lockstep.effects.calls.proxies import Proxies
from lockstep.matching.bijection import Bijection, SymbolTable
from lockstep.matching.clock import Clock
from lockstep.matching.difference import Difference
from lockstep.openapi.document import Document
from lockstep.transport.messages import Request
from lockstep.transport.targets import Target

_PAUSE = 0.02


class CallWatch:
    """The calls that the requests of one exchanger cause, on all of its targets."""

    def __init__(
        self,
        proxies: Proxies,
        targets: Sequence[Target],
        document: Document,
        clock: Clock,
        is_steady: Callable[[], bool],
        table: SymbolTable,
        beside: Mapping[str, Bijection],
    ) -> None:
        """Watch the calls of targets, the leader first.

        While `is_steady` returns true, late calls are awaited after each request. `table` has the
        values matched by responses, `beside` those matched by rows and calls, by partner.
        """
        self._proxies = proxies
        self._is_steady = is_steady
        self._names = [target.name for target in targets]
        self._document, self._clock = document, clock
        self._comparers = {
            name: CallComparer(document, clock, table.to(name), beside[name])
            for name in self._names[1:]
        }

    def begin(self) -> None:
        """Attribute the calls from now on to the next request."""
        self._proxies.book.begin(self._names, self._images, self._note_given)

    def leader_answered(self) -> None:
        """Note that the leader has responded to the request."""
        self._proxies.book.leader_answered()

    def made(self) -> RecordedCalls:
        """Return the calls since the request began."""
        if self._is_steady():
            time.sleep(self._proxies.lateness.seconds)
        return self._proxies.book.made()

    def compare(
        self, name: str, requests: tuple[Request, Request], made: RecordedCalls
    ) -> list[Difference]:
        """Return the differences between a partner's calls and the leader's.

        If there are any, late calls are awaited and added to `made`.
        """
        lateness, leader = self._proxies.lateness, self._names[0]
        comparer = self._comparers[name]
        since = time.monotonic()
        compared = comparer.compare(requests, made.calls(leader), made.calls(name))
        while compared.differences and lateness.is_worth_waiting(compared.differences):
            if time.monotonic() > since + GRACE_SECONDS:
                lateness.waited_in_vain(compared.differences)
                break
            time.sleep(_PAUSE)
            fresh = self._proxies.book.made()
            if _number(fresh) > _number(made):
                made.by_target = fresh.by_target
                compared = comparer.compare(requests, made.calls(leader), made.calls(name))
                lateness.note_late(time.monotonic() - since, compared.differences)
        compared.keep()
        if made.refused(name):
            # A missing call may be a consequence of the refusal, so only additional ones are
            # reported.
            return [one for one in compared.differences if one.kind == "calls" and _more(one)]
        return compared.differences

    def differ_from_self(
        self,
        name: str,
        requests: tuple[Request, Request],
        made: tuple[RecordedCalls, RecordedCalls],
        renamed: Mapping[str, str],
    ) -> list[Difference]:
        """Return the differences between the calls of one target when a request is repeated."""
        comparer = CallComparer(
            self._document, self._clock, Bijection(), same_target=True, renamed=renamed
        )
        first, second = (each.calls(name) for each in made)
        return comparer.compare(requests, first, second).differences

    def _images(self, name: str) -> Images:
        comparer = self._comparers.get(name)
        return comparer.images if comparer is not None else lambda _text: ()

    def _note_given(self, name: str, answer: Answer) -> None:
        comparer = self._comparers.get(name)
        if comparer is not None:
            comparer.note_given(answer)


def _more(one: Difference) -> bool:
    """Whether the partner has made more calls to a place than the leader."""
    left, right = (int(text.partition(" ")[0]) for text in (one.left, one.right))
    return right > left


def _number(made: RecordedCalls) -> int:
    return sum(map(len, made.by_target.values()))
