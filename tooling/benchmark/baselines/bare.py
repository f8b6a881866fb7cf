"""Handwritten handlers for four operations of the contract: psycopg, without framework or ORM.

Nothing is validated, logged, counted or limited. Tokens, rows and response bytes equal the twin's.
An ASGI application for uvicorn; each of its threads has its own connection.
"""

import asyncio
import base64
import hashlib
import os
import re
import secrets
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import orjson
import psycopg
from argon2 import PasswordHasher
from psycopg.rows import dict_row
from psycopg.types.string import TextLoader
from uuid_utils import uuid7

Row = dict[str, Any]
Headers = dict[bytes, bytes]
Answer = tuple[int, dict[str, str], Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

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
_threads = ThreadPoolExecutor(int(os.environ["DATABASE_POOL_SIZE"]))


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """The ASGI application."""
    if scope["type"] == "lifespan":
        return
    request, more = b"", True
    while more:
        message = await receive()
        request, more = request + message.get("body", b""), message.get("more_body", False)
    loop = asyncio.get_running_loop()
    status, headers, body = await loop.run_in_executor(_threads, respond, scope, request)
    fields = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


def respond(scope: dict[str, Any], request: bytes) -> tuple[int, dict[str, str], bytes]:
    status, headers, value = answer(scope, request)
    body = orjson.dumps(value)
    headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    if status != 404:
        headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return status, headers, body


def answer(scope: dict[str, Any], request: bytes) -> Answer:
    method, path, headers = scope["method"], scope["path"], dict(scope["headers"])
    if path == "/api/v1/tasks":
        return list_tasks(headers) if method == "GET" else create_task(headers, request)
    if found := TASK_PATH.fullmatch(path):
        return get_task(headers, found[1])
    if path == "/api/v1/auth/login":
        return log_in(request)
    return (200, {}, {"status": "ready"}) if path == "/ready" else (404, {}, None)


def get_task(headers: Headers, task_id: str) -> Answer:
    [task] = rows(GET, task_id, caller(headers))
    return 200, {}, dump(task)


def list_tasks(headers: Headers) -> Answer:
    found = [dump(task) for task in rows(LIST, caller(headers))]
    if len(found) <= PAGE:
        return 200, {}, {"data": found, "next_cursor": None}
    last = found[PAGE - 1]
    place = {"sort": "-created_at", "value": last["created_at"], "id": last["id"]}
    cursor = base64.urlsafe_b64encode(orjson.dumps(place)).rstrip(b"=").decode()
    link = f'</api/v1/tasks?cursor={cursor}>; rel="next"'
    return 200, {"Link": link}, {"data": found[:PAGE], "next_cursor": cursor}


def create_task(headers: Headers, request: bytes) -> Answer:
    owner, body = caller(headers), orjson.loads(request)
    given = [body.get("description"), body.get("status", "pending"), body.get("tags", [])]
    [task] = rows(CREATE, str(uuid7()), owner, body["title"], *given, body.get("due_at"))
    return 201, {"Location": f"/api/v1/tasks/{task['id']}"}, dump(task)


def log_in(request: bytes) -> Answer:
    body = orjson.loads(request)
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
    tokens = {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME}
    return 200, {}, tokens | {"refresh_token": refresh_token}


def caller(headers: Headers) -> str:
    token = headers[b"authorization"].removeprefix(b"Bearer ")
    claims = jwt.decode(token, SECRET_KEY, ["HS256"], audience="task-timer", issuer="task-timer")
    [user] = rows(CALLER, claims["sub"], claims["sid"])
    return str(user["id"])


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
