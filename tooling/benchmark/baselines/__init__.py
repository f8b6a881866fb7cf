"""Servers for four operations of the contract, as baselines for the twins.

bare: handwritten handlers with the plain driver, for the cost of framework, ORM and contract.
tutorial: written as the tutorials of the twin's framework and ORM are, for the cost of usual code.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from testbed.paths import NODE
from testbed.servers import Kind, node_program

Baseline = Literal["bare", "tutorial"]

OPERATIONS = frozenset({"logIn", "listTasks", "getTask", "createTask"})

_HERE = Path(__file__).parent
# The address is set at start-up, so a shell fills it in. Idle connections are kept as long as in
# the twins; gunicorn's default is two seconds.
_GUNICORN = 'exec "$0" -m gunicorn --workers "$WORKERS" --keep-alive 5 --no-control-socket'
_APPLICATIONS: Mapping[Baseline, str] = {
    # The twin's own server, without its limits.
    "bare": "--worker-class uvicorn_worker.UvicornWorker bare:application",
    # As Flask's documentation deploys an application, with a thread for each connection.
    "tutorial": '--threads "$DATABASE_POOL_SIZE" tutorial:app',
}


def command(baseline: Baseline, runtime: Kind) -> list[str]:
    """Return the command that runs a baseline, with as many WORKERS as the twin.

    It implements OPERATIONS, listTasks without a query, and GET /ready.
    """
    if runtime == "node":
        return [node_program(), str(_HERE / f"{baseline}.mjs")]
    program = f'{_GUNICORN} --bind "$HOST:$PORT" {_APPLICATIONS[baseline]}'
    return ["sh", "-c", program, sys.executable]


def settings(twin: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a baseline besides DATABASE_URL, HOST and PORT."""
    path = os.pathsep.join([str(_HERE), os.environ.get("PYTHONPATH", "")])
    return {**twin, "NODE_PACKAGE": str(NODE / "package.json"), "PYTHONPATH": path}
