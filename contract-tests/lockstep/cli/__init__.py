"""The command `lockstep`."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from difflib import get_close_matches
from typing import Any

import click
from click.shell_completion import CompletionItem

from lockstep import __version__

# The exit code of errors.
COULD_NOT = 2

# Modules are loaded lazily, so that each command imports only what it needs.
COMMANDS = {
    "run": "lockstep.cli.run",
    "replay": "lockstep.cli.replay",
    "proxy": "lockstep.cli.proxy",
    "cutover": "lockstep.cli.cutover",
    "report": "lockstep.cli.report",
    "infer": "lockstep.cli.infer",
    "diff": "lockstep.cli.diff",
    "traps": "lockstep.cli.traps",
    "mutants": "lockstep.cli.mutants",
    "completion": "lockstep.cli.completion",
}


class _Commands(click.Group):
    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(COMMANDS[name]), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a command, and suggest similar ones for an unknown one, as for options."""
        near = get_close_matches(args[0], COMMANDS) if args[0] not in COMMANDS else []
        if near and not ctx.resilient_parsing:
            ctx.fail(f"No such command '{args[0]}'. Did you mean {' or '.join(near)}?")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete command names without loading the commands; each completes its own options."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return [CompletionItem(name) for name in COMMANDS if name.startswith(incomplete)]

    def invoke(self, ctx: click.Context) -> Any:
        """Invoke a command; any error exits with 2, as exit code 1 is reserved for differences."""
        try:
            return super().invoke(ctx)
        except (click.UsageError, click.exceptions.Exit):
            raise
        except click.ClickException as error:
            error.show()
        except (KeyboardInterrupt, click.Abort):
            click.echo("lockstep: interrupted", err=True)
        except BrokenPipeError:
            # The reader of the output is gone: print nothing more, and do not flush at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except Exception as error:
            self._tell(error)
        sys.exit(COULD_NOT)

    def _tell(self, error: Exception) -> None:
        if "--debug" in sys.argv:
            traceback.print_exception(error)
        message = " ".join(str(error).split())[:200]
        shown = f"{type(error).__name__}: {message}" if message else type(error).__name__
        click.echo(f"lockstep: an internal error of lockstep: {shown}", err=True)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the first sentence of every command, in full."""
        commands = ((name, self.get_command(ctx, name)) for name in COMMANDS)
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, found.get_short_help_str(200)) for name, found in commands if found]
            )


_EPILOG = """
\b
Quick start
  lockstep run openapi.yaml --target old=http://localhost:8000 --target new=http://localhost:9000

\b
Exit codes of the commands that compare; those of the others are similar (COMMAND --help):
  0  the targets are alike, as far as tested
  1  they are not
  2  nothing was tested, or the run could not be completed
"""


@click.group(cls=_Commands, epilog=_EPILOG)
@click.version_option(__version__, message="lockstep %(version)s")
def main() -> None:
    """Find where servers that should behave alike do not.

    Every request is sent to all of them, such as an old and a new server in a migration. Their
    responses are compared byte for byte, after the ids, times and tokens that each server generates
    are matched one to one. Requests are generated from the OpenAPI document that they share, and
    each response is validated against it.
    """
