"""Names of drafted operations, and gaps in the recordings."""

from __future__ import annotations

from typing import Any

from fixtures.captured import drafted, operation, seen


def names(made: Any) -> list[str]:
    return [
        each["operationId"] for item in made.document["paths"].values() for each in item.values()
    ]


def name_of(line: str, answer: Any = None) -> str:
    (name,) = names(drafted(seen(line, answer if answer is not None else {"id": 1})))
    return name


def test_operation_ids_follow_common_conventions() -> None:
    assert name_of("GET /tasks", []) == "listTasks"
    assert name_of("GET /tasks/1") == "getTask"
    assert name_of("POST /tasks") == "createTask"
    assert name_of("PUT /tasks/1") == "updateTask"
    assert name_of("PATCH /tasks/1") == "updateTask"
    assert name_of("DELETE /tasks/1") == "deleteTask"
    assert name_of("DELETE /tasks") == "deleteTasks"
    assert name_of("GET /users/7/tasks", []) == "listUserTasks"
    assert name_of("GET /users/7/tasks/8") == "getUserTask"
    assert name_of("POST /tasks/7/start") == "startTask"
    assert name_of("POST /tasks/search", []) == "searchTasks"
    assert name_of("GET /tasks/search?q=x", []) == "searchTasks"
    assert name_of("GET /health") == "getHealth"
    assert name_of("GET /users/me") == "getMe"
    assert name_of("GET /task-lists/4/share-links", []) == "listTaskListShareLinks"
    assert name_of("POST /auth/logout") == "logout"
    assert name_of("POST /cart/checkout") == "checkoutCart"
    assert name_of("GET /") == "getRoot"
    assert name_of("PUT /tasks/7/status") == "updateTaskStatus"


def test_trailing_slash_makes_no_difference() -> None:
    made = drafted(
        seen("GET /api/tasks/", [{"id": 1}]),
        seen("POST /api/tasks/", {"id": 1}, 201, {}),
        seen("GET /api/tasks/1/", {"id": 1}),
        seen("DELETE /api/tasks/1/", b"", 204),
    )
    assert names(made) == ["listTasks", "createTask", "getTask", "deleteTask"]
    assert operation(made, "GET /tasks/{taskId}/")["summary"] == "Get a task"
    assert "no_creation" not in {gap.kind for gap in made.gaps}


def test_not_modified_response_has_no_body_schema() -> None:
    made = drafted(seen("GET /tasks", []), seen("GET /tasks", [], 304))
    assert operation(made, "GET /tasks")["responses"]["304"] == {"description": "Not Modified"}


def test_put_and_patch_of_one_path_have_different_names() -> None:
    made = drafted(seen("PUT /tasks/1", {}), seen("PATCH /tasks/1", {}))
    assert names(made) == ["replaceTask", "updateTask"]


def test_operation_ids_are_unique() -> None:
    made = drafted(*(seen(f"GET /{at}/tasks/1", {"id": 1}) for at in ("v1", "v2", "beta")))
    assert len(set(names(made))) == 3


def test_gaps_in_the_recordings_are_reported() -> None:
    made = drafted(
        seen("GET /tasks", [{"id": 1}]),
        seen("GET /tasks", [{"id": 1}]),
        seen("GET /tasks/1", {"id": 1}),
        seen("GET /tasks/1", {"id": 1}),
        seen("DELETE /tasks/1", {"error": "no"}, 403),
        seen("GET /jobs/1", {"error": "broken"}, 500),
        seen(
            "GET /logs?day=2026-01-01", b"[", response_headers={"Content-Type": "application/json"}
        ),
        seen("GET /cut/1", partial=True),
        seen("POST /cut", missing="its body was not recorded"),
    )
    said = {(gap.operation, gap.kind) for gap in made.gaps}
    assert {
        ("getTask", "no_creation"),
        ("getTask", "one_value"),
        ("getTask", "no_error"),
        ("deleteTask", "no_success"),
        ("deleteTask", "one_sample"),
        ("getJob", "server_errors"),
        ("getJob", "no_success"),
        ("listLogs", "cut_body"),
        ("getCut", "no_answer_body"),
        ("createCut", "no_request_body"),
    } <= said
    deleted = operation(made, "DELETE /tasks/{taskId}")
    assert deleted["x-lockstep-never-seen"] == ["one request only", "no successful response: 403"]
    assert deleted["x-lockstep-seen"] == {"requests": 1, "statuses": {"403": 1}}
    assert "review it before you rely on it" in made.document["info"]["description"]


def test_draft_is_deterministic() -> None:
    made = [
        seen(
            "GET /tasks?b=1&a=2", [{"z": 1, "a": {"x": 1, "y": 2}}], sent={"X-B": "1", "X-A": "1"}
        ),
        seen("GET /users/1", {"a": {"x": 1, "y": 2}, "kind": "x"}),
    ]
    assert drafted(*made).document == drafted(*made).document
