"""What one writes by hand for four operations of the contract: psycopg, and no framework or ORM.

Nothing is validated, logged, counted or limited. Tokens, rows and the bytes of an answer are the
twin's. A WSGI application for gunicorn; each of its threads has a connection of its own.
"""

import base64
import hashlib
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import jwt
import orjson
import psycopg
from argon2 import PasswordHasher
from psycopg.rows import dict_row
from psycopg.types.string import TextLoader
from uuid_utils import uuid7

Row = dict[str, Any]
Answer = tuple[str, dict[str, str], Any]

SECRET_KEY = os.environ["SECRET_KEY"]
LIFETIME = 900
PAGE = 20
TASK_PATH = re.compile(r"/api/v1/tasks/([0-9a-f-]{36})")

CALLER = """
    SELECT users.id FROM users JOIN sessions ON sessions.user_id = users.id
    WHERE users.id = $1::uuid AND sessions.id = $2::uuid AND sessions.revoked_at IS NULL"""
TASK = "id, title, description, status, tags, due_at"
TIMES = "created_at, updated_at"
TRACKED = """coalesce((SELECT sum(duration) FROM time_entries
    WHERE task_id = tasks.id AND end_time IS NOT NULL), 0)::bigint AS tracked_seconds"""
GET = f"SELECT {TASK}, {TRACKED}, {TIMES} FROM tasks WHERE id = $1::uuid AND user_id = $2::uuid"
LIST = f"""SELECT {TASK}, {TRACKED}, {TIMES} FROM tasks WHERE user_id = $1::uuid
    ORDER BY created_at DESC, id DESC LIMIT {PAGE + 1}"""
CREATE = f"""
    INSERT INTO tasks (id, user_id, title, description, status, tags, due_at)
    VALUES ($1::uuid, $2::uuid, $3, $4, $5, $6::text[], $7::timestamptz)
    RETURNING {TASK}, 0 AS tracked_seconds, {TIMES}"""
USER = "SELECT id, password_hash FROM users WHERE email = $1"
OPEN = "INSERT INTO sessions (id, user_id) VALUES ($1::uuid, $2::uuid)"
ISSUE = """
    INSERT INTO refresh_tokens (id, session_id, token_hash, expires_at)
    VALUES ($1::uuid, $2::uuid, $3, now() + interval '14 days')"""

_local = threading.local()
_hasher = PasswordHasher()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The WSGI application."""
    status, headers, value = answer(environ)
    body = orjson.dumps(value)
    headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    if status != "404 Not Found":
        headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    start_response(status, list(headers.items()))
    return [body]


def answer(environ: dict[str, Any]) -> Answer:
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    if path == "/api/v1/tasks":
        return list_tasks(environ) if method == "GET" else create_task(environ)
    if found := TASK_PATH.fullmatch(path):
        return get_task(environ, found[1])
    if path == "/api/v1/auth/login":
        return log_in(environ)
    return ("200 OK", {}, {"status": "ready"}) if path == "/ready" else ("404 Not Found", {}, None)


def get_task(environ: dict[str, Any], task_id: str) -> Answer:
    [task] = rows(GET, task_id, caller(environ))
    return "200 OK", {}, dump(task)


def list_tasks(environ: dict[str, Any]) -> Answer:
    found = [dump(task) for task in rows(LIST, caller(environ))]
    if len(found) <= PAGE:
        return "200 OK", {}, {"data": found, "next_cursor": None}
    last = found[PAGE - 1]
    place = {"sort": "-created_at", "value": last["created_at"], "id": last["id"]}
    cursor = base64.urlsafe_b64encode(orjson.dumps(place)).rstrip(b"=").decode()
    link = f'</api/v1/tasks?cursor={cursor}>; rel="next"'
    return "200 OK", {"Link": link}, {"data": found[:PAGE], "next_cursor": cursor}


def create_task(environ: dict[str, Any]) -> Answer:
    owner, body = caller(environ), read(environ)
    given = [body.get("description"), body.get("status", "pending"), body.get("tags", [])]
    [task] = rows(CREATE, str(uuid7()), owner, body["title"], *given, body.get("due_at"))
    return "201 Created", {"Location": f"/api/v1/tasks/{task['id']}"}, dump(task)


def log_in(environ: dict[str, Any]) -> Answer:
    body = read(environ)
    [user] = rows(USER, body["email"].lower())
    _hasher.verify(user["password_hash"], body["password"])
    session_id, refresh_token, now = str(uuid7()), secrets.token_urlsafe(32), int(time.time())
    with cursor().connection.transaction():
        cursor().execute(OPEN, [session_id, user["id"]])
        digest = hashlib.sha256(refresh_token.encode()).digest()
        cursor().execute(ISSUE, [str(uuid7()), session_id, digest])
    claims = {"iss": "task-timer", "aud": "task-timer", "sub": user["id"], "sid": session_id}
    claims |= {"jti": str(uuid7()), "iat": now, "exp": now + LIFETIME}
    token = jwt.encode(claims, SECRET_KEY, "HS256")
    told = {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME}
    return "200 OK", {}, told | {"refresh_token": refresh_token}


def caller(environ: dict[str, Any]) -> str:
    token = environ["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    claims = jwt.decode(token, SECRET_KEY, ["HS256"], audience="task-timer", issuer="task-timer")
    [user] = rows(CALLER, claims["sub"], claims["sid"])
    return str(user["id"])


def read(environ: dict[str, Any]) -> Any:
    return orjson.loads(environ["wsgi.input"].read())


def rows(statement: str, *parameters: Any) -> list[Row]:
    return cursor().execute(statement, parameters).fetchall()


def cursor() -> psycopg.RawCursor[Row]:
    if not hasattr(_local, "cursor"):
        url, options = os.environ["DATABASE_URL"], "-c timezone=UTC"
        connection = psycopg.connect(url, autocommit=True, options=options)
        connection.adapters.register_loader("uuid", TextLoader)
        _local.cursor = psycopg.RawCursor(connection, row_factory=dict_row)
    opened: psycopg.RawCursor[Row] = _local.cursor
    return opened


def dump(task: Row) -> Row:
    for name in ("due_at", "created_at", "updated_at"):
        if task[name] is not None:
            task[name] = f"{task[name].isoformat(timespec='milliseconds')[:-6]}Z"
    return task
