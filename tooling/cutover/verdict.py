"""What the ramps came to: what was to happen, and what did."""

from collections.abc import Iterator, Mapping
from typing import Any

from tooling.cutover.profiles import FAULTS
from tooling.cutover.run import NEW, Ramped

ARRIVED, WENT_BACK = 0, 1
# What a wrong server may have answered wrongly before all traffic is back.
FEWEST_WRONG = 10
_SHOWN = 5


def figures(ramped: Ramped, fault: str | None) -> dict[str, Any]:
    """What one ramp came to; `problems` is empty if it is as it should be."""
    report = ramped.report
    failures = ramped.observed.failures
    return {
        "fault": fault,
        "about": FAULTS[fault].about if fault else "Node as it is.",
        "status": ramped.status,
        "requests": len(ramped.observed.samples),
        "failed": len(failures),
        "users_met": len({each["email"] for each in failures}),
        "refused": ramped.observed.refused,
        "rows": ramped.ledger.rows,
        "answers": report["answers"],
        "percents": list(percents(report)),
        "cause": report["cause"],
        "went_back_seconds": report["went_back_seconds"],
        "events": report["events"],
        "messages": [
            f"{each['operation']} ({each['request_id']}): {each['message']}"
            for each in failures[:_SHOWN]
        ],
        "problems": list(problems(ramped, fault)),
    }


def percents(report: Mapping[str, Any]) -> Iterator[float]:
    """The shares that Node got, one after the other."""
    for event in report["events"]:
        if event["what"].endswith(f"% to {NEW}"):
            yield event["percent"]


def problems(ramped: Ramped, fault: str | None) -> Iterator[str]:
    """What is not as it should be."""
    report, failures = ramped.report, ramped.observed.failures
    wanted = ARRIVED if fault is None else WENT_BACK
    if ramped.status != wanted:
        yield f"lockstep cutover exited with {ramped.status} instead of {wanted}"
    for line in (*ramped.ledger.lost, *ramped.ledger.extra):
        yield f"stored differently than acknowledged: {line}"
    if fault is None:
        yield from (f"a request failed: {each['message']}" for each in failures[:_SHOWN])
        return
    reached = max(percents(report), default=0)
    if FAULTS[fault].in_shadow and reached > 0:
        yield f"the shadow did not catch it: {NEW} got {reached:g} %"
    if not FAULTS[fault].in_shadow and not reached:
        yield "the ramp never started"
    if len(failures) >= FEWEST_WRONG:
        yield f"{len(failures)} wrong responses reached users"
    if report["answers"]["wrong"] != len(failures):
        counted = report["answers"]["wrong"]
        yield f"the report counts {counted} wrong responses, the users {len(failures)}"
