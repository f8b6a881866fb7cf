"""The administration commands of the twins, as processes."""

import subprocess
import sys
from collections.abc import Mapping

from testbed.paths import NODE, WITHOUT_ENV_FILE
from testbed.servers import TEST_SETTINGS, Kind, environment, node_program

_PROGRAMS: Mapping[Kind, tuple[str, ...]] = {
    "python": ("-m", "task_timer.manage"),
    "node": (str(NODE / "dist" / "manage.js"),),
}


def manage(
    kind: Kind, arguments: tuple[str, ...], database_url: str, settings: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Run a command of a twin, with settings on top of those for tests."""
    program = sys.executable if kind == "python" else node_program()
    return subprocess.run(
        [program, *_PROGRAMS[kind], *arguments],
        cwd=WITHOUT_ENV_FILE,
        env=environment(database_url, {**TEST_SETTINGS, **settings}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
