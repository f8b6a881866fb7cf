"""What a run says of one operation, as a test has it."""

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

# The test of what belongs to no operation has this one's place.
WHOLE = ""


class LockstepOperation:
    """What the servers answered to one operation of the document, or what belongs to none of them.

    `name` is its operationId, or `METHOD /path`; `report` the whole run in the form of
    `lockstep report --schema`. A test that looks at neither `findings` nor `check()` is checked
    when it ends.

    A difference fails the test of each operation that shows it: each can be chosen or repeated by
    itself, and where it passes this operation is to be alike. Its steps are shown by one of them.
    """

    def __init__(self, name: str, report: Data, chosen: frozenset[str] = frozenset()) -> None:
        """Take a report; `chosen` are the operations that have tests in this session."""
        self.name = name
        self.report = report
        self.is_looked_at = False
        # What differs without its steps, for lists of failed tests.
        self.summary = ""
        self._chosen = chosen

    @property
    def findings(self) -> list[Data]:
        """What differs here, as in the report, and `fail_on` asks about."""
        self.is_looked_at = True
        return self._findings()

    def check(self) -> None:
        """Fail with what differs here; skip where nothing was tested."""
        __tracebackhide__ = True
        self.is_looked_at = True
        found = self._findings()
        others = missing_of(self.report, self.name) if self.name else self._problems()
        texts = [self._told(one) for one in found] + others
        if texts:
            self.summary = " ".join([plain(one["sentence"]) for one in found] + others)
            pytest.fail("\n\n".join(texts), pytrace=False)
        if self._untested:
            pytest.skip(self._untested)

    @property
    def problem(self) -> str:
        """Why this says nothing: the run was not done to its end, or nothing was tested at all."""
        if self.report["exit_code"] != COULD_NOT_RUN or self._findings():
            return ""
        return "\n".join([f"lockstep: {verdict(self.report)}", *self.report["problems"]])

    def remarks(self) -> Iterator[tuple[str, str]]:
        """Titles and texts of what was seen here and decides nothing."""
        others = [one for one in self.report["findings"] if not decides(self.report, one)]
        for title, found in (
            ("lockstep: not asked about", others),
            ("lockstep: seen once", self.report["seen_once"]),
        ):
            texts = [plain(one["sentence"]) for one in found if self._is_here(one)]
            if texts:
                yield title, "\n".join(texts)

    def _findings(self) -> list[Data]:
        found = self.report["findings"]
        return [one for one in found if decides(self.report, one) and self._is_here(one)]

    def _is_here(self, finding: Data) -> bool:
        """Whether a finding is about this operation, or about none of those that are documented."""
        named = [one for one in operations_of(finding) if self._is_documented(one)]
        return self.name in named if self.name else not named

    def _is_documented(self, name: str) -> bool:
        return bool(self.report["operations"].get(name, {}).get("documented"))

    def _told(self, finding: Data) -> str:
        """A finding as the terminal shows it, or in a sentence where another test does so."""
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
        """What keeps the run from being in order, and is no finding of an operation."""
        if self.report["problems"] or self.report["exit_code"] == ALIKE:
            return list(self.report["problems"])
        told = any(
            self._is_documented(name)
            for one in self.report["findings"]
            if decides(self.report, one)
            for name in operations_of(one)
        )
        is_told = told or self.report["missing"] or self._findings()
        return [] if is_told else [f"{verdict(self.report)}: {headline(self.report)}"]

    @property
    def _untested(self) -> str:
        """Why nothing was compared here that a user wants, empty if it was."""
        if not self.name:
            return ""
        record = self.report["operations"][self.name]
        if not record["exchanges"]:
            return "nothing was sent"
        if not record["succeeded"]:
            return "it never succeeded on every server: only its refusals were compared"
        return ""
