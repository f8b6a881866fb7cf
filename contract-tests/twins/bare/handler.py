"""The least that a WSGI server and psycopg need to answer with the statements of STATEMENTS.

STATEMENTS is JSON: [{"sql": text with $1 …, "parameters": [text, null or {"fresh": "uuid"}]}].
Runs under gunicorn; answers any request with the rows of all statements.
"""

import json
import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

import orjson
import psycopg
from psycopg.rows import dict_row
from uuid_utils import uuid7

_STATEMENTS: list[dict[str, Any]] = json.loads(os.environ["STATEMENTS"])
_LOCAL = threading.local()


def application(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The WSGI application."""
    body = orjson.dumps({"data": _rows()}, default=str)
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]


def _rows() -> list[dict[str, Any]]:
    if not hasattr(_LOCAL, "cursor"):
        connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
        _LOCAL.cursor = psycopg.RawCursor(connection, row_factory=dict_row)
    rows: list[dict[str, Any]] = []
    for statement in _STATEMENTS:
        parameters = [str(uuid7()) if isinstance(p, dict) else p for p in statement["parameters"]]
        _LOCAL.cursor.execute(statement["sql"], parameters)
        if _LOCAL.cursor.description is not None:
            rows += _LOCAL.cursor.fetchall()
    return rows
