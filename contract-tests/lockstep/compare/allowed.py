"""What may differ in one operation: the user's rules, and noise learnt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from lockstep.matching.difference import Difference
from lockstep.matching.noise import NoiseBook
from lockstep.matching.rules import Rules


@dataclass(frozen=True, slots=True)
class Allowed:
    """What rules and noise say about the operation named `label`."""

    label: str = ""
    rules: Rules = field(default_factory=Rules)
    noise: NoiseBook = field(default_factory=NoiseBook)

    def excuses(self, difference: Difference) -> bool:
        """Whether a difference does not count; what allows it is then counted as used."""
        return self.rules.excuse(self.label, difference) or self.noise.covers(
            self.label, difference
        )

    def counted(self, differences: Iterable[Difference]) -> list[Difference]:
        """The differences that count."""
        return [difference for difference in differences if not self.excuses(difference)]

    def is_unordered(self, where: str) -> bool:
        """Whether the elements of a list have no order: a rule says so, which is then used, or a
        target has shown it.
        """
        rule = self.rules.unordered(self.label, where)
        if rule is not None:
            rule.used += 1
        return rule is not None or self.noise.is_unordered(self.label, where)
