"""One finding may neither send nor wait so much that nothing is left for the others."""

from __future__ import annotations

import pytest

from lockstep.confirm import budget as module
from lockstep.confirm.budget import Budget


class Watch:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        """The time in seconds."""
        return self.now


def test_a_finding_that_hangs_leaves_the_others_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch()
    monkeypatch.setattr(module, "time", watch)
    budget = Budget(requests=2, seconds=30)
    with budget.running():
        budget.begin()
        watch.now += 4
        assert not budget.is_spent()
        watch.now += 2
        assert budget.is_spent()
        budget.begin()
        assert not budget.is_spent()
        budget.spend()
        budget.spend()
        assert budget.is_spent()
        watch.now += 25
        budget.begin()
        assert budget.is_spent()
