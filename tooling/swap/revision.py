"""An additional schema revision, like the next version might have: additive, and small."""

import subprocess
import sys
import tempfile
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from testbed.migrations import CommandError
from testbed.paths import PYTHON, ROOT
from testbed.servers import TEST_SETTINGS, environment

_MIGRATIONS = PYTHON / "migrations"
_NAME = "next_version"
_INI = f"""[alembic]
script_location = {_MIGRATIONS}
prepend_sys_path = {PYTHON}
path_separator = newline
version_locations =
  {_MIGRATIONS / "versions"}
  {{folder}}
"""
# Columns of tables in constant use: queries for all columns, and their prepared statements, are
# affected. One table at a time, since requests lock several of them.
_REVISION = '''"""Columns that the next version will use."""

from alembic import op

revision = "{revision}"
down_revision = "{head}"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '2s'")
        for table in ("users", "sessions", "tasks", "time_entries"):
            op.execute(f"ALTER TABLE {{table}} ADD COLUMN next_version text DEFAULT 'unused'")
'''


def migrate_further(database_url: str) -> None:
    """Apply a revision on top of the latest one, with Alembic. Raises CommandError."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ini = folder / "alembic.ini"
        ini.write_text(_INI.format(folder=folder), encoding="utf-8")
        head = ScriptDirectory.from_config(Config(str(ini))).get_current_head()
        text = _REVISION.format(revision=_NAME, head=head)
        (folder / f"{_NAME}.py").write_text(text, encoding="utf-8")
        run = subprocess.run(
            [sys.executable, "-m", "alembic", "-c", str(ini), "upgrade", "head"],
            cwd=ROOT,
            env=environment(database_url, TEST_SETTINGS),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if run.returncode != 0:
            raise CommandError(f"The schema could not be migrated:\n{run.stdout}")
