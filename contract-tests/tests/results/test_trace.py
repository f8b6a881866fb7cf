"""The maker of a resource is known to all traces of the same targets."""

from __future__ import annotations

from dataclasses import replace

from fixtures.observed import TASKS, answer, get, post

from lockstep.inference.requests import RequestReader
from lockstep.openapi.conformance import Conformance
from lockstep.results.coverage import Coverage
from lockstep.results.exchange import Exchange
from lockstep.results.findings import Findings
from lockstep.results.run_log import RunLog
from lockstep.results.trace import Trace
from lockstep.transport.messages import Request

NAMES = RequestReader(TASKS, TASKS.families).names
(TASK,) = NAMES(Request("GET", "/tasks/t1"))


def log() -> RunLog:
    return RunLog(TASKS, Conformance(TASKS), Coverage(TASKS), Findings([]))


def sent(trace: Trace, request: Request, *made: str, group: str | None = None) -> Exchange:
    """Return an exchange, recorded as by a stage."""
    exchange = Exchange(
        number=trace.next_number(),
        request=request,
        label=TASKS.label(request.method, request.path),
        requests={"old": request},
        outcomes={"old": answer(201 if made else 200)},
        addresses={"old": "http://h"},
        group=group,
    )
    trace.record(exchange, made)
    return exchange


def test_a_later_stage_knows_the_makers_of_the_resources_it_reads() -> None:
    ledger = log()
    walk, fuzzing = (Trace(NAMES, ledger.history("old", "new")) for _ in range(2))
    made = sent(walk, post(), TASK)
    listed = sent(fuzzing, get("/tasks"), TASK)
    read = sent(fuzzing, get("/tasks/t1"))
    assert fuzzing.sequence(read) == [made, read]
    assert listed.number > made.number
    assert fuzzing.recorded() == [made]


def test_other_targets_and_another_state_have_separate_histories() -> None:
    ledger = log()
    sent(Trace(NAMES, ledger.history("old", "new")), post(), TASK)
    alone = Trace(NAMES, ledger.history("new"))
    assert alone.sequence(read := sent(alone, get("/tasks/t1"))) == [read]
    ledger.begin_anew()
    later = Trace(NAMES, ledger.history("old", "new"))
    assert later.sequence(read := sent(later, get("/tasks/t1"))) == [read]


def test_an_existing_resource_is_read_before_it_is_referred_to() -> None:
    trace = Trace(NAMES, log().history("old", "new"))
    listed = Exchange(
        number=trace.next_number(),
        request=get("/tasks"),
        label="GET /tasks",
        requests={"old": get("/tasks"), "new": get("/tasks")},
        outcomes={
            name: answer(200, {"data": [{"title": f"{name}-folder/a"}, {"title": "same-in-both"}]})
            for name in ("old", "new")
        },
        addresses={},
    )
    trace.record(listed, ())
    trace.note_shown(listed)
    own = {name: get(f"/tasks/{name}-folder%2Fa") for name in ("old", "new")}
    named = replace(sent(trace, own["old"]), requests=own)
    assert trace.sequence(named) == [listed, named]
    same = sent(trace, get("/tasks/same-in-both"))
    assert trace.sequence(same) == [same]


def test_what_a_write_shows_and_does_not_name_was_put_there_before() -> None:
    trace = Trace(NAMES, log().history("old", "new"))
    made = sent(trace, post(), TASK)
    filled = sent(trace, Request("PUT", "/tasks/t1", actor="alice"))
    sent(trace, Request("PUT", "/tasks/t1", actor="bob"))
    taken = sent(trace, Request("POST", "/exports", actor="alice"))
    taken.shows = frozenset({TASK})
    assert trace.sequence(taken) == [made, filled, taken]


def test_what_a_write_has_shown_may_have_changed_with_it() -> None:
    trace = Trace(NAMES, log().history("old", "new"))
    made = sent(trace, post(), TASK)
    shown = sent(trace, Request("POST", "/exports", actor="alice"), TASK)
    read = sent(trace, get("/tasks/t1"))
    assert trace.sequence(read) == [made, shown, read]


def test_writes_by_and_to_users_matter_to_what_is_read_of_them() -> None:
    trace = Trace(NAMES, log().history("old", "new"))

    def user(name: str) -> tuple[str, Exchange]:
        called = f"{name}-88dee88e0001"
        made = sent(trace, Request("POST", "/users"), called, group=name)
        return called, made

    (ann, first), (ben, second), (_, third) = map(user, ("ann", "ben", "cy"))
    # Each names one or two users, or something that the user has made.
    task = sent(trace, Request("POST", "/tasks", actor="ben"), TASK)
    followed = sent(trace, Request("PUT", f"/users/{ben}/follow", actor="ann"))
    other = sent(trace, Request("POST", "/exports", actor="cy"))
    left = sent(trace, Request("DELETE", f"/users/{ben}/follow", actor="ann"))
    feed = sent(trace, Request("GET", "/feed", actor="ann"))
    sent(trace, Request("PUT", f"/users/{ben}/follow", actor="ann"))
    assert trace.sequence(feed) == [first, feed]
    assert trace.of_users(feed) == [first, second, task, followed, left, feed]
    profile = sent(trace, Request("GET", f"/users/{ann}"))
    assert all(each in trace.of_users(profile) for each in (first, second, followed, left))
    assert all(each not in trace.of_users(feed) for each in (third, other))


def test_of_one_operation_other_writes_matter_as_well() -> None:
    trace = Trace(NAMES, log().history("old", "new"))
    made = sent(trace, Request("POST", "/users"), "ann-88dee88e0001", group="ann")
    bodies = [b'{"delete": ["known"]}', *(b'{"delete": ["unknown %d"]}' % n for n in range(4))]
    bulk = [sent(trace, Request("POST", "/bulk", body=body, actor="ann")) for body in bodies]
    read = sent(trace, Request("GET", "/usage", actor="ann"))
    assert trace.of_users(read) == [made, *bulk, read]


def test_of_many_equal_writes_the_last_two_are_enough() -> None:
    trace = Trace(NAMES, log().history("old", "new"))
    made = sent(trace, Request("POST", "/users"), "ann-88dee88e0001", group="ann")
    writes = [sent(trace, Request("POST", "/exports", actor="ann")) for _ in range(5)]
    read = sent(trace, Request("GET", "/feed", actor="ann"))
    # What is repeated exactly begins with the first time.
    assert trace.of_users(read) == [made, writes[0], *writes[-2:], read]
    nothing = sent(trace, Request("GET", "/feed", actor="ben"))
    assert trace.of_users(nothing) == []
