"""The pairs found by one comparison, kept separate until they are confirmed."""

from __future__ import annotations

from collections.abc import Callable

from lockstep.matching.bijection import Bijection, Mismatch

_Step = Callable[[Bijection], object]


class Transaction:
    """Uncommitted pairs on top of a bijection, which receives them on `confirm`.

    Lookups consider both.
    """

    def __init__(self, bijection: Bijection) -> None:
        self._known = bijection
        self._fresh = Bijection()
        self._steps: list[_Step] = []

    def learn(
        self, kind: str, left: str, right: str, *, replace: bool = False, inside: bool = True
    ) -> Mismatch | None:
        """Match two values, like `Bijection.learn`."""
        wrong = None if replace else self.check(kind, left, right)
        if wrong is None and self._fresh.partner(kind, left) != right:
            self._take(lambda to: to.learn(kind, left, right, replace=True, inside=inside))
        return wrong

    def learn_time(self, left: str, right: str) -> None:
        """Match two instants, like `Bijection.learn_time`."""
        self._take(lambda to: to.learn_time(left, right))

    def release(self, kind: str, left: str) -> None:
        """Allow a name to be reused, like `Bijection.release`."""
        self._take(lambda to: to.release(kind, left))

    def check(self, kind: str, left: str, right: str) -> Mismatch | None:
        """Return the conflict that matching two values would cause, like `Bijection.check`."""
        wrong = self._fresh.check(kind, left, right)
        if wrong is not None or self._fresh.partner(kind, left) == right:
            return wrong
        wrong = self._known.check(kind, left, right)
        if wrong is None:
            return None
        owner = wrong.left if wrong.side == "left" else wrong.expected
        return None if self._fresh.is_released(kind, owner) else wrong

    def is_pair(self, left: str, right: str) -> bool:
        """Whether two values are matched, as any kind."""
        return right in self._known.images(left) or right in self._fresh.images(left)

    def is_time(self, left: str, right: str) -> bool:
        """Whether two instants are matched."""
        return self._known.is_time(left, right) or self._fresh.is_time(left, right)

    def is_pair_of(self, kind: str, left: str, right: str) -> bool:
        """Whether two values are matched as one kind."""
        return right in (self._known.partner(kind, left), self._fresh.partner(kind, left))

    def partner_of(self, kind: str, left: str) -> str | None:
        """Return the partner of a value of one kind, `None` if it is unknown."""
        known = self._fresh.partner(kind, left)
        return self._known.partner(kind, left) if known is None else known

    def holder_of(self, kind: str, left: str) -> str | None:
        """Return the partner of a name that still identifies the same resource, or `None`."""
        released = self._known.is_released(kind, left) or self._fresh.is_released(kind, left)
        fresh = self._fresh.partner(kind, left)
        if released and (fresh is None or self._fresh.is_released(kind, left)):
            return None
        return self._known.partner(kind, left) if fresh is None else fresh

    def translate(self, text: str) -> str:
        """Replace every known value of the leader inside `text` with the partner's."""
        return self._known.translate(text, beside=self._fresh)

    @property
    def size(self) -> int:
        """The number of recorded steps, to pass to `roll_back`."""
        return len(self._steps)

    def roll_back(self, size: int) -> None:
        """Discard the steps recorded after `size`."""
        if size == len(self._steps):
            return
        del self._steps[size:]
        self._fresh = Bijection()
        for step in self._steps:
            step(self._fresh)

    def confirm(self) -> None:
        """Write all pairs to the bijection."""
        for step in self._steps:
            step(self._known)

    def _take(self, step: _Step) -> None:
        self._steps.append(step)
        step(self._fresh)
