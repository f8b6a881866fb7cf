"""Requests to a server that may fail: each is timed, and each has a result."""

from __future__ import annotations

import http.client
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from lockstep.drivers.stories.files import StoryError
from lockstep.openapi.document import Document
from suite.faults.files import Answer

TIMEOUT_SECONDS = 30.0
# Faults that delete the account send it.
_PASSWORD = "correct horse battery staple"
_PAUSE_SECONDS = 0.05
_BURST_SECONDS = 0.5
# The number of connections that the pool opens before a fault.
_WARM = 6


@dataclass(frozen=True, slots=True)
class Reply:
    """The result of a request: the status is 0 if no response came."""

    status: int
    seconds: float
    code: str | None = None
    retry_after: str | None = None
    reason: str = ""
    body: Any = None

    def __str__(self) -> str:
        result = f"{self.status} {self.code or ''}".strip() if self.status else self.reason
        return f"{result} after {self.seconds:.2f} s"


@dataclass
class Client:
    """A client that sends each request on a new connection."""

    port: int
    document: Document
    token: str = ""
    task_id: str = ""
    # The log must never contain these.
    secrets: list[str] = field(default_factory=list)

    def prepare(self) -> None:
        """Register, log in, create a task, and make the pool open connections."""
        email = f"{secrets.token_hex(6)}@example.com"
        credentials = {"email": email, "password": _PASSWORD}
        self._must("registerUser", 201, credentials)
        tokens = self._must("logIn", 200, credentials)
        self.token = tokens["access_token"]
        self.secrets += [_PASSWORD, email, self.token, tokens["refresh_token"]]
        self.task_id = self._must("createTask", 201, {"title": "a task"})["id"]
        self.send_all([Answer("listTasks", (200,), TIMEOUT_SECONDS, times=_WARM)])

    def send_all(self, wanted: list[Answer]) -> list[tuple[Answer, Reply]]:
        """Send all requests in parallel."""
        each = [answer for answer in wanted for _ in range(answer.times)]
        with ThreadPoolExecutor(max(1, len(each))) as threads:
            return list(zip(each, threads.map(self.send, each), strict=True))

    def send(self, wanted: Answer) -> Reply:
        """Send a request and wait for its response."""
        operation = self.document.operations[wanted.operation]
        path = operation.path.format(task_id=self.task_id, page="index.html")
        headers = {**(wanted.headers or {})}
        if wanted.user and self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        body = None
        if wanted.json is not None:
            headers["Content-Type"], body = "application/json", json.dumps(wanted.json)
        started = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(operation.method, path, body, headers)
            answer = connection.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException) as error:
            return Reply(0, time.monotonic() - started, reason=type(error).__name__)
        finally:
            connection.close()
        seconds = time.monotonic() - started
        is_json = "json" in (answer.getheader("Content-Type") or "")
        content = json.loads(data) if data and is_json else None
        code = content.get("code") if answer.status >= 400 and content else None
        return Reply(answer.status, seconds, code, answer.getheader("Retry-After"), body=content)

    def _must(self, operation: str, status: int, body: Mapping[str, Any]) -> Any:
        reply = self.send(Answer(operation, (status,), TIMEOUT_SECONDS, json=body))
        if reply.status != status:
            raise StoryError(f"{operation} cannot be prepared: {reply}")
        return reply.body


class Sampler:
    """Context manager that repeats a request in its own thread.

    Requests during the initial burst are not timed.
    """

    def __init__(self, ask: Callable[[], Reply]) -> None:
        self.replies = [Reply(200, 0.0)]
        self._began = time.monotonic()
        self._ask = ask
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(_PAUSE_SECONDS):
            reply = self._ask()
            is_timed = time.monotonic() - reply.seconds > self._began + _BURST_SECONDS
            self.replies.append(reply if is_timed else replace(reply, seconds=0.0))
