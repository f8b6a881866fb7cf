"""A ramp proceeds as long as the warrants hold, and rolls back at once when one does not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fixtures.cutover import READ, STEPS, WRITE, Stand, standing

from lockstep.cli.output import Quiet
from lockstep.cutover.judging import Judges
from lockstep.cutover.plan import read_plan
from lockstep.cutover.ramp import CutoverError, Patience, Ramp, Result
from lockstep.cutover.report import as_data
from lockstep.cutover.routers import Caddy, RouterError
from lockstep.cutover.state import StateFile, UnderWayError

SHORT = Patience(again=0.05, quiet=0.05, look=0.05)
# Half of the traffic at once.
STEPS_SHORT = '[[steps]]\npercent = 50\nat_least = "20ms"\n'


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """Two judges, a Caddy, and a folder for the plan."""
    with standing(tmp_path) as made:
        yield made


def stop_at(stand: Stand, share: int) -> threading.Event:
    """Return an event that is set once the new target has a share, during traffic."""
    stop = threading.Event()

    def stopping() -> None:
        stand.serves()
        if stand.caddy.share == share:
            stop.set()

    stand.old.grows = stopping
    return stop


def ramp(path: Path, stop: threading.Event | None = None) -> Result:
    plan = read_plan(path)
    router = Caddy(plan.router, plan.old, plan.new, plan.sticky)
    with closing(Judges(plan)) as judges:
        file = StateFile(plan.state)
        with file.locked():
            stop = stop or threading.Event()
            return Ramp(plan, router, judges, file, Quiet(), stop, SHORT).run()


def test_the_ramp_proceeds_while_all_responses_are_equal(stand: Stand) -> None:
    result = ramp(stand.plan())
    assert result.ending == "arrived"
    assert stand.caddy.shares == [0, 10, 100]
    data = as_data(read_plan(stand.plan()), result)
    assert data["answers"]["wrong"] == 0
    # The last reading may precede the last responses.
    assert 0 < data["answers"]["served"] <= stand.new.routes[READ].requests
    assert [event["what"] for event in data["events"] if "%" in event["what"]] == [
        "0 % to new",
        "10 % to new",
        "100 % to new",
    ]


def test_the_ramp_waits_until_enough_was_compared(stand: Stand) -> None:
    seen: list[int] = []

    def slowly() -> None:
        stand.old.count(READ, compared=1)
        if stand.caddy.share:
            stand.new.count(READ, compared=1)
        else:
            seen.append(stand.old.routes[READ].compared)

    stand.old.grows = slowly
    assert ramp(stand.plan()).ending == "arrived"
    # 29 responses without a divergence: below 10 % with 95 %.
    assert max(seen) >= 29


def test_one_divergence_moves_all_traffic_back(stand: Stand) -> None:
    def diverging() -> None:
        stand.serves()
        if stand.caddy.share and not stand.new.routes[READ].diverged:
            stand.new.count(READ, compared=1, diverged=1)

    stand.old.grows = diverging
    result = ramp(stand.plan())
    assert result.ending == "back"
    assert stand.caddy.shares == [0, 10, 0]
    assert result.cause is not None
    assert (result.cause.route, result.cause.kind) == (READ, "value")
    assert (result.cause.sentence, result.cause.request_id) == (
        f"{READ}: title differs",
        "req-1",
    )
    assert result.sums.wrong == 1
    assert result.went_back is not None
    assert result.went_back < 1


def test_a_divergence_in_the_shadow_moves_nothing(stand: Stand) -> None:
    stand.old.grows = lambda: stand.old.count(READ, compared=10, diverged=1)
    result = ramp(stand.plan())
    assert result.ending == "back"
    assert set(stand.caddy.shares) == {0}
    assert result.sums.wrong == 0


def test_divergences_before_the_ramp_count_for_the_bounds(stand: Stand) -> None:
    stand.old.count(READ, compared=1000, diverged=1)
    assert ramp(stand.plan()).ending == "arrived"


def test_a_broken_bound_ends_the_ramp(stand: Stand) -> None:
    stand.old.count(READ, compared=100, diverged=50)
    result = ramp(stand.plan())
    assert result.ending == "back"
    assert result.cause is not None
    assert "not below 10 %" in result.cause.sentence


def test_a_failed_write_counts_though_it_is_not_compared(stand: Stand) -> None:
    def failing() -> None:
        stand.serves()
        if stand.caddy.share and WRITE not in stand.new.routes:
            stand.new.count(WRITE, failed=1)

    stand.old.grows = failing
    result = ramp(stand.plan())
    assert result.ending == "back"
    assert result.cause is not None
    assert result.cause.route == WRITE
    assert result.cause.sentence == "1 of 1 responses of new failed (5xx, or no response)"
    assert (result.sums.wrong, result.sums.failed) == (1, 1)


def test_the_cause_has_the_finding_that_arrived_after_it(stand: Stand) -> None:
    def failing() -> None:
        stand.serves()
        if stand.caddy.share == 10 and not stand.new.routes[READ].answers["5xx"]:
            stand.new.routes[READ].answers["5xx"] += 1
        elif stand.new.routes and stand.caddy.share == 0 and not stand.new.routes[READ].diverged:
            stand.new.count(READ, compared=1, diverged=1)

    stand.old.grows = failing
    result = ramp(stand.plan())
    assert result.cause is not None
    assert result.cause.kind == "value"
    assert result.cause.sentence.endswith(f"(5xx, or no response): {READ}: title differs")


def test_a_failure_that_was_compared_is_one_wrong_answer(stand: Stand) -> None:
    def failing() -> None:
        stand.serves()
        if stand.caddy.share and not stand.new.routes[READ].diverged:
            stand.new.count(READ, compared=1, diverged=1)
            route = stand.new.routes[READ]
            route.answers["5xx"] += 1
            route.kinds["status"] += 1

    stand.old.grows = failing
    assert ramp(stand.plan()).sums.wrong == 1


def test_known_differences_do_not_end_the_ramp(stand: Stand) -> None:
    def known() -> None:
        stand.serves()
        stand.old.routes[READ].known += 5

    stand.old.grows = known
    assert ramp(stand.plan()).ending == "arrived"


def test_more_wrong_answers_can_be_allowed(stand: Stand) -> None:
    def diverging() -> None:
        stand.serves()
        if not stand.old.routes[READ].diverged:
            stand.old.count(READ, compared=1, diverged=1)

    stand.old.grows = diverging
    stop = "[stop]\ndiverged = 2\n"
    assert ramp(stand.plan(steps=stop + STEPS_SHORT)).ending == "arrived"


def test_a_silent_judge_holds_the_ramp_and_then_ends_it(stand: Stand) -> None:
    def falls_silent() -> None:
        stand.serves()
        stand.new.silent = stand.caddy.share == 10

    stand.old.grows = falls_silent
    result = ramp(stand.plan(steps='[stop]\njudge_silent = "100ms"\n' + STEPS))
    assert result.ending == "back"
    assert stand.caddy.shares == [0, 10, 0]
    assert result.cause is not None
    assert result.cause.route == f"judge {stand.new.admin}"
    assert "503" in result.cause.sentence


def test_one_silent_judge_holds_the_ramp(stand: Stand) -> None:
    def old_falls_silent() -> None:
        # Both are read at once: nothing is counted before the old one is certainly silent.
        if stand.old.silent:
            stand.new.count(READ, compared=10)
        stand.old.silent = stand.caddy.share == 10

    stand.new.grows = old_falls_silent
    result = ramp(stand.plan(steps='[stop]\njudge_silent = "100ms"\n' + STEPS))
    assert (result.ending, stand.caddy.shares) == ("back", [0, 10, 0])
    assert result.cause is not None
    assert result.cause.route == f"judge {stand.old.admin}"


def test_a_judge_that_recovers_lets_the_ramp_continue(stand: Stand) -> None:
    def silent_for_a_while() -> None:
        stand.serves()
        stand.new.silent = stand.caddy.share == 10 and stand.new.asked < 15

    stand.old.grows = silent_for_a_while
    assert ramp(stand.plan()).ending == "arrived"


def test_a_step_without_a_warrant_in_time_ends_the_ramp(stand: Stand) -> None:
    stand.old.grows = None
    stand.old.count(READ, compared=3)
    steps = '[[steps]]\npercent = 0\nat_least = "10ms"\nat_most = "50ms"\n'
    result = ramp(stand.plan(steps=steps))
    assert result.ending == "back"
    assert result.cause is not None
    assert result.cause.sentence == (
        "no warrant after 0.05 s: 3 compared, 0 diverged; 29 are needed for below 10 %"
    )


def test_a_stop_leaves_the_traffic_and_the_next_run_continues(stand: Stand) -> None:
    path, stop = stand.plan(), stop_at(stand, 10)
    assert ramp(path, stop).ending == "stopped"
    assert stand.caddy.share == 10
    stand.old.grows = stand.serves
    result = ramp(path)
    assert result.ending == "arrived"
    assert stand.caddy.shares == [0, 10, 10, 100]
    assert "resumed" in [event.what for event in result.state.events]


def test_responses_before_a_stop_still_count(stand: Stand) -> None:
    path, stop = stand.plan(), stop_at(stand, 10)
    ramp(path, stop)
    stand.new.count(READ, compared=1, diverged=1)
    assert ramp(path).ending == "back"


def test_a_ramp_does_not_continue_from_a_larger_share_than_it_has_set(stand: Stand) -> None:
    path, stop = stand.plan(), stop_at(stand, 10)
    ramp(path, stop)
    stand.caddy.handler["load_balancing"]["selection_policy"]["weights"] = [0, 1]
    with pytest.raises(CutoverError, match=r"new has 100 %, but .* has 10 %"):
        ramp(path)
    assert stand.caddy.share == 100


def test_health_checks_do_not_count_as_users(stand: Stand) -> None:
    def only_checks() -> None:
        # Enough for the bound at the first reading, however late that is.
        stand.old.count(READ, compared=100)
        stand.new.count("GET /health", compared=100)

    stand.old.grows = only_checks
    ignored = '[[routes]]\nmatch = ["GET /health"]\nignore = true\n'
    steps = '[[steps]]\npercent = 10\nat_least = "10ms"\nat_most = "100ms"\n'
    result = ramp(stand.plan(steps=ignored + steps))
    assert result.cause is not None
    assert "0 of 1 responses of new in this step" in result.cause.sentence
    assert result.sums.served == 0


def test_a_ramp_does_not_continue_from_a_share_that_it_never_set(stand: Stand) -> None:
    stand.caddy.handler["load_balancing"]["selection_policy"]["weights"] = [1, 1]
    with pytest.raises(CutoverError, match="new already gets 50 %"):
        ramp(stand.plan())
    assert stand.caddy.shares == []


def test_moving_the_traffic_back_by_hand_ends_the_ramp(stand: Stand) -> None:
    def by_hand() -> None:
        stand.serves()
        if stand.caddy.share == 10:
            stand.caddy.handler["load_balancing"]["selection_policy"]["weights"] = [1, 0]

    stand.old.grows = by_hand
    steps = '[[steps]]\npercent = 10\nat_least = "1m"\n'
    result = ramp(stand.plan(steps=steps))
    assert result.ending == "back"
    assert result.cause is not None
    assert result.cause.sentence == "another process set new to 0 % instead of 10 %"


def test_a_refused_move_is_retried_while_the_judges_are_read(stand: Stand) -> None:
    def refusing_once() -> None:
        stand.serves()
        if stand.caddy.share == 10 and not stand.caddy.refusals and stand.caddy.shares[-1] == 10:
            stand.caddy.refusals[500] = 1
            stand.old.grows = failing

    def failing() -> None:
        stand.serves()
        if not stand.caddy.refusals and not stand.new.routes[READ].diverged:
            stand.new.count(READ, compared=1, diverged=1)

    stand.old.grows = refusing_once
    result = ramp(stand.plan())
    assert result.ending == "back"
    assert any("returned 500" in event.what for event in result.state.events)


def test_the_move_back_is_retried(stand: Stand) -> None:
    def diverging() -> None:
        stand.serves()
        if stand.caddy.share and not stand.new.routes[READ].diverged:
            stand.new.count(READ, compared=1, diverged=1)
            stand.caddy.refusals[500] = 1

    stand.old.grows = diverging
    result = ramp(stand.plan())
    assert (result.ending, stand.caddy.share) == ("back", 0)


def test_weights_that_are_not_kept_are_reported(stand: Stand) -> None:
    stand.caddy.forgets = True
    stand.caddy.handler["load_balancing"]["selection_policy"]["weights"] = [1, 0]
    with pytest.raises(RouterError, match=r"10 % was set, but Caddy has 0.0 %"):
        ramp(stand.plan(steps=STEPS_SHORT.replace("50", "10")))


def test_a_judge_that_leads_with_another_target_is_refused(stand: Stand) -> None:
    stand.new.leads = "other"
    with pytest.raises(CutoverError, match="leads with other; the plan says new"):
        ramp(stand.plan())


def test_two_ramps_at_once_are_refused(stand: Stand) -> None:
    path = stand.plan()
    with (
        StateFile(read_plan(path).state).locked(),
        pytest.raises(UnderWayError, match="another lockstep cutover is running"),
    ):
        ramp(path)


def test_a_restarted_judge_counts_from_zero(stand: Stand) -> None:
    stand.new.count(READ, compared=500)
    begun: list[int] = []

    def restarting() -> None:
        stand.serves()
        if stand.caddy.share == 10 and not begun:
            begun.append(1)
            stand.new.started = "2026-11-29T10:00:00.000Z"
            stand.new.routes.clear()

    stand.old.grows = restarting
    result = ramp(stand.plan())
    assert result.ending == "arrived"
    assert 0 < result.sums.served <= stand.new.routes[READ].requests
