"""What the responses to a request with and without credentials prove about a log-in."""

from __future__ import annotations

import pytest
from fixtures.observed import TASKS, answer

from lockstep.auth.guarded import Probe
from lockstep.transport.messages import Request, Response


def named(old: int, new: int) -> dict[str, Response]:
    """The responses of two targets."""
    return {"old": answer(old), "new": answer(new)}


@pytest.mark.parametrize(
    ("bare", "signed", "expected"),
    [
        ((401, 401), (200, 404), True),
        ((401, 401), (200, 500), True),
        ((401, 403), (404, 200), True),
        ((401, 401), (404, 404), False),
        ((401, 401), (200, 401), False),
        ((401, 401), (200, 422), False),
        ((401, 404), (200, 404), False),
    ],
)
def test_one_target_may_fail_in_what_comes_after_the_log_in(
    bare: tuple[int, int], signed: tuple[int, int], expected: bool
) -> None:
    probe = Probe(TASKS.operations["GET /tasks"], Request("GET", "/tasks"), dict(named(*bare)))
    assert probe.lets_in(dict(named(*signed))) is expected
