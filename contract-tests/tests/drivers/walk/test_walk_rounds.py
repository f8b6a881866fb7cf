"""Actions that lead back to the first one are repeated, as that may be limited."""

from __future__ import annotations

import json
from typing import Any

from fixtures.scripted import answer, exchanger

from lockstep.drivers.walk.driver import walk
from lockstep.drivers.walk.states import acts
from lockstep.openapi.document import Document
from lockstep.transport.messages import Outcome, Request

PARCEL = {"name": "parcel_id", "in": "path", "required": True, "schema": {"type": "string"}}
JOB = {"name": "job_id", "in": "path", "required": True, "schema": {"type": "string"}}
ENDED = {
    "type": "object",
    "required": ["outcome"],
    "properties": {"outcome": {"enum": ["succeeded", "failed"]}, "note": {"type": "string"}},
}


def returns(status: str, *members: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {each: {"type": "string"} for each in members}}
    content = {"application/json": {"schema": schema}}
    refused = {"409": {"description": "not in this state"}}
    return {status: {"description": "done", "content": content}, **refused}


def action(name: str, schema: Any = None) -> dict[str, Any]:
    found: dict[str, Any] = {"operationId": name, "responses": returns("200", "job_id", "state")}
    if schema is not None:
        found["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    return {"parameters": [JOB], "post": found}


PATHS = {
    "/parcels": {"post": {"operationId": "sendParcel", "responses": returns("201", "parcel_id")}},
    "/parcels/{parcel_id}/jobs": {
        "parameters": [PARCEL],
        "post": {"operationId": "makeJob", "responses": returns("201", "job_id", "state")},
    },
    "/jobs/{job_id}": {
        "parameters": [JOB],
        "get": {"operationId": "getJob", "responses": returns("200", "job_id", "state")},
    },
    "/jobs/{job_id}/start": action("startJob"),
    "/jobs/{job_id}/end": action("endJob", ENDED),
    "/jobs/{job_id}/retry": action("retryJob"),
}


class Jobs:
    """A server of parcels with one unfinished job each, which is tried three times at most."""

    def __init__(self) -> None:
        self.parcels = 0
        self.jobs: dict[str, dict[str, Any]] = {}
        self.refused_retries = 0

    def __call__(self, request: Request) -> Outcome:
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["parcels"]:
                self.parcels += 1
                return answer({"parcel_id": f"parcel-{self.parcels + 1000}"}, 201)
            case "POST", ["parcels", parcel, "jobs"]:
                return self.make(parcel)
            case _, ["jobs", name, *doing] if name in self.jobs:
                return self.act(self.jobs[name], doing, request)
        return answer({"error": "unknown"}, 404)

    def make(self, parcel: str) -> Outcome:
        unfinished = ("queued", "running")
        if any(j["parcel"] == parcel and j["state"] in unfinished for j in self.jobs.values()):
            return answer({"error": "has a job"}, 409)
        name = f"job-{len(self.jobs) + 2000}"
        self.jobs[name] = {"job_id": name, "parcel": parcel, "state": "queued", "tries": 1}
        return answer(self.jobs[name], 201)

    def act(self, job: dict[str, Any], doing: list[str], request: Request) -> Outcome:
        match doing, job["state"]:
            case [], _:
                return answer(job)
            case ["start"], "queued":
                job["state"] = "running"
            case ["end"], "running":
                job["state"] = json.loads(request.body or b"{}").get("outcome", "succeeded")
            case ["retry"], "failed" if job["tries"] < 3:
                job |= {"state": "queued", "tries": job["tries"] + 1}
            case _, state:
                self.refused_retries += state == "failed" and doing == ["retry"]
                return answer({"error": "state"}, 409)
        return answer(job)


def test_the_choices_of_what_an_action_requires_are_actions() -> None:
    document = Document({"openapi": "3.1.0", "info": {}, "paths": PATHS})
    able = next(each for each in acts(document) if each[0].operation.path.startswith("/jobs"))
    shown = {(each.operation.name, each.state) for each in able}
    assert {("endJob", "succeeded"), ("endJob", "failed"), ("startJob", "")} <= shown


def test_actions_in_a_circle_are_repeated_until_they_are_refused() -> None:
    server = Jobs()
    both, _ = exchanger(server, Jobs(), paths=PATHS)
    walk(both, None, lambda *_: None)
    assert {job["tries"] for job in server.jobs.values()} >= {1, 2, 3}
    assert server.refused_retries
