"""Operations that hang get the full timeout a few times only, and are reported."""

from __future__ import annotations

from lockstep.results.patience import (
    MOST_SECONDS,
    SHORT_SECONDS,
    SHORT_STREAM_SECONDS,
    STREAM_TRIES,
    TRIES,
    Patience,
)
from lockstep.transport.messages import NoResponse, Outcome, Response

HUNG = NoResponse("timeout")
OK = Response(200, (), b"ok")


def after(*outcomes: Outcome) -> Patience:
    """Return the patience after these outcomes of one operation, each in its own stage."""
    patience = Patience()
    for number, outcome in enumerate(outcomes):
        patience.note("slow", "old", outcome, f"stage {number}")
    return patience


def test_an_operation_with_several_timeouts_in_a_row_gets_a_short_timeout() -> None:
    patience = after(*[HUNG] * TRIES)
    assert patience.seconds("slow", "old") == SHORT_SECONDS
    assert patience.seconds("slow", "new") is None
    assert patience.seconds("fast", "old") is None
    patience.steady = True
    assert patience.seconds("slow", "old") is None


def test_a_response_restores_the_full_timeout() -> None:
    assert after(*[HUNG] * (TRIES - 1)).seconds("slow", "old") is None
    assert after(*[HUNG] * TRIES, OK).seconds("slow", "old") is None
    assert after(*[NoResponse("dropped")] * TRIES).seconds("slow", "old") is None


def test_streams_are_read_in_full_a_limited_number_of_times() -> None:
    cut = Response(200, (), b"data: 1", cut=True)
    assert after(*[cut] * (STREAM_TRIES - 1)).stream_seconds("slow", "old") is None
    assert after(*[cut] * STREAM_TRIES).stream_seconds("slow", "old") == SHORT_STREAM_SECONDS
    assert after(*[OK] * STREAM_TRIES).stream_seconds("slow", "old") is None


def test_timeouts_and_empty_streams_are_reported() -> None:
    silent = Response(200, (), b"", cut=True)
    assert after(OK).lines() == []
    assert after(HUNG, OK, HUNG).lines() == [
        "slow: old timed out 2 times (stage: stage 0, stage 2)"
    ]
    assert after(silent, silent).lines() == ["slow: the streams of old did not send data in time"]
    assert after(silent, OK).lines() == [
        "slow: its streams were read for --stream-seconds only, not to the end"
    ]


def slow_for(seconds: float, target: str = "old", label: str = "getSlow") -> Patience:
    """Return the patience after one slow response of an operation of `/slow`."""
    patience = Patience()
    patience.note(label, target, OK, "walk", path="/slow", seconds=seconds)
    return patience


def test_a_slow_path_is_skipped_and_reported() -> None:
    patience = slow_for(MOST_SECONDS - 2)
    patience.note("getSlow", "new", OK, "walk", path="/slow", seconds=MOST_SECONDS - 2)
    patience.note("getSlow", "new", OK, "walk", path="/slow", seconds=SHORT_SECONDS / 2)
    assert not patience.is_used_up("getSlow", "/slow", "fuzz")
    patience.note("getSlow", "new", OK, "walk", path="/slow", seconds=2)
    assert patience.is_used_up("getSlow", "/slow", "fuzz")
    assert patience.is_used_up("getSlow", "/slow", "fuzz")
    assert not patience.is_used_up("getFast", "/fast", "fuzz")
    assert patience.lines() == ["getSlow: 2 requests left out after 30 s of slow responses"]
    patience.steady = True
    assert not patience.is_used_up("getSlow", "/slow", "fuzz")


def test_all_operations_of_a_slow_path_are_slow() -> None:
    patience = slow_for(MOST_SECONDS)
    assert patience.is_used_up("putSlow", "/slow", "fuzz")


def test_one_slow_response_makes_a_path_slow() -> None:
    patience = slow_for(SHORT_SECONDS + 1)
    assert [patience.is_slow(path) for path in ("/slow", "/fast")] == [True, False]


def test_early_stages_leave_time_to_later_ones() -> None:
    patience = slow_for(MOST_SECONDS / 2)
    used_up = [patience.is_used_up("getSlow", "/slow", each) for each in ("walk", "probes", "fuzz")]
    assert used_up == [True, False, False]


def test_a_truncated_stream_is_reported() -> None:
    patience = Patience()
    patience.note("getEvents", "old", Response(200, (), b"data: 1\n\n", cut=True), "walk")
    patience.note("getEvents", "new", Response(200, (), b"data: 1\n\n", cut=True), "walk")
    patience.note("getNote", "new", Response(200, (), b"{}"), "walk")
    (line,) = patience.lines()
    assert line == "getEvents: its streams were read for --stream-seconds only, not to the end"
