"""The application with the tools and conventions of Flask."""

import os
import subprocess
import sys

import pytest
from flask import Blueprint, url_for
from werkzeug.routing import Rule

from task_timer.app import TaskTimer
from task_timer.contract import Contract
from task_timer.services import task_service
from task_timer.utils.errors import TaskNotFoundError
from task_timer.utils.identifiers import new_id

from .clients import Client
from .servers import DEADLINE_SECONDS, Server, free_port, wait_until


def test_every_operation_is_a_route(app: TaskTimer, contract: Contract) -> None:
    def described(rule: Rule) -> tuple[str, ...]:
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        return (rule.endpoint.title().replace("_", "").lower(), *methods, rule.rule)

    paths = {
        (each.id.lower(), each.method, each.path.replace("{", "<").replace("}", ">"))
        for each in contract.operations.values()
    }
    assert {described(rule) for rule in app.url_map.iter_rules()} == paths


def test_flask_lists_the_routes() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "task_timer.app", "routes"],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line.split() for line in listed.stdout.splitlines()]
    assert ["create_task", "POST", "/api/v1/tasks"] in lines
    assert ["get_docs_page", "GET", "/docs/<page>"] in lines


def test_flask_runs_the_application() -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "task_timer.app", "run"],
        env=os.environ | {"FLASK_RUN_PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = Server(process, port)
    try:
        wait_until(server.answers)
        credentials = {"email": f"{new_id()}@example.com", "password": "correct horse battery"}
        assert server.send("POST", "/api/v1/auth/register", credentials)[0] == 201
        assert server.send("POST", "/api/v1/tasks", {"title": "a"})[1]["code"] == "unauthenticated"
        assert server.send("GET", "/nowhere")[1]["code"] == "path_not_found"
    finally:
        process.terminate()
        process.wait(DEADLINE_SECONDS)


def test_services_require_an_application_context(app: TaskTimer) -> None:
    with app.app_context(), pytest.raises(TaskNotFoundError):
        task_service.get_task(new_id(), new_id())
    with pytest.raises(RuntimeError, match="no resources"):
        task_service.get_task(new_id(), new_id())


def test_url_for_builds_urls_of_operations(app: TaskTimer) -> None:
    with app.test_request_context("/health"):
        assert url_for("get_task", task_id="a/b") == "/api/v1/tasks/a%2Fb"


def test_responses_of_a_blueprint_get_the_common_headers(fresh: TaskTimer) -> None:
    pages = Blueprint("pages", __name__)
    pages.add_url_rule("/hello", view_func=lambda: ("hello", 200, {"X-Own": "1"}), endpoint="hello")
    fresh.register_blueprint(pages)
    answer = Client(fresh).get("/hello")
    assert (answer.status_code, answer.text, answer.headers["X-Own"]) == (200, "hello", "1")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "X-Request-ID" in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Connection": "Upgrade", "Upgrade": "websocket"},
        {"Host": "ex ample"},
        {"Host": "x" * 70 + ".example"},
        {"Host": ""},
    ],
)
def test_headers_do_not_affect_routing(app: TaskTimer, headers: dict[str, str]) -> None:
    assert Client(app).get("/health", **headers).status_code == 200
