"""Servers without framework, ORM or contract: the baseline for the cost of these."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from testbed.paths import NODE
from testbed.servers import Kind, node_program

_HERE = Path(__file__).parent
# The twin's own server, without its limits. The address is set at start-up, so a shell fills it in.
# Idle connections are kept as long as in the twins; gunicorn's default is two seconds.
_GUNICORN = (
    'exec "$0" -m gunicorn --worker-class uvicorn_worker.UvicornWorker --workers "$WORKERS"'
    ' --keep-alive 5 --no-control-socket --bind "$HOST:$PORT" handler:application'
)


def command(runtime: Kind) -> list[str]:
    """Return the command that runs the bare server of a runtime.

    It implements getTask, listTasks (without a query), createTask and logIn like the twin, and GET
    /ready, with as many WORKERS as the twin.
    """
    if runtime == "node":
        return [node_program(), str(_HERE / "handler.mjs")]
    return ["sh", "-c", _GUNICORN, sys.executable]


def settings(twin: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a bare server besides DATABASE_URL, HOST and PORT."""
    path = os.pathsep.join([str(_HERE), os.environ.get("PYTHONPATH", "")])
    return {**twin, "NODE_PACKAGE": str(NODE / "package.json"), "PYTHONPATH": path}
