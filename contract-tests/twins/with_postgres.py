"""Runs a command with TEST_DATABASE_URL naming a fresh, migrated database; drops it afterwards.

python -m twins.with_postgres -- command [argument ...]
"""

import os
import subprocess
import sys

from twins.databases import open_databases
from twins.migrations import migrate
from twins.processes import ended_by_signals


def main() -> int:
    """Return the exit status of the command."""
    command = sys.argv[2:] if sys.argv[1:2] == ["--"] else sys.argv[1:]
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    with ended_by_signals(), open_databases() as (databases, _):
        url = databases.create("unit_tests")
        migrate(url)
        return subprocess.call(command, env=os.environ | {"TEST_DATABASE_URL": url})


if __name__ == "__main__":
    sys.exit(main())
