"""Four operations of the contract as the tutorials of Flask, SQLAlchemy and marshmallow have them.

Objects of the ORM, one query for a relation, a schema for what comes in and goes out; without
limits, metrics, logs, idempotency or conditional requests. Values of responses equal the twin's.
"""

import base64
import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any
from uuid import UUID

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from flask import Flask, g, jsonify, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema, ValidationError, fields, validate
from sqlalchemy import ARRAY, ForeignKey, LargeBinary, Text, create_engine, make_url, select
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    mapped_column,
    relationship,
    scoped_session,
    selectinload,
    sessionmaker,
)
from uuid_utils.compat import uuid7

SECRET_KEY = os.environ["SECRET_KEY"]
LIFETIME = 900
PAGE = 20

engine = create_engine(
    make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+psycopg"),
    pool_size=int(os.environ["DATABASE_POOL_SIZE"]),
    connect_args={"options": "-c timezone=UTC"},
)
db = scoped_session(sessionmaker(engine))
hasher = PasswordHasher()


def now() -> datetime:
    return datetime.now(UTC)


class Base(DeclarativeBase):
    type_annotation_map = {str: Text(), datetime: TIMESTAMP(timezone=True, precision=3)}  # noqa: RUF012


class User(Base):
    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]


class Session(Base):
    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    revoked_at: Mapped[datetime | None]
    user: Mapped[User] = relationship()


class RefreshToken(Base):
    __tablename__ = "refresh_tokens"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime]
    session: Mapped[Session] = relationship()


class TimeEntry(Base):
    __tablename__ = "time_entries"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    task_id: Mapped[UUID] = mapped_column(ForeignKey("tasks.id"))
    end_time: Mapped[datetime | None]
    duration: Mapped[int | None]


class Task(Base):
    __tablename__ = "tasks"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str]
    description: Mapped[str | None]
    status: Mapped[str]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    due_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)
    time_entries: Mapped[list[TimeEntry]] = relationship()

    @property
    def tracked_seconds(self) -> int:
        return sum(entry.duration or 0 for entry in self.time_entries if entry.end_time)


class Instant(fields.DateTime):
    def _serialize(self, value: datetime | None, *_: Any, **__: Any) -> str | None:
        return f"{value.isoformat(timespec='milliseconds')[:-6]}Z" if value else None


class TaskSchema(Schema):
    id = fields.UUID(dump_only=True)
    title = fields.String(required=True, validate=validate.Length(1, 200))
    description = fields.String(load_default=None, allow_none=True)
    status = fields.String(
        load_default="pending", validate=validate.OneOf(["pending", "in_progress", "completed"])
    )
    tags = fields.List(fields.String(validate=validate.Length(1, 30)), load_default=list)
    due_at = Instant(load_default=None, allow_none=True)
    tracked_seconds = fields.Integer(dump_only=True)
    created_at = Instant(dump_only=True)
    updated_at = Instant(dump_only=True)


class LogInSchema(Schema):
    email = fields.Email(required=True)
    password = fields.String(required=True)


task_schema = TaskSchema()
tasks_schema = TaskSchema(many=True)
log_in_schema = LogInSchema()

app = Flask(__name__)
app.json.sort_keys = False  # type: ignore[attr-defined]


@app.teardown_appcontext
def remove_session(_: BaseException | None) -> None:
    db.remove()


@app.errorhandler(ValidationError)
def invalid(error: ValidationError) -> ResponseReturnValue:
    return jsonify(code="validation_failed", errors=error.messages), 400


def logged_in(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Let a view run for the user of the token alone, as `g.user`."""

    @wraps(view)
    def checked(**values: Any) -> ResponseReturnValue:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            claims = jwt.decode(
                token, SECRET_KEY, ["HS256"], audience="task-timer", issuer="task-timer"
            )
        except jwt.InvalidTokenError:
            return jsonify(code="unauthenticated"), 401
        session = db.get(Session, UUID(claims["sid"]))
        if session is None or session.revoked_at is not None:
            return jsonify(code="unauthenticated"), 401
        g.user = session.user
        return view(**values)

    return checked


@app.get("/ready")
def ready() -> ResponseReturnValue:
    return jsonify(status="ready")


@app.post("/api/v1/auth/login")
def log_in() -> ResponseReturnValue:
    body = log_in_schema.load(request.get_json())
    user = db.scalar(select(User).where(User.email == body["email"].lower()))
    try:
        hasher.verify(user.password_hash if user is not None else "", body["password"])
    except VerifyMismatchError:
        user = None
    if user is None:
        return jsonify(code="invalid_credentials"), 401
    session, refresh_token = Session(user=user), secrets.token_urlsafe(32)
    digest = hashlib.sha256(refresh_token.encode()).digest()
    expires_at = now() + timedelta(days=14)
    db.add(RefreshToken(session=session, token_hash=digest, expires_at=expires_at))
    db.commit()
    issued = int(time.time())
    claims = {"iss": "task-timer", "aud": "task-timer", "sub": str(user.id)}
    claims |= {"sid": str(session.id), "jti": str(uuid7())}
    times = {"iat": issued, "exp": issued + LIFETIME}
    return jsonify(
        access_token=jwt.encode(claims | times, SECRET_KEY, "HS256"),
        token_type="Bearer",
        expires_in=LIFETIME,
        refresh_token=refresh_token,
    )


@app.get("/api/v1/tasks")
@logged_in
def list_tasks() -> ResponseReturnValue:
    newest = select(Task).where(Task.user_id == g.user.id).options(selectinload(Task.time_entries))
    newest = newest.order_by(Task.created_at.desc(), Task.id.desc()).limit(PAGE + 1)
    tasks = tasks_schema.dump(db.scalars(newest).all())
    cursor = None
    if len(tasks) > PAGE:
        last = tasks[PAGE - 1]
        place = {"sort": "-created_at", "value": last["created_at"], "id": last["id"]}
        text = json.dumps(place, separators=(",", ":"))
        cursor = base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
    return jsonify(data=tasks[:PAGE], next_cursor=cursor)


@app.post("/api/v1/tasks")
@logged_in
def create_task() -> ResponseReturnValue:
    task = Task(user_id=g.user.id, **task_schema.load(request.get_json()))
    db.add(task)
    db.commit()
    return jsonify(task_schema.dump(task)), 201, {"Location": f"/api/v1/tasks/{task.id}"}


@app.get("/api/v1/tasks/<uuid:task_id>")
@logged_in
def get_task(task_id: UUID) -> ResponseReturnValue:
    wanted = select(Task).where(Task.id == task_id, Task.user_id == g.user.id)
    task = db.scalar(wanted.options(selectinload(Task.time_entries)))
    if task is None:
        return jsonify(code="not_found"), 404
    return jsonify(task_schema.dump(task))
