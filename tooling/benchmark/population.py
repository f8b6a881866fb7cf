"""The seed data: the same 10,000 tasks and 100,000 time entries for every contestant."""

import json
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg

from testbed.log_in import log_in
from testbed.migrations import SAMPLE_USER, Credentials
from testbed.stage import POPULATED, Stage
from tooling.benchmark.contestants import BY_NAME, server

TEMPLATE = "crowded"
USERS, TASKS, ENTRIES = 50, 10_000, 100_000
# The tasks of each user that requests refer to. All others only enlarge the tables.
NAMED_TASKS = 5

_DOMAIN = "load.example.com"
# All users have the password of the sample user, so that it is hashed only once.
_FILL = f"""
INSERT INTO users (id, email, password_hash)
SELECT uuidv7(), 'user' || number || '@{_DOMAIN}',
  (SELECT password_hash FROM users WHERE email = %(email)s)
FROM generate_series(0, {USERS - 1}) AS number;

CREATE TEMPORARY TABLE numbered AS
SELECT id, substring(email FROM '\\d+')::int AS number FROM users WHERE email LIKE '%%@{_DOMAIN}';

INSERT INTO tasks (id, user_id, title, description, status, tags, due_at, created_at, updated_at)
SELECT uuidv7(), numbered.id, 'Task ' || task, 'What has to be done, in a sentence or two.',
  'pending', ARRAY['writing', 'board'], timestamptz '2026-03-01' + task * interval '1 hour',
  timestamptz '2026-01-01' + task * interval '1 minute',
  timestamptz '2026-01-01' + task * interval '1 minute'
FROM generate_series(0, {TASKS - 1}) AS task JOIN numbered ON numbered.number = task %% {USERS};

CREATE TEMPORARY TABLE counted AS
SELECT id, user_id, row_number() OVER (ORDER BY created_at) - 1 AS number
FROM tasks WHERE user_id IN (SELECT id FROM numbered);

INSERT INTO time_entries (id, user_id, task_id, start_time, end_time)
SELECT uuidv7(), user_id, id, start_time, start_time + interval '25 minutes'
FROM (SELECT *, timestamptz '2026-01-01' + (entry / {TASKS}) * interval '13 days'
    + (entry %% {TASKS} / {USERS}) * interval '30 minutes' AS start_time
  FROM generate_series(0, {ENTRIES - 1}) AS entry
  JOIN counted ON counted.number = entry %% {TASKS}) AS made;

ANALYZE;
"""
_NAMED = f"""
SELECT users.email, tasks.id::text FROM users CROSS JOIN LATERAL
  (SELECT id FROM tasks WHERE user_id = users.id ORDER BY created_at LIMIT {NAMED_TASKS}) AS tasks
WHERE users.email LIKE '%@{_DOMAIN}' ORDER BY users.email, tasks.id
"""


@dataclass(frozen=True)
class Population:
    """The users that send requests, and their tasks: `users` and `tasks` of the plan."""

    users: list[dict[str, Any]]
    tasks: list[dict[str, Any]]


def populate(stage: Stage, logs: Path) -> Population:
    """Create the template database; tokens and entity tags come from the Python twin.

    They are valid for all other servers, as the contract tests show.
    """
    stage.prepare(POPULATED)
    url = stage.databases.create(TEMPLATE, template=POPULATED)
    with psycopg.connect(url) as connection:
        # Multiple statements cannot have server-side parameters.
        psycopg.ClientCursor(connection).execute(_FILL.encode(), {"email": SAMPLE_USER.email})
        named = connection.execute(_NAMED.encode()).fetchall()
    with server(BY_NAME["python"], url, 1, logs / "population.log") as twin:
        return _introduce(twin.base_url, [(str(email), str(task)) for email, task in named])


def _introduce(address: str, named: list[tuple[str, str]]) -> Population:
    """Log in every user, read every task, and start the timer of every other user."""
    users: dict[str, dict[str, Any]] = {}
    tasks: list[dict[str, Any]] = []
    for email, task_id in named:
        if email not in users:
            users[email] = _log_in(address, email) | {"task": len(tasks)}
            users[email]["running"] = len(users) % 2 == 0
            if users[email]["running"]:
                body = {"task_id": task_id}
                _call(f"{address}/api/v1/timer/start", users[email]["token"], body)
        etag = _call(f"{address}/api/v1/tasks/{task_id}", users[email]["token"])
        tasks.append({"id": task_id, "etag": etag, "uses": 0, "user": len(users) - 1})
    return Population(list(users.values()), tasks)


def _log_in(address: str, email: str) -> dict[str, Any]:
    who = Credentials(email, SAMPLE_USER.password)
    return {**asdict(who), "token": log_in(address, who)}


def _call(url: str, token: str, body: dict[str, Any] | None = None) -> str | None:
    """Send a request; return the entity tag of the response."""
    headers = {"Authorization": f"Bearer {token}"}
    data = None
    if body is not None:
        headers["Content-Type"], data = "application/json", json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30) as answer:
        etag: str | None = answer.headers["ETag"]
        return etag
