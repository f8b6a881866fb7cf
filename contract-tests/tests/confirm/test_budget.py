"""One finding may not use up the requests and the time of the others."""

from __future__ import annotations

import pytest

from lockstep.confirm import budget as module
from lockstep.confirm.budget import Budget


class Watch:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        """Return the time in seconds."""
        return self.now


def test_a_slow_finding_leaves_time_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
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
