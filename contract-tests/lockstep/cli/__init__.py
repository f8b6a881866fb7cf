"""The command `lockstep`."""

from __future__ import annotations

import importlib

import click

# Loaded when asked for: each command imports only what it needs.
COMMANDS = {
    "run": "lockstep.cli.run",
    "replay": "lockstep.cli.replay",
    "report": "lockstep.cli.report",
    "traps": "lockstep.cli.traps",
    "saboteurs": "lockstep.cli.saboteurs",
}


class _Commands(click.Group):
    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(COMMANDS[name]), name)
        return command


@click.group(cls=_Commands)
def main() -> None:
    """Hold HTTP servers that share one OpenAPI document in lockstep."""
