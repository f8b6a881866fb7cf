"""Differences that follow from a one-sided write are excused, and counted by cause."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fixtures.scripted import answer, exchanger

from lockstep.exchange.exchanger import Exchanger
from lockstep.results.findings import Finding
from lockstep.transport.messages import Outcome, Request


class Tasks:
    """The state of a small server; `faults` are its bugs."""

    def __init__(self, first: int, *faults: str) -> None:
        self.faults = faults
        self.tasks: dict[int, dict[str, Any]] = {}
        self._next = first

    def __call__(self, request: Request) -> Outcome:
        path = request.path.partition("?")[0].strip("/").split("/")
        match request.method, path:
            case "GET", ["tasks"]:
                return answer(self._listed(request.path.partition("?")[2]))
            case "POST", ["tasks"]:
                return self._make(request)
            case method, ["tasks", number, *_]:
                return self._item(method, int(number), request)
        return answer(status=404)

    def _listed(self, query: str) -> list[dict[str, Any]]:
        listed = [self._shown(task) for task in self.tasks.values()]
        if "shouts" in self.faults:
            listed = [{**task, "title": task["title"].upper()} for task in listed]
        if query == "title=even" and "counts badly" in self.faults:
            return listed[1::2]
        if query == "sort=-id" and "sorts badly" not in self.faults:
            listed.reverse()
        return listed[:2] if query == "limit=2" else listed

    def _make(self, request: Request) -> Outcome:
        if "refuses" in self.faults and b"odd" in (request.body or b""):
            return answer({"error": "odd"}, 400)
        if "replays" in self.faults and self.tasks:
            return answer(self._shown(next(iter(self.tasks.values()))), 201)
        task = {"id": self._next, "title": (request.body or b"").decode()}
        self._next += 1
        self.tasks[task["id"]] = task  # type: ignore[index]
        return answer(self._shown(task), 201)

    def _item(self, method: str, number: int, request: Request) -> Outcome:
        if number not in self.tasks or ("forgets" in self.faults and method == "GET"):
            return answer({"error": "not found"}, 404)
        match method:
            case "DELETE":
                if "keeps" not in self.faults:
                    del self.tasks[number]
                return answer(status=204)
            case "PATCH":
                self.tasks[number]["title"] = (request.body or b"").decode()
        return answer(self._shown(self.tasks[number]))

    def _shown(self, task: dict[str, Any]) -> dict[str, Any]:
        shown = dict(task)
        if "loud" in self.faults:
            shown["title"] = shown["title"].upper()
        if "numbers" in self.faults:
            shown["title"] = shown["title"] + "!"
        return shown


def parity(lockstep: Exchanger) -> Iterator[tuple[str, str]]:
    """Yield the findings as (operation, where)."""
    found: list[Finding] = lockstep.ledger.findings.all()
    for finding in sorted(found, key=lambda finding: finding.sequence[-1].number):
        if finding.category == "parity":
            yield finding.operation, finding.where


def excused(lockstep: Exchanger) -> dict[str, int]:
    """Return the number of excused differences by cause."""
    return dict(lockstep.ledger.findings.excused)


def make(lockstep: Exchanger, title: str = '"t"') -> None:
    lockstep.send(Request("POST", "/tasks", body=title.encode(), actor="alice"))


def get(lockstep: Exchanger, path: str) -> None:
    lockstep.send(Request("GET", path, actor="alice"))


def sides(*faults: str, repairs: bool = True) -> tuple[Exchanger, Tasks, Tasks]:
    left, right = Tasks(1), Tasks(50, *faults)
    return exchanger(left, right, repairs=repairs)[0], left, right


def test_sound_servers_do_not_diverge() -> None:
    lockstep, left, right = sides()
    for _ in range(3):
        make(lockstep)
    lockstep.send(Request("DELETE", "/tasks/2", actor="alice"))
    get(lockstep, "/tasks/2")
    get(lockstep, "/tasks")
    assert list(parity(lockstep)) == []
    assert (sorted(left.tasks), sorted(right.tasks)) == ([1, 3], [50, 52])


def test_a_resource_created_on_one_side_is_deleted_again() -> None:
    lockstep, left, right = sides("refuses")
    make(lockstep)
    make(lockstep, '"odd"')
    make(lockstep)
    get(lockstep, "/tasks")
    assert list(parity(lockstep)) == [("createTask", "status")]
    assert excused(lockstep) == {}
    assert (sorted(left.tasks), sorted(right.tasks)) == ([1, 3], [50, 51])
    assert lockstep.ledger.not_reconciled() == []


def test_without_repairs_the_lists_are_excused_and_reported() -> None:
    lockstep, left, _ = sides("refuses", repairs=False)
    make(lockstep)
    make(lockstep, '"odd"')
    get(lockstep, "/tasks")
    get(lockstep, "/tasks")
    assert list(parity(lockstep)) == [("createTask", "status")]
    assert excused(lockstep) == {"createTask returned 201 and 400": 2}
    assert sorted(left.tasks) == [1, 2]
    assert lockstep.ledger.not_reconciled() == [
        "createTask: 1 times the states diverged and could not be reconciled"
    ]


def test_a_lost_deletion_is_one_finding() -> None:
    lockstep, _, _ = sides("keeps")
    make(lockstep)
    make(lockstep)
    lockstep.send(Request("DELETE", "/tasks/1", actor="alice"))
    get(lockstep, "/tasks/1")
    get(lockstep, "/tasks/1")
    lockstep.send(Request("POST", "/tasks/1/close", actor="alice"))
    get(lockstep, "/tasks")
    assert list(parity(lockstep)) == [("getTask", "status")]
    assert excused(lockstep)["getTask returned 404 and 200"] >= 2


def test_a_member_is_the_same_fact_wherever_it_is_shown() -> None:
    lockstep, _, _ = sides("loud")
    make(lockstep)
    get(lockstep, "/tasks/1")
    get(lockstep, "/tasks")
    assert len(list(parity(lockstep))) == 3
    (signature,) = {finding.signature for finding in lockstep.ledger.findings.all()}
    assert (signature.kind, signature.what, signature.how) == ("value", "task.title", "case")


def test_a_status_is_never_excused_by_a_list() -> None:
    lockstep, _, right = sides("refuses", repairs=False)
    make(lockstep)
    make(lockstep, '"odd"')
    right.faults = ("refuses", "forgets")
    get(lockstep, "/tasks")
    get(lockstep, "/tasks/1")
    assert ("getTask", "status") in list(parity(lockstep))


def test_an_independent_fault_is_found_beside_it() -> None:
    lockstep, _, right = sides("refuses", repairs=False)
    make(lockstep)
    make(lockstep, '"odd"')
    right.faults = ("refuses", "numbers")
    get(lockstep, "/tasks/1")
    assert list(parity(lockstep)) == [("createTask", "status"), ("getTask", "body /title")]


def test_the_actor_of_a_write_that_could_not_be_undone_is_known() -> None:
    lockstep, _, _ = sides("refuses", repairs=False)
    exchange = lockstep.send(Request("POST", "/tasks", body=b'"odd"', actor="alice"))
    assert exchange.parted
    repaired, _, _ = sides("refuses")
    exchange = repaired.send(Request("POST", "/tasks", body=b'"odd"', actor="alice"))
    assert not exchange.parted


def test_a_resource_that_one_side_returns_again_has_parted_the_sides() -> None:
    lockstep, left, right = sides("replays")
    make(lockstep)
    exchange = lockstep.send(Request("POST", "/tasks", body=b'"t"', actor="alice"))
    assert exchange.parted
    get(lockstep, "/tasks")
    get(lockstep, "/tasks/2")
    assert (sorted(left.tasks), sorted(right.tasks)) == ([1, 2], [50])
    assert list(parity(lockstep)) == [("createTask", "body /id")]
    assert sum(excused(lockstep).values()) == 2


@pytest.mark.parametrize(
    ("fault", "query"), [("counts badly", "title=even"), ("sorts badly", "sort=-id")]
)
def test_a_list_may_differ_by_more_than_a_one_sided_resource(fault: str, query: str) -> None:
    lockstep, _, _ = sides("refuses", fault, repairs=False)
    for title in ('"a"', '"odd"', '"b"', '"c"', '"d"'):
        make(lockstep, title)
    for path in ("/tasks/1", "/tasks/3", "/tasks/4", "/tasks/5", "/tasks", "/tasks?limit=2"):
        get(lockstep, path)
    assert list(parity(lockstep)) == [("createTask", "status")]
    get(lockstep, f"/tasks?{query}")
    (_, (operation, _)) = parity(lockstep)
    assert operation == "listTasks"


def test_members_of_common_resources_are_still_compared() -> None:
    lockstep, _, _ = sides("refuses", "shouts", repairs=False)
    for title in ('"a"', '"odd"', '"b"'):
        make(lockstep, title)
    get(lockstep, "/tasks")
    assert ("listTasks", "body /*/title") in list(parity(lockstep))


def test_an_identifier_chosen_by_the_client_is_known_though_responses_differ() -> None:
    """Such a name has no counterpart: it is the same on both sides."""
    key = {"type": "object", "properties": {"key": {"type": "string"}}}
    shown = {"description": "ok", "content": {"application/json": {"schema": key}}}
    paths = {
        "/boards": {"post": {"operationId": "createBoard", "responses": {"201": shown}}},
        "/boards/{key}": {"get": {"operationId": "getBoard", "responses": {"200": shown}}},
    }

    def left(request: Request) -> Outcome:
        return answer({"key": "AB"}, 201 if request.method == "POST" else 200)

    def right(request: Request) -> Outcome:
        status = 201 if request.method == "POST" else 404
        return answer({"key": "AB"}, status, {"X-Powered-By": "another"})

    lockstep, _ = exchanger(left, right, paths=paths)
    lockstep.send(Request("POST", "/boards", body=b'{"key": "AB"}', actor="alice"))
    get(lockstep, "/boards/AB")
    assert ("getBoard", "status") in set(parity(lockstep))
    assert excused(lockstep) == {}


class Likes:
    """Tasks that are liked and have notes; one side refuses `twice`, or notes that are `odd`."""

    def __init__(self, *faults: str) -> None:
        self.faults = faults
        self.likes: set[str] = set()
        self.notes: list[int] = []
        self.deleted: list[str] = []

    def __call__(self, request: Request) -> Outcome:
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["tasks", task, "like"]:
                refused = "twice" in self.faults and task in self.likes
                self.likes.add(task)
                return answer({"error": "liked"} if refused else {}, 400 if refused else 200)
            case "POST", ["tasks", _, "notes"]:
                if "odd" in self.faults and b"odd" in (request.body or b""):
                    return answer({"error": "odd"}, 422)
                self.notes.append(len(self.notes) + 1)
                return answer({"id": self.notes[-1]}, 201)
            case "DELETE", [*_, "notes", number]:
                self.notes.remove(int(number))
            case "DELETE", ["tasks", task, "like"]:
                self.likes.discard(task)
        self.deleted += [request.path] if request.method == "DELETE" else []
        return answer(status=204)


def liked(*faults: str) -> tuple[Exchanger, Likes, Likes]:
    """Two sides, of which the second has faults."""
    gone: dict[str, Any] = {"delete": {"responses": {"204": {}}}}
    made: dict[str, Any] = {"post": {"responses": {"200": {}}}}
    paths = {
        "/tasks/{task_id}": gone,
        "/tasks/{task_id}/like": gone | made,
        "/tasks/{task_id}/notes": made,
        "/tasks/{task_id}/notes/{note_id}": gone,
    }
    left, right = Likes(), Likes(*faults)
    return exchanger(left, right, paths=paths)[0], left, right


def test_what_is_done_to_a_thing_is_undone_at_the_same_path() -> None:
    lockstep, left, right = liked("twice")
    request = Request("POST", "/tasks/1/like", actor="alice")
    assert not any(lockstep.send(request).parted for _ in range(2))
    assert left.deleted == right.deleted == ["/tasks/1/like"]
    assert left.likes == right.likes == set()


def test_what_is_made_in_a_thing_is_deleted_and_not_the_thing() -> None:
    lockstep, left, right = liked("odd")
    for body in (b'"one"', b'"odd"'):
        exchange = lockstep.send(Request("POST", "/tasks/1/notes", body=body, actor="bob"))
        assert not exchange.parted
    assert (left.deleted, right.deleted) == (["/tasks/1/notes/2"], [])
    assert left.notes == right.notes == [1]


def test_what_nothing_deletes_stays_parted() -> None:
    def refusing(_request: Request) -> Outcome:
        return answer({"error": "no"}, 422)

    paths: dict[str, Any] = {"/user": {"put": {"responses": {"200": {}}}}}
    lockstep, targets = exchanger(lambda _: answer({}), refusing, paths=paths)
    assert lockstep.send(Request("PUT", "/user", body=b"{}", actor="alice")).parted
    assert [len(target.sent) for target in targets] == [1, 1]
