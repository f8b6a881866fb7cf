"""Where a run of the contract tests leaves what it found."""

from collections.abc import Collection

from testbed.servers import KINDS

PARTS = ("stories", "traps", "races", "forged", "cost", "startup", "generated")
# Those whose requests are not counted for operations.
BESIDE_OPERATIONS = frozenset({"forged", "cost", "startup"})
# What stands for the parts where single things were selected.
SELECTED = "selected"


def report_name(servers: Collection[str], parts: Collection[str]) -> str:
    """What the report and the logs begin with: `contract` when all parts are run on the twins.

    A run of a part, or of other servers, does not overwrite what the twins were last found to be.
    """
    whom = ["contract"] if set(servers) <= set(KINDS) else list(servers)
    what = [] if set(parts) == set(PARTS) else list(parts)
    return "-".join(whom + what)
