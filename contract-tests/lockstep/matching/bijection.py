"""Which value of one server stands for which value of another."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lockstep.matching.bounded_dict import BoundedDict

_COLON = r"(?::|%3[Aa])"
# Server-made values as they appear inside paths, headers and bodies. Escapes are consumed first,
# so that `%22` or `\n` before a value does not grow into it.
_TOKEN = re.compile(
    r"%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\."
    rf"|(?P<time>\d{{4}}-\d\d-\d\d[T ]\d\d{_COLON}\d\d{_COLON}\d\d(?:\.\d{{1,9}})?"
    rf"(?:Z|(?:[+-]|%2[Bb])\d\d{_COLON}?\d\d)?)"
    r"|[A-Za-z0-9_.\-]{16,}"
)
_BARE = re.compile(r"[A-Za-z0-9_.\-]{16,}")
_ESCAPED = re.compile(r"%3[Aa]|%2[Bb]")
# Shorter values are matched but never replaced inside other text: they would turn up by chance.
_MIN_REPLACED = 8
# Pairs that were not met again for so long are forgotten: a run of any length needs no more room.
KEPT_PAIRS = 20_000
KEPT_TIMES = 20_000
KEPT_ODD = 500


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A value that already has another partner.

    `expected` is the partner known so far: of the left value when `side` is `left`, else of the
    right one.
    """

    kind: str
    left: str
    right: str
    side: str
    expected: str


class Bijection:
    """One-to-one matching of the values of two servers, kind by kind.

    `left` is always the leader. Times are kept apart: they may repeat, so the last pair counts and
    none is ever refused.
    """

    def __init__(self) -> None:
        self._forward: dict[str, BoundedDict[str, str]] = {}
        self._backward: dict[str, BoundedDict[str, str]] = {}
        self._partner: BoundedDict[str, str] = BoundedDict(KEPT_PAIRS)
        self._odd: BoundedDict[str, str] = BoundedDict(KEPT_ODD)
        self._times: BoundedDict[str, str] = BoundedDict(KEPT_TIMES)
        self._lock = threading.RLock()
        self._trial: list[tuple[str, str, str]] | None = None

    @contextmanager
    def trial(self) -> Iterator[Callable[[], None]]:
        """Learn on trial: what the block learns is kept only if it calls what it is given."""
        self._trial = []
        keep = False

        def confirm() -> None:
            nonlocal keep
            keep = True

        try:
            yield confirm
        finally:
            learnt, self._trial = self._trial, None
            if not keep:
                self._forget(learnt)

    def _forget(self, learnt: list[tuple[str, str, str]]) -> None:
        with self._lock:
            for kind, left, right in learnt:
                self._forward[kind].pop(left, None)
                self._backward[kind].pop(right, None)
                self._partner.pop(left, None)
                self._odd.pop(left, None)

    def learn(
        self, kind: str, left: str, right: str, *, replace: bool = False, inside: bool = True
    ) -> Mismatch | None:
        """Match two values; a `Mismatch` (and nothing learnt) when either has another partner.

        With `replace` the new partner counts, and nothing is refused. `inside` says whether the
        value may be replaced inside other text.
        """
        with self._lock:
            wrong = None if replace else self.check(kind, left, right)
            if wrong is not None:
                return wrong
            forward = self._forward.setdefault(kind, BoundedDict(KEPT_PAIRS))
            backward = self._backward.setdefault(kind, BoundedDict(KEPT_PAIRS))
            if self._trial is not None and left not in forward:
                self._trial.append((kind, left, right))
            forward[left] = right
            backward[right] = left
            if inside and left != right and _BARE.fullmatch(left):
                self._partner[left] = right
            elif inside and left != right and len(left) >= _MIN_REPLACED:
                self._odd[left] = right
            return None

    def check(self, kind: str, left: str, right: str) -> Mismatch | None:
        """What speaks against matching two values: the partner that either has already."""
        known = self.partner(kind, left)
        if known is not None and known != right:
            return Mismatch(kind, left, right, "left", known)
        backward = self._backward.get(kind)
        known = backward.get(right) if backward else None
        if known is not None and known != left:
            return Mismatch(kind, left, right, "right", known)
        return None

    def learn_time(self, left: str, right: str) -> None:
        """Remember which instant of the partner stands for an instant of the leader."""
        with self._lock:
            self._times[left] = right

    def partner(self, kind: str, left: str) -> str | None:
        """The partner's value, `None` when the leader's value is unknown."""
        forward = self._forward.get(kind)
        return forward.get(left) if forward else None

    def image(self, kind: str, left: str) -> str:
        """What a value of the leader is for the partner, known or not.

        An unknown value stands for itself, unless the partner has given that name to something
        else. Then it stands for a name that means as little to the partner as `left` to the leader.
        """
        known = self.partner(kind, left)
        if known is not None:
            return known
        taken = self._backward.get(kind)
        while taken and left in taken:
            left = taken[left]
        return left

    def knows(self, kind: str) -> bool:
        """Whether any value of a kind was matched."""
        return bool(self._forward.get(kind))

    def images(self, left: str) -> set[str]:
        """The partners that a value has in any kind."""
        return {known[left] for known in list(self._forward.values()) if left in known}

    def translate(self, text: str) -> str:
        """Replace every known value of the leader inside `text` by the partner's."""
        if not (self._partner or self._times or self._odd):
            return text
        text = _TOKEN.sub(self._replace, text)
        with self._lock:
            odd = list(self._odd.items())
        for left, right in odd:
            text = text.replace(left, right)
        return text

    def translate_bytes(self, data: bytes) -> bytes:
        """`translate` for bytes of any encoding."""
        return self.translate(data.decode("latin-1")).encode("latin-1")

    def _replace(self, match: re.Match[str]) -> str:
        token = match.group()
        if match["time"]:
            return self._replace_time(token)
        return self._partner.get(token, token) if len(token) >= 16 else token

    def _replace_time(self, token: str) -> str:
        escapes = set(_ESCAPED.findall(token))
        plain = token
        for escape in escapes:
            plain = plain.replace(escape, ":" if escape[1] == "3" else "+")
        partner = self._times.get(plain)
        if partner is None:
            return token
        for escape in escapes:
            partner = partner.replace(":" if escape[1] == "3" else "+", escape)
        return partner


class SymbolTable:
    """The bijections between a leader and every other target; fresh for each run.

    `interval_seen` turns true once two targets were seen to measure an interval by their own
    clocks: from then on sums of such intervals may differ within the tolerance.
    """

    def __init__(self, partners: list[str]) -> None:
        self.bijections = {name: Bijection() for name in partners}
        self.interval_seen = False

    def to(self, partner: str) -> Bijection:
        """The bijection between the leader and one partner; `KeyError` for an unknown name."""
        return self.bijections[partner]
