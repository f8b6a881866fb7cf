"""Which values of the rows stand for one another, beside those of the answers."""

from __future__ import annotations

from lockstep.matching.bijection import Bijection, Mismatch
from lockstep.matching.transaction import Transaction


class RowMatches(Transaction):
    """What one comparison of rows learns.

    What the answers have matched goes before it, and learns nothing from it: which of two rows
    that are alike stands for which is a guess until an answer names them.
    """

    def __init__(self, rows: Bijection, answers: Bijection) -> None:
        super().__init__(rows)
        self._answers = answers

    def check(self, kind: str, left: str, right: str) -> Mismatch | None:
        """The conflict of matching two values; as `Bijection.check`."""
        if self._answers.partner(kind, left) is None and self._answers.origin(kind, right) is None:
            return super().check(kind, left, right)
        return self._answers.check(kind, left, right)

    def is_pair(self, left: str, right: str) -> bool:
        """Whether two values are matched in any kind."""
        return right in self._answers.images(left) or super().is_pair(left, right)

    def is_pair_of(self, kind: str, left: str, right: str) -> bool:
        """Whether two values are matched in one kind."""
        return self.partner_of(kind, left) == right

    def partner_of(self, kind: str, left: str) -> str | None:
        """The partner of a value in one kind, as far as it is known."""
        known = self._answers.partner(kind, left)
        return super().partner_of(kind, left) if known is None else known

    def holder_of(self, kind: str, left: str) -> str | None:
        """The partner of a name that still names the same thing."""
        known = self._answers.partner(kind, left)
        if known is None or self._answers.is_released(kind, left):
            return super().holder_of(kind, left)
        return known

    def translate(self, text: str) -> str:
        """Replace every known value of the leader inside `text` by the partner's."""
        return super().translate(self._answers.translate(text))
