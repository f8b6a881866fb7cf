"""Records the calls of the current request, and finds the recorded responses for other targets."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lockstep.effects.calls.call import (
    ANSWERED,
    PASSED,
    REFUSED,
    Answer,
    Call,
    Recorded,
    RecordedCalls,
)
from lockstep.effects.calls.likeness import Images, likeness
from lockstep.matching.bounded_dict import BoundedDict

# How long after its response the leader may still make the call that a partner has made.
GRACE_SECONDS = 0.4
# Timeout for the response to a call's counterpart.
_MOST_SECONDS = 60.0
_PAUSE = 0.05
_MOST_VAIN = 3
_RECENT = 200
_PLACES = 1_000
# Responses with longer bodies are replayed for the current request only.
_MOST_KEPT = 1 << 18

ImagesOf = Callable[[str], Images]
Given = Callable[[str, Answer], None]


def _nothing_known(_target: str) -> Images:
    return lambda _text: ()


def _ignored(_target: str, _answer: Answer) -> None:
    pass


@dataclass(slots=True)
class _Window:
    """The calls of one request; `leads` is true if the request was sent to the leader, too."""

    leads: bool = False
    images: ImagesOf = _nothing_known
    given: Given = _ignored
    answered_at: float | None = None
    made: RecordedCalls = field(default_factory=RecordedCalls)
    taken: set[tuple[str, int]] = field(default_factory=set)


@dataclass(slots=True)
class CallBook:
    """The calls of all targets of a run. Safe to use from several threads.

    The calls of the first target, the `leader`, are passed on and recorded. A call of another
    target is answered with the recorded response to its counterpart, which was made for the same
    request. A call without a counterpart is refused, unless the target may pass it on. While no
    request to the leader is in flight, as in races, the last call to the same place supplies the
    response.
    """

    leader: str = ""
    _window: _Window = field(default_factory=_Window)
    _recent: deque[Recorded] = field(default_factory=lambda: deque(maxlen=_RECENT))
    _by_place: BoundedDict[str, Recorded] = field(default_factory=lambda: BoundedDict(_PLACES))
    _vain: Counter[tuple[str, str]] = field(default_factory=Counter)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def begin(self, targets: Sequence[str], images: ImagesOf, given: Given) -> None:
        """Start recording the calls of a request to these targets.

        `images` maps a target's name to the lookup of a leader's value's images on it; `given` is
        called with the target's name and each response that was replayed to it.
        """
        with self._changed:
            self._window = _Window(self.leader in targets, images, given)

    def leader_answered(self) -> None:
        """Note that the leader has responded: from now on it makes no calls, or a few late ones."""
        with self._changed:
            self._window.answered_at = time.monotonic()
            self._changed.notify_all()

    def stop_attributing(self) -> None:
        """Stop attributing calls to a request, as none is in flight, or several are."""
        with self._changed:
            self._window = _Window()
            self._changed.notify_all()

    def made(self) -> RecordedCalls:
        """Return the calls since the request began, without the bodies of their responses."""
        with self._changed:
            return RecordedCalls(
                {
                    name: [Recorded(each.call, _bare(each.answer), each.how) for each in several]
                    for name, several in self._window.made.by_target.items()
                }
            )

    def take(self, target: str, call: Call, *, passes: bool) -> Recorded:
        """Record a call of a target and decide whether it is passed on, replayed or refused.

        A call that is to be passed on has no response yet: see `answered`. Blocks while the leader
        may still make the counterpart.
        """
        recorded = Recorded(call)
        with self._changed:
            window = self._window
            if window.leads:
                window.made.by_target.setdefault(target, []).append(recorded)
            if target == self.leader:
                recorded.how = PASSED
                self._changed.notify_all()
                return recorded
            found = self._repeated(window, target, call) or self._counterpart(window, target, call)
            if found is not None:
                recorded.how, recorded.answer = ANSWERED, found.answer
                if found.answer is not None:
                    window.given(target, found.answer)
            elif passes:
                recorded.how = PASSED
            else:
                recorded.how, recorded.answer = REFUSED, self._refusal(call)
        return recorded

    def answered(self, target: str, recorded: Recorded, answer: Answer) -> None:
        """Record the response to a call that was passed on."""
        with self._changed:
            recorded.answer = answer
            if target == self.leader and len(answer.body) <= _MOST_KEPT:
                self._recent.append(recorded)
                self._by_place[recorded.call.place] = recorded
            self._changed.notify_all()

    def _repeated(self, window: _Window, target: str, call: Call) -> Recorded | None:
        """Return the target's identical earlier call if replayed and not repeated by the leader."""
        here = window.made.by_target
        same = [each for each in here.get(target, ()) if each.call == call and each.how == ANSWERED]
        ours = sum(
            likeness(each.call, call, window.images(target)) is not None
            for each in here.get(self.leader, ())
        )
        settled = window.answered_at is not None
        return same[0] if same and settled and len(same) >= ours else None

    def _counterpart(self, window: _Window, target: str, call: Call) -> Recorded | None:
        """Return the counterpart among the leader's calls; waits for it with the lock released."""
        images = window.images(target)
        since = time.monotonic()
        while time.monotonic() < since + _MOST_SECONDS:
            best, exact = self._best(window, target, call, images)
            settled = window.answered_at is not None or not window.leads
            if best is not None and (exact or settled):
                recorded = window.made.by_target[self.leader][best]
                if recorded.answer is not None:
                    window.taken.add((target, best))
                    return recorded
            elif settled:
                known = self._known(window, call, images)
                if known is not None:
                    return known
                if not self._is_worth_waiting(window, target, call, since):
                    return None
            self._changed.wait(_PAUSE)
        return None

    def _best(
        self, window: _Window, target: str, call: Call, images: Images
    ) -> tuple[int | None, bool]:
        """Return the index of the leader's most similar unmatched call, and whether it is exact."""
        best: tuple[bool, float, int] | None = None
        for at, recorded in enumerate(window.made.by_target.get(self.leader, ())):
            found = likeness(recorded.call, call, images)
            if found is not None and (target, at) not in window.taken:
                one = (found.exact, found.score, -at)
                best = one if best is None else max(best, one)
        return (-best[2], best[0]) if best is not None else (None, False)

    def _known(self, window: _Window, call: Call, images: Images) -> Recorded | None:
        """Return an exactly matching call with a response, from this request or an earlier one."""
        here = window.made.by_target.get(self.leader, [])
        for recorded in (*here, *reversed(self._recent)):
            found = likeness(recorded.call, call, images)
            if found is not None and found.exact and recorded.answer is not None:
                return recorded
        return None if window.leads else self._by_place.get(call.place)

    def _is_worth_waiting(self, window: _Window, target: str, call: Call, since: float) -> bool:
        """Whether the leader may still make the same call."""
        key = target, call.place
        if self._vain[key] >= _MOST_VAIN:
            return False
        if time.monotonic() < max(window.answered_at or since, since) + GRACE_SECONDS:
            return True
        self._vain[key] += 1
        return False

    def _refusal(self, call: Call) -> Answer:
        place = f"{call.method} {call.origin}/{'/'.join(call.segments)}"
        detail = (
            f"lockstep did not forward this call: {place} has no counterpart among the calls of"
            f" {self.leader or 'the first target'}."
        )
        return problem(502, "Bad Gateway", detail)


def problem(status: int, title: str, detail: str) -> Answer:
    """Return a problem details response made by lockstep itself (RFC 9457)."""
    members = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    headers = (("Content-Type", "application/problem+json"),)
    return Answer(status, title, headers, json.dumps(members).encode())


def _bare(answer: Answer | None) -> Answer | None:
    return Answer(answer.status, answer.reason) if answer is not None else None
