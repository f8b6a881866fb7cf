"""Where a run of the contract tests leaves what it found."""

from collections.abc import Collection

from rich.console import Console

from lockstep.report.data import as_data
from lockstep.report.forms import write
from lockstep.report.terminal import print_report
from lockstep.run import Verdict
from testbed.paths import BUILD
from testbed.servers import KINDS

_FORMS = {".html": "html", ".json": "json", ".xml": "junit", ".md": "markdown"}

PARTS = ("stories", "traps", "production", "races", "forged", "cost", "startup", "generated")
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


def publish(verdict: Verdict, name: str, console: Console) -> None:
    """Print a verdict, write its reports in all forms, and say where these and the logs are."""
    data = as_data(verdict)
    print_report(data, console)
    report = BUILD / f"{name}-report.html"
    for suffix, form in _FORMS.items():
        write(data, form, report.with_suffix(suffix))
    listed = ", ".join(_FORMS)
    console.print(f"Report: {report} ({listed})\nLogs:   {BUILD / 'logs' / name}", soft_wrap=True)
