"""Which value of one server stands for which value of another."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

# Server-made values as they appear inside paths, headers and bodies. Escapes are consumed first,
# so that `%22` or `\n` before a value does not grow into it.
_TOKEN = re.compile(
    r"%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\."
    r"|\d{4}-\d\d-\d\dT\d\d(?::|%3[Aa])\d\d(?::|%3[Aa])\d\d\.\d{3}Z"
    r"|[A-Za-z0-9_.\-]{16,}"
)
_BARE = re.compile(r"[A-Za-z0-9_.\-]{16,}")
# Shorter values are matched but never replaced inside other text: they would turn up by chance.
_MIN_REPLACED = 8


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
        self._forward: dict[str, dict[str, str]] = {}
        self._backward: dict[str, dict[str, str]] = {}
        self._partner: dict[str, str] = {}
        self._odd: dict[str, str] = {}
        self._times: dict[str, str] = {}
        self._lock = threading.Lock()
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
                del self._forward[kind][left], self._backward[kind][right]
                self._partner.pop(left, None)
                self._odd.pop(left, None)

    def learn(self, kind: str, left: str, right: str, *, replace: bool = False) -> Mismatch | None:
        """Match two values; a `Mismatch` (and nothing learnt) when either has another partner.

        With `replace` the new partner counts, and nothing is refused.
        """
        with self._lock:
            forward = self._forward.setdefault(kind, {})
            backward = self._backward.setdefault(kind, {})
            known = forward.get(left)
            if known is not None and known != right and not replace:
                return Mismatch(kind, left, right, "left", known)
            known = backward.get(right)
            if known is not None and known != left and not replace:
                return Mismatch(kind, left, right, "right", known)
            if self._trial is not None and left not in forward:
                self._trial.append((kind, left, right))
            forward[left] = right
            backward[right] = left
            if left != right and _BARE.fullmatch(left):
                self._partner[left] = right
            elif left != right and len(left) >= _MIN_REPLACED:
                self._odd[left] = right
            return None

    def learn_time(self, left: str, right: str) -> None:
        """Remember which instant of the partner stands for an instant of the leader."""
        self._times[left] = right

    def partner(self, kind: str, left: str) -> str | None:
        """The partner's value, `None` when the leader's value is unknown."""
        return self._forward.get(kind, {}).get(left)

    def translate(self, text: str) -> str:
        """Replace every known value of the leader inside `text` by the partner's."""
        if not (self._partner or self._times or self._odd):
            return text
        text = _TOKEN.sub(self._replace, text)
        for left, right in self._odd.items():
            text = text.replace(left, right)
        return text

    def translate_bytes(self, data: bytes) -> bytes:
        """`translate` for bytes of any encoding."""
        return self.translate(data.decode("latin-1")).encode("latin-1")

    def _replace(self, match: re.Match[str]) -> str:
        token = match.group()
        if len(token) < 16:
            return token
        found = self._partner.get(token)
        if found is None and token.endswith("Z"):
            return self._replace_time(token)
        return token if found is None else found

    def _replace_time(self, token: str) -> str:
        colon = re.search(r"%3[Aa]", token)
        if colon is None:
            return self._times.get(token, token)
        plain = token.replace(colon.group(), ":")
        return self._times.get(plain, plain).replace(":", colon.group())


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
