"""Runs the administration commands of the twins as processes."""

import re
import subprocess
from collections.abc import Mapping

from testbed.paths import WITHOUT_ENV_FILE
from testbed.servers import TEST_SETTINGS, Kind, command_for, environment


def manage_command(kind: Kind) -> list[str]:
    """Return the command that runs the commands of a twin."""
    *program, main = command_for(kind)
    return [*program, re.sub(r"main(\.js)?$", r"manage\1", main)]


def manage(
    kind: Kind, arguments: tuple[str, ...], database_url: str, settings: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Run a command of a twin, with settings in addition to those for tests."""
    return subprocess.run(
        [*manage_command(kind), *arguments],
        cwd=WITHOUT_ENV_FILE,
        env=environment(database_url, {**TEST_SETTINGS, **settings}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
