"""Servers without framework, ORM or contract: the yardstick for what those cost."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from testbed.paths import NODE
from testbed.servers import Kind, node_program

_HERE = Path(__file__).parent
# The twin's own server, without its limits. The address is chosen when it starts, so a shell fills
# it in. Idle connections are kept as the twins keep them; gunicorn by itself says two seconds.
_GUNICORN = (
    'exec "$0" -m gunicorn --worker-class uvicorn_worker.UvicornWorker --workers "$WORKERS"'
    ' --keep-alive 5 --no-control-socket --bind "$HOST:$PORT" handler:application'
)


def command(runtime: Kind) -> list[str]:
    """The command that runs the bare server of a runtime.

    It answers getTask, listTasks (without a query), createTask and logIn as the twin does, and
    GET /ready, with as many WORKERS as the twin.
    """
    if runtime == "node":
        return [node_program(), str(_HERE / "handler.mjs")]
    return ["sh", "-c", _GUNICORN, sys.executable]


def settings(twin: Mapping[str, str]) -> dict[str, str]:
    """The environment of a bare server beside DATABASE_URL, HOST and PORT, from that of a twin."""
    path = os.pathsep.join([str(_HERE), os.environ.get("PYTHONPATH", "")])
    return {**twin, "NODE_PACKAGE": str(NODE / "package.json"), "PYTHONPATH": path}
