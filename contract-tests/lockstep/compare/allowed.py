"""The differences that are allowed in one operation: by user rules, or as noise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from lockstep.matching.difference import Difference
from lockstep.matching.noise import NoiseBook
from lockstep.matching.rules import Rules


@dataclass(frozen=True, slots=True)
class Allowed:
    """The rules and the noise that apply to the operation named `label`."""

    label: str = ""
    rules: Rules = field(default_factory=Rules)
    noise: NoiseBook = field(default_factory=NoiseBook)

    def excuses(self, difference: Difference) -> bool:
        """Whether a difference is allowed; the rule or noise that allows it is counted as used."""
        return self.rules.excuse(self.label, difference) or self.noise.covers(
            self.label, difference
        )

    def counted(self, differences: Iterable[Difference]) -> list[Difference]:
        """Return the differences that are not allowed."""
        return [difference for difference in differences if not self.excuses(difference)]

    def is_unordered(self, where: str) -> bool:
        """Whether the order of a list is ignored, by a rule (then counted as used) or as noise."""
        rule = self.rules.unordered(self.label, where)
        if rule is not None:
            rule.used += 1
        return rule is not None or self.noise.is_unordered(self.label, where)
