"""The report files of the contract tests."""

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
# Parts whose requests do not count for operations.
BESIDE_OPERATIONS = frozenset({"forged", "cost", "startup"})
# The name used instead of the parts when items are selected.
SELECTED = "selected"


def report_name(servers: Collection[str], parts: Collection[str]) -> str:
    """Return the prefix of report and log files: `contract` if all parts run on the twins.

    A run of some parts, or of other servers, does not overwrite the twins' last full result.
    """
    names = ["contract"] if set(servers) <= set(KINDS) else list(servers)
    what = [] if set(parts) == set(PARTS) else list(parts)
    return "-".join(names + what)


def publish(verdict: Verdict, name: str, console: Console) -> None:
    """Print a verdict, write its reports in all formats, and print where they and the logs are."""
    data = as_data(verdict)
    print_report(data, console)
    report = BUILD / f"{name}-report.html"
    for suffix, form in _FORMS.items():
        write(data, form, report.with_suffix(suffix))
    listed = ", ".join(_FORMS)
    console.print(f"Report: {report} ({listed})\nLogs:   {BUILD / 'logs' / name}", soft_wrap=True)
