"""Starts a twin so that a debugger can attach."""

import sys
from collections.abc import Mapping
from pathlib import Path

from testbed.servers import SERVERS, Kind, node_program

# The default ports, which .vscode/launch.json uses.
PORTS: Mapping[Kind, int] = {"python": 5678, "node": 9229}

_UNWATCHED = Path(__file__).with_name("unwatched.py")


def command(kind: Kind) -> list[str]:
    """Return the command that runs a twin of the repository with a debugger enabled."""
    address = f"127.0.0.1:{PORTS[kind]}"
    if kind == "node":
        return [node_program(), f"--inspect={address}", *SERVERS[kind].program]
    debugpy = ["-Xfrozen_modules=off", "-m", "debugpy", "--listen", address]
    return [sys.executable, *debugpy, str(_UNWATCHED)]
