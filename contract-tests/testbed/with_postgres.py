"""Runs a command with a fresh, migrated database; drops it afterwards.

python -m testbed.with_postgres -- command [argument ...]

TEST_DATABASE_URL and DATABASE_URL name it; TEST_TEMPLATE_URL names another, which tests copy.
"""

import os
import subprocess
import sys

from testbed.databases import open_databases
from testbed.migrations import migrate
from testbed.processes import ended_by_signals


def main() -> int:
    """Return the exit status of the command."""
    command = sys.argv[2:] if sys.argv[1:2] == ["--"] else sys.argv[1:]
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    with ended_by_signals(), open_databases() as (databases, _):
        template = databases.create("unit_tests_template")
        migrate(template)
        url = databases.create("unit_tests", template="unit_tests_template")
        # The first one is for tests, the second for processes that they start.
        names = {"TEST_DATABASE_URL": url, "DATABASE_URL": url, "TEST_TEMPLATE_URL": template}
        return subprocess.call(command, env=os.environ | names)


if __name__ == "__main__":
    sys.exit(main())
