"""Rejects schema revisions that block or break the running version.

python -m suite.revisions

During a rolling deployment, two versions use one schema: a revision must not block queries, and
must keep what the older version reads and writes. Each revision is rendered as SQL, which squawk
checks. What the older version no longer uses may be removed, with `-- squawk-ignore RULE` above
the statement.

Exits with 0 if all revisions may be applied while servers run, 1 if not.
"""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory

from testbed.paths import PYTHON

# The oldest supported version.
_POSTGRESQL = "14"
_EXCLUDED_RULES = (
    # A revision is a transaction; what is created outside of one is dropped first.
    "prefer-robust-stmts",
    # Nothing waits for a statement without locks; waiting for a lock has a timeout.
    "require-statement-timeout",
    "prefer-bigint-over-int",
    # Alembic's own table has one.
    "prefer-text-field",
)
_NO_LIMIT = re.compile(r"^SET (?:LOCAL |SESSION )?lock_timeout\b\s*(?:=|TO)\s*'?0.*$", re.I | re.M)
_UNLIMITED = "a statement outside of a transaction waits for locks without a timeout"


@dataclass(frozen=True)
class Refusal:
    """Why a revision may not be applied while servers run; rule: its name in squawk."""

    revision: str
    rule: str
    statement: str
    reason: str

    def __str__(self) -> str:
        return f"{self.revision}: {self.rule}: {self.statement}\n  {self.reason}"


def configuration(*more: Path, output: io.StringIO | None = None) -> Config:
    """Return the Alembic configuration, with additional directories of revisions."""
    ini = PYTHON / "alembic.ini"
    config = Config(str(ini)) if output is None else Config(str(ini), output_buffer=output)
    places = [PYTHON / "migrations/versions", *more]
    config.set_main_option("version_locations", os.pathsep.join(map(str, places)))
    return config


def refusals(*more: Path, after: str | None = None) -> Iterator[Refusal]:
    """Check all revisions, or those after one, the oldest first."""
    scripts = ScriptDirectory.from_config(configuration(*more))
    for script in reversed(list(scripts.iterate_revisions("head", after or "base"))):
        sql = _rendered(script, more)
        yield from _by_squawk(script.revision, sql)
        yield from _unlimited(script.revision, sql)
        yield from _without_limit(script.revision, sql)


def _rendered(script: Script, more: tuple[Path, ...]) -> str:
    output = io.StringIO()
    before = script.down_revision or "base"
    command.upgrade(configuration(*more, output=output), f"{before}:{script.revision}", sql=True)
    return output.getvalue()


def _by_squawk(revision: str, sql: str) -> Iterator[Refusal]:
    run = subprocess.run(
        [
            *(Path(sys.executable).parent / "squawk", "--reporter=json"),
            *(f"--pg-version={_POSTGRESQL}", f"--exclude={','.join(_EXCLUDED_RULES)}"),
            f"--stdin-filepath={revision}.sql",
        ],
        input=sql,
        capture_output=True,
        text=True,
    )
    lines = sql.splitlines()
    for found in json.loads(run.stdout):
        statement = lines[found["line"] - 1]
        yield Refusal(revision, found["rule_name"], statement, found["message"])


def _unlimited(revision: str, sql: str) -> Iterator[Refusal]:
    """Find statements that wait without a timeout: each transaction sets its own."""
    for after_transaction in sql.split("\nCOMMIT;\n")[1:]:
        outside = after_transaction.partition("\nBEGIN;\n")[0]
        for statement in filter(None, map(str.strip, outside.split("\n\n"))):
            if " CONCURRENTLY " not in statement:
                yield Refusal(revision, "unlimited-wait", statement, _UNLIMITED)


def _without_limit(revision: str, sql: str) -> Iterator[Refusal]:
    """Find statements that remove the timeout set at the start of each transaction."""
    for statement in _NO_LIMIT.findall(sql):
        yield Refusal(revision, "require-lock-timeout", statement, _UNLIMITED)


def main() -> int:
    """Print the refusals; return the exit status."""
    found = list(refusals())
    for each in found:
        print(each)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
