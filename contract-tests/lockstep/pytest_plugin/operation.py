"""The result of a run for one operation, as a test uses it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TypeVar

import pytest
from rich.console import Console

from lockstep.report.phrases import decides, headline, missing_of, operations_of, plain, verdict
from lockstep.report.steps import Data
from lockstep.report.terminal import print_finding
from lockstep.report.traps import explained
from lockstep.verdict import ALIKE, COULD_NOT_RUN

Value = TypeVar("Value")

# The name of the test for findings outside of operations.
WHOLE = ""


class LockstepOperation:
    """The responses of the servers to one operation of the document, or outside of operations.

    `name` is its operationId, or `METHOD /path`; `report` is the whole run in the format of
    `lockstep report --schema`. A test that uses neither `findings` nor `check()` is checked when it
    ends.

    A difference fails the test of each operation that shows it: each can be selected or repeated
    alone, and where it passes this operation has no difference. Only one of them prints its steps.
    """

    def __init__(self, name: str, report: Data, chosen: frozenset[str] = frozenset()) -> None:
        """Create it from a report; `chosen` are the operations with tests in this session."""
        self.name = name
        self.report = report
        self.is_looked_at = False
        # The differences without their steps, for lists of failed tests.
        self.summary = ""
        self._chosen = chosen

    @property
    def findings(self) -> list[Data]:
        """The findings for this operation that `fail_on` covers, as in the report."""
        self.is_looked_at = True
        return self._findings()

    def check(self) -> None:
        """Fail if there are differences in this operation; skip if it was not tested."""
        __tracebackhide__ = True
        self.is_looked_at = True
        found = self._findings()
        others = missing_of(self.report, self.name) if self.name else self._problems()
        texts = [self._formatted(one) for one in found] + others
        if texts:
            self.summary = " ".join([plain(one["sentence"]) for one in found] + others)
            pytest.fail("\n\n".join(texts), pytrace=False)
        if self._untested:
            pytest.skip(self._untested)

    @property
    def problem(self) -> str:
        """The reason why there is no result: the run did not finish, or nothing was tested."""
        if self.report["exit_code"] != COULD_NOT_RUN or self._findings():
            return ""
        return "\n".join([f"lockstep: {verdict(self.report)}", *self.report["problems"]])

    def remarks(self) -> Iterator[tuple[str, str]]:
        """Yield titles and texts of findings that do not fail the test."""
        others = [one for one in self.report["findings"] if not decides(self.report, one)]
        for title, found in (
            ("lockstep: not covered by fail_on", others),
            ("lockstep: seen once", self.report["seen_once"]),
        ):
            texts = [plain(one["sentence"]) for one in found if self._is_here(one)]
            if texts:
                yield title, "\n".join(texts)

    def _findings(self) -> list[Data]:
        found = self.report["findings"]
        return [one for one in found if decides(self.report, one) and self._is_here(one)]

    def _is_here(self, finding: Data) -> bool:
        """Whether a finding concerns this operation, or none of the documented ones."""
        named = [one for one in operations_of(finding) if self._is_documented(one)]
        return self.name in named if self.name else not named

    def _is_documented(self, name: str) -> bool:
        return bool(self.report["operations"].get(name, {}).get("documented"))

    def _formatted(self, finding: Data) -> str:
        """Format a finding like the terminal does, or as a sentence if another test does so."""
        shown = finding["operation"]
        if shown != self.name and shown in self._chosen:
            record = self.report["operations"][shown]
            called = f"{record['method']} {record['path']}"
            return f"{plain(finding['sentence'])} The test of {called} has the steps."
        text = io.StringIO()
        console = Console(file=text, color_system=None, force_terminal=False, width=200)
        print_finding(finding, console, explained(self.report, finding))
        return text.getvalue().rstrip()

    def _problems(self) -> list[str]:
        """Return problems of the run that are not findings of an operation."""
        if self.report["problems"] or self.report["exit_code"] == ALIKE:
            return list(self.report["problems"])
        has_finding = any(
            self._is_documented(name)
            for one in self.report["findings"]
            if decides(self.report, one)
            for name in operations_of(one)
        )
        is_reported = has_finding or self.report["missing"] or self._findings()
        return [] if is_reported else [f"{verdict(self.report)}: {headline(self.report)}"]

    @property
    def _untested(self) -> str:
        """The reason why nothing useful was compared for this operation, otherwise empty."""
        if not self.name:
            return ""
        record = self.report["operations"][self.name]
        if not record["exchanges"]:
            return "no requests were sent"
        if not record["succeeded"]:
            return "it never succeeded on all servers: only its errors were compared"
        return ""
