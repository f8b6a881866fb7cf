"""`lockstep completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from lockstep.cli.click_ext import Command

SHELLS = ("bash", "zsh", "fish")
_NAME = "lockstep"
_EPILOG = """\b
Examples:
  echo 'eval "$(lockstep completion bash)"' >> ~/.bashrc
  echo 'eval "$(lockstep completion zsh)"' >> ~/.zshrc
  lockstep completion fish > ~/.config/fish/completions/lockstep.fish

\b
Exit codes:
  0  the script was printed
  2  the shell is not supported
"""


@click.command(cls=Command, epilog=_EPILOG)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script for shell completion of commands, options and files.

    It supports bash 4.4 or newer, zsh and fish, and takes effect in new shells.
    """
    found = get_completion_class(shell)
    if found is None:
        raise click.BadParameter("this shell is not supported", param_hint="SHELL")
    root = context.find_root().command
    click.echo(found(root, {}, _NAME, f"_{_NAME.upper()}_COMPLETE").source())
