"""Grouped help texts, and errors that end a command with one line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem as Item

from lockstep.verdict import COULD_NOT_RUN

EXIT_CODES = """\b
Exit codes:
  0  the targets are alike, as far as tested, or satisfy what --fail-on covers
  1  they differ, or violate what --fail-on covers
  2  nothing was tested, or the run could not be completed
"""

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class GroupedOption(click.Option):
    """An option that the help shows under a heading."""

    def __init__(self, *args: Any, group: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.group = group


class Command(click.Command):
    """A command whose help groups the options under headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options; the groups for reports and others come last."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                groups.setdefault(getattr(parameter, "group", "Other"), []).append(record)
        for late in ("Reports", "Other"):
            groups[late] = groups.pop(late, [])
        for title, records in groups.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def option(*names: str, group: str, **attributes: Any) -> Callable[[Decorated], Decorated]:
    """Return `click.option` with a heading in the help."""
    return click.option(*names, cls=GroupedOption, group=group, **attributes)


def complete_files(_ctx: click.Context, _parameter: click.Parameter, text: str) -> list[Item]:
    """Complete file names, for a parameter that also accepts a URL or `-`."""
    return [Item(text, type="file")]


def complete_folders(_ctx: click.Context, _parameter: click.Parameter, text: str) -> list[Item]:
    """Complete directory names."""
    return [Item(text, type="dir")]


@contextmanager
def could_not_run(*errors: type[Exception]) -> Iterator[None]:
    """Exit with code 2, and a line for each fault, if one of the errors is raised.

    Indented lines belong to the fault before them: they are to be pasted.
    """
    try:
        yield
    except errors as error:
        for line in str(error).splitlines():
            click.echo(line if line.startswith(" ") else f"lockstep: {line}", err=True)
        sys.exit(COULD_NOT_RUN)
