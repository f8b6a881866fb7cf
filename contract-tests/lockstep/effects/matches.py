"""Matches between values of the rows, in addition to those of the responses."""

from __future__ import annotations

from lockstep.matching.bijection import Bijection, Mismatch
from lockstep.matching.transaction import Transaction


class RowMatches(Transaction):
    """A transaction for what one comparison of rows learns.

    Matches from responses take precedence, and are not changed: which of two similar rows
    corresponds to which is a guess until a response names them.
    """

    def __init__(self, rows: Bijection, answers: Bijection) -> None:
        super().__init__(rows)
        self._answers = answers

    def check(self, kind: str, left: str, right: str) -> Mismatch | None:
        """Return the conflict of matching two values, or `None`; see `Bijection.check`."""
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
        """Return the partner of a value in one kind, or `None` if it is unknown."""
        known = self._answers.partner(kind, left)
        return super().partner_of(kind, left) if known is None else known

    def holder_of(self, kind: str, left: str) -> str | None:
        """Return the partner of an identifier that still identifies the same entity."""
        known = self._answers.partner(kind, left)
        if known is None or self._answers.is_released(kind, left):
            return super().holder_of(kind, left)
        return known

    def translate(self, text: str) -> str:
        """Replace every known value of the leader inside `text` by the partner's."""
        return super().translate(self._answers.translate(text))
