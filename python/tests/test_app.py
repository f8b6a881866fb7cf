"""The application: its routes and its resources."""

import pytest

from task_timer.app import TaskTimer

from .clients import Client, registered


def test_two_applications_in_one_process_are_independent(client: Client, fresh: TaskTimer) -> None:
    stranger = registered(fresh)
    ours, theirs = f"Bearer {client.token}", f"Bearer {stranger.token}"
    for _ in range(2):
        assert client.get("users/me").status_code == 200
        assert stranger.get("users/me").status_code == 200
        assert client.get("users/me", Authorization=theirs).status_code == 401
        assert stranger.get("users/me", Authorization=ours).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("PUT", "/health?a=%zz", 400, "bad_request"),
        ("PUT", "/nowhere", 404, "path_not_found"),
        ("PUT", "/api/v1/tasks", 405, "method_not_allowed"),
        ("DELETE", "/api/v1/tasks/%ff", 400, "bad_request"),
    ],
)
def test_invalid_requests_are_rejected_before_routing(
    app: TaskTimer, method: str, path: str, status: int, code: str
) -> None:
    answer = Client(app).send(method, path)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


def test_options_and_head_of_a_route(app: TaskTimer) -> None:
    options = Client(app).send("OPTIONS", "users/me")
    assert (options.status_code, options.data) == (204, b"")
    assert options.headers["Allow"] == "GET, HEAD, PATCH, OPTIONS"
    head, get = (Client(app).send(method, "/health") for method in ("HEAD", "GET"))
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == str(len(get.data))


def test_unknown_methods_share_one_metric_label(app: TaskTimer) -> None:
    assert Client(app).send("PROPFIND", "/health").status_code == 400
    text = Client(app).get("/metrics").text
    counted = {line for line in text.splitlines() if 'method="unknown"' in line}
    assert any(line.startswith("http_requests_total") for line in counted)
    assert "PROPFIND" not in text
