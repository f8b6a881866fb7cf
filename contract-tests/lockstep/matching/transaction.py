"""What one comparison learns."""

from __future__ import annotations

from lockstep.matching.bijection import Bijection, Mismatch


class Transaction:
    """Matched values, kept apart from a bijection until they are confirmed."""

    def __init__(self, bijection: Bijection) -> None:
        self.bijection = bijection
        self._learnt: list[tuple[str, str, str, bool]] = []
        self._pairs: dict[str, dict[tuple[str, str], str]] = {}
        self._times: list[tuple[str, str]] = []

    def learn(
        self, kind: str, left: str, right: str, *, replace: bool = False, inside: bool = True
    ) -> Mismatch | None:
        """Match two values for as long as the draft lasts; as `Bijection.learn`."""
        pairs = self._pairs.setdefault(kind, {})
        for side, one, other in (("left", left, right), ("right", right, left)):
            known = pairs.get((side, one), other)
            if known != other and not replace:
                return Mismatch(kind, left, right, side, known)
        wrong = None if replace else self.bijection.check(kind, left, right)
        if wrong is None and pairs.get(("left", left)) != right:
            pairs["left", left], pairs["right", right] = right, left
            self._learnt.append((kind, left, right, inside))
        return wrong

    def learn_time(self, left: str, right: str) -> None:
        """Match two instants."""
        self._times.append((left, right))

    def is_pair(self, left: str, right: str) -> bool:
        """Whether two values are matched in any kind."""
        if right in self.bijection.images(left):
            return True
        return any(pairs.get(("left", left)) == right for pairs in self._pairs.values())

    def is_pair_of(self, kind: str, left: str, right: str) -> bool:
        """Whether two values are matched in one kind."""
        known = self.bijection.partner(kind, left)
        return right in (known, self._pairs.get(kind, {}).get(("left", left)))

    def partner_of(self, kind: str, left: str) -> str | None:
        """The partner of a value in one kind, as far as it is known."""
        known = self._pairs.get(kind, {}).get(("left", left))
        return self.bijection.partner(kind, left) if known is None else known

    @property
    def size(self) -> int:
        """How much has been learnt; a point to `shrink` to."""
        return len(self._learnt)

    def shrink(self, size: int) -> None:
        """Forget what was learnt after a point."""
        for kind, left, right, _ in self._learnt[size:]:
            self._pairs[kind].pop(("left", left), None)
            self._pairs[kind].pop(("right", right), None)
        del self._learnt[size:]

    def confirm(self) -> None:
        """Keep everything."""
        for kind, left, right, inside in self._learnt:
            self.bijection.learn(kind, left, right, replace=True, inside=inside)
        for left, right in self._times:
            self.bijection.learn_time(left, right)
