"""What the commands share: targets, exit codes."""

from __future__ import annotations

import click

from lockstep.targets import Target

EXIT_CODES = (
    "Exit codes: 0 the targets are alike, 1 they diverge or break the document, "
    "2 the run could not be done."
)


def parse_targets(texts: tuple[str, ...]) -> list[Target]:
    """Targets out of `NAME=URL` texts; `click.BadParameter` says which one is wrong."""
    targets = []
    for text in texts:
        name, _, url = text.partition("=")
        try:
            targets.append(Target(name, url))
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--target") from error
    if len({target.name for target in targets}) < len(targets):
        raise click.BadParameter("every target needs a name of its own", param_hint="--target")
    return targets
