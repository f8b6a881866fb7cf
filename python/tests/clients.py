"""Users of the API, for tests."""

import json
import uuid
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import Any

from werkzeug.test import TestResponse

from task_timer.app import TaskTimer

PASSWORD = "correct horse battery"


def fresh_email() -> str:
    return f"user-{uuid.uuid4().hex}@example.com"


def fresh_address() -> str:
    return str(IPv6Address(uuid.uuid4().int))


@dataclass
class Client:
    """A client of the API; the path prefix of the API may be omitted: `tasks`."""

    app: TaskTimer
    token: str = ""
    address: str = field(default_factory=fresh_address)

    def send(self, method: str, path: str, body: Any = None, /, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            named.setdefault("Authorization", f"Bearer {self.token}")
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        if data is not None:
            named.setdefault("Content-Type", "application/json")
        target = path if path.startswith("/") else f"/api/v1/{path}"
        return self.app.test_client().open(
            target,
            method=method,
            data=data,
            headers=named,
            # Werkzeug's client would take the text after two slashes for a host.
            environ_overrides={"REMOTE_ADDR": self.address, "RAW_URI": target},
        )

    def get(self, path: str, /, **headers: str) -> TestResponse:
        return self.send("GET", path, None, **headers)

    def post(self, path: str, body: Any = None, /, **headers: str) -> TestResponse:
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any, /, **headers: str) -> TestResponse:
        return self.send("PATCH", path, body, **headers)

    def delete(self, path: str, /, **headers: str) -> TestResponse:
        return self.send("DELETE", path, None, **headers)

    def make_task(self, title: str = "A task", **values: Any) -> Any:
        return self.post("tasks", {"title": title, **values}).get_json()

    def make_entry(self, task: Any, start_time: str, end_time: str | None = None) -> Any:
        body = {"task_id": task["id"], "start_time": start_time, "end_time": end_time}
        return self.post("time-entries", body).get_json()


def registered(app: TaskTimer) -> Client:
    """Creates a user, and returns a client that is logged in as that user."""
    client = Client(app)
    credentials = {"email": fresh_email(), "password": PASSWORD}
    assert client.post("auth/register", credentials).status_code == 201
    client.token = client.post("auth/login", credentials).get_json()["access_token"]
    return client
