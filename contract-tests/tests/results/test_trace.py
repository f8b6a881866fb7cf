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
