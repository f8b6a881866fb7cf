"""Fills databases with the commands of the twins: schema, administrator, sample data."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from testbed.paths import PYTHON, WITHOUT_ENV_FILE
from testbed.servers import TEST_SETTINGS, environment


@dataclass(frozen=True)
class Credentials:
    """The credentials of a user."""

    email: str
    password: str


# Users in the sample data.
ADMIN = Credentials("admin@example.com", "correct horse battery")
SAMPLE_USER = Credentials("ada@example.com", "correct horse battery")


class CommandError(Exception):
    """A command of a twin failed; the message ends with what it printed."""


def migrate(database_url: str) -> None:
    """Migrate the schema to the newest version. Raises CommandError."""
    _run(["alembic", "-c", str(PYTHON / "alembic.ini"), "upgrade", "head"], database_url)


def create_admin(database_url: str, credentials: Credentials = ADMIN) -> None:
    """Add a user with the role `admin`. Raises CommandError."""
    command = ["task_timer.manage", "create-admin", "--email", credentials.email]
    _run(command, database_url, ADMIN_PASSWORD=credentials.password)


def seed(database_url: str) -> None:
    """Add the sample data. Raises CommandError."""
    _run(["task_timer.manage", "seed"], database_url)


def _run(module: Sequence[str], database_url: str, **settings: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", *module],
        cwd=WITHOUT_ENV_FILE,
        env=environment(database_url, {**TEST_SETTINGS, **settings}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if run.returncode != 0:
        raise CommandError(f"`{' '.join(module)}` failed:\n{run.stdout}")
