"""One-to-one mapping between the server-generated values of two targets."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

from lockstep.matching.bounded_dict import BoundedDict

_COLON = r"(?::|%3[Aa])"
# Server-generated values inside paths, header fields and bodies. Escape sequences are consumed
# first, so that `%22` or `\n` before a value is not taken for a part of it.
_TOKEN = re.compile(
    r"%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\."
    rf"|(?P<time>\d{{4}}-\d\d-\d\d[T ]\d\d{_COLON}\d\d{_COLON}\d\d(?:\.\d{{1,9}})?"
    rf"(?:Z|(?:[+-]|%2[Bb])\d\d{_COLON}?\d\d)?)"
    r"|[A-Za-z0-9_.\-]{16,}"
)
_BARE = re.compile(r"[A-Za-z0-9_.\-]{16,}")
_ESCAPED = re.compile(r"%3[Aa]|%2[Bb]")
# Shorter values are matched but never replaced inside other text, where they may occur by chance.
_MIN_REPLACED = 8
# Limits that keep the memory of a run of any length constant; the oldest pairs are dropped.
KEPT_PAIRS = 20_000
KEPT_TIMES = 20_000
KEPT_ODD = 500
# Two log-ins within a second may return the same token on one side and two tokens on the other.
_MANY_TO_MANY = frozenset({"token"})


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A value that is already matched to another value.

    `expected` is the known partner: of the left value when `side` is `left`, otherwise of the right
    value.
    """

    kind: str
    left: str
    right: str
    side: str
    expected: str


class Bijection:
    """One-to-one mapping between the values of two servers, separate for each kind.

    `left` is always the leader. Times are stored separately: they may repeat, so the last pair wins
    and none is rejected. Several tokens may map to one.
    """

    def __init__(self) -> None:
        self._forward: dict[str, BoundedDict[str, str]] = {}
        self._backward: dict[str, BoundedDict[str, str]] = {}
        self._partner: BoundedDict[str, str] = BoundedDict(KEPT_PAIRS)
        self._odd: BoundedDict[str, str] = BoundedDict(KEPT_ODD)
        self._times: BoundedDict[str, str] = BoundedDict(KEPT_TIMES)
        self._lock = threading.RLock()
        self._released: BoundedDict[tuple[str, str], None] = BoundedDict(KEPT_PAIRS)

    def learn(
        self, kind: str, left: str, right: str, *, replace: bool = False, inside: bool = True
    ) -> Mismatch | None:
        """Match two values; return a `Mismatch`, and record nothing, if either has another partner.

        With `replace` the new pair overwrites the old one and nothing is rejected. `inside` allows
        the value to be replaced inside other text.
        """
        with self._lock:
            wrong = None if replace else self.check(kind, left, right)
            if wrong is not None:
                return wrong
            forward = self._forward.setdefault(kind, BoundedDict(KEPT_PAIRS))
            backward = self._backward.setdefault(kind, BoundedDict(KEPT_PAIRS))
            forward[left] = right
            backward[right] = left
            self._released.pop((kind, left), None)
            if inside and left != right and _BARE.fullmatch(left):
                self._partner[left] = right
            elif inside and left != right and len(left) >= _MIN_REPLACED:
                self._odd[left] = right
            return None

    def check(self, kind: str, left: str, right: str) -> Mismatch | None:
        """Return the conflict that matching two values would cause, `None` without one."""
        if kind in _MANY_TO_MANY:
            return None
        known = self.partner(kind, left)
        if known not in (None, right) and not self.is_released(kind, left):
            return Mismatch(kind, left, right, "left", str(known))
        backward = self._backward.get(kind)
        known = backward.get(right) if backward else None
        if known is not None and known != left and not self.is_released(kind, known):
            return Mismatch(kind, left, right, "right", known)
        return None

    def release(self, kind: str, left: str) -> None:
        """Allow a name to be reused: its resource was deleted or renamed.

        Until it is reused it still maps to its partner.
        """
        with self._lock:
            self._released[kind, left] = None

    def is_released(self, kind: str, left: str) -> bool:
        """Whether a name may be reused."""
        return (kind, left) in self._released

    def learn_time(self, left: str, right: str) -> None:
        """Record that an instant of the leader corresponds to an instant of the partner."""
        with self._lock:
            self._times[left] = right

    def is_time(self, left: str, right: str) -> bool:
        """Whether an instant of the leader is known to correspond to that of the partner."""
        with self._lock:
            return self._times.get(left) == right

    def partner(self, kind: str, left: str) -> str | None:
        """Return the partner's value, `None` if the leader's value is unknown."""
        forward = self._forward.get(kind)
        return forward.get(left) if forward else None

    def image(self, kind: str, left: str) -> str:
        """Return the partner's counterpart of a value of the leader, known or not.

        An unknown value maps to itself, unless the partner uses that name for another resource.
        Then it maps to a name that is as unknown to the partner as `left` is to the leader.
        """
        known = self.partner(kind, left)
        if known is not None:
            return known
        taken = self._backward.get(kind)
        while taken and left in taken:
            left = taken[left]
        return left

    def origin(self, kind: str, right: str) -> str | None:
        """Return the leader's value, `None` if the partner's value is unknown."""
        backward = self._backward.get(kind)
        return backward.get(right) if backward else None

    def knows(self, kind: str) -> bool:
        """Whether any value of a kind is matched."""
        return bool(self._forward.get(kind))

    def images(self, left: str) -> set[str]:
        """Return the partners of a value, of all kinds."""
        return set(self.partners(left).values())

    def partners(self, left: str) -> dict[str, str]:
        """Return the partners of a value as a mapping from kind to partner."""
        return {kind: known[left] for kind, known in list(self._forward.items()) if left in known}

    def origins(self, right: str) -> set[str]:
        """Return the leader's values that correspond to a partner's value, of all kinds."""
        return {known[right] for known in list(self._backward.values()) if right in known}

    def translate(self, text: str, *, beside: Bijection | None = None) -> str:
        """Replace every known value of the leader inside `text` with the partner's.

        The pairs of `beside` are replaced too, and take precedence.
        """
        layers = [layer for layer in (beside, self) if layer is not None and layer._replaces]
        if not layers:
            return text
        text = _TOKEN.sub(lambda match: _replaced(match, layers), text)
        for layer in layers:
            with layer._lock:
                odd = list(layer._odd.items())
            for left, right in odd:
                text = text.replace(left, right)
        return text

    def translate_bytes(self, data: bytes) -> bytes:
        """Apply `translate` to bytes of any encoding."""
        return self.translate(data.decode("latin-1")).encode("latin-1")

    @property
    def _replaces(self) -> bool:
        return bool(self._partner or self._times or self._odd)


def _replaced(match: re.Match[str], layers: list[Bijection]) -> str:
    token = match.group()
    if match["time"]:
        return _replaced_time(token, layers)
    known = (layer._partner.get(token) for layer in layers)
    return next((partner for partner in known if partner is not None), token)


def _replaced_time(token: str, layers: list[Bijection]) -> str:
    escapes = set(_ESCAPED.findall(token))
    plain = token
    for escape in escapes:
        plain = plain.replace(escape, ":" if escape[1] == "3" else "+")
    partner = next((layer._times[plain] for layer in layers if plain in layer._times), None)
    if partner is None:
        return token
    for escape in escapes:
        partner = partner.replace(":" if escape[1] == "3" else "+", escape)
    return partner


class SymbolTable:
    """The bijections between the leader and every other target; created anew for each run.

    `interval_seen` becomes true once two targets report an interval measured by their own clocks:
    from then on sums of such intervals may differ within the tolerance.
    """

    def __init__(self, partners: list[str]) -> None:
        self.bijections = {name: Bijection() for name in partners}
        self.interval_seen = False

    def to(self, partner: str) -> Bijection:
        """Return the bijection between the leader and a partner.

        Raises `KeyError` for an unknown name.
        """
        return self.bijections[partner]
