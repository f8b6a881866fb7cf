"""The HTML report of lockstep in a browser: keyboard, narrow screen, light and dark scheme."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lockstep.matching import Difference
from lockstep.report.data import as_data
from lockstep.report.html import html_text
from lockstep.results.exchange import Exchange
from lockstep.results.trace import Trace
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.messages import Request, Response
from lockstep.transport.targets import Target
from lockstep.verdict import Verdict
from testbed.paths import CONTRACT
from tooling.site.tests import browser

SHOWN = "[...document.querySelectorAll('article')].filter(a => !a.hidden).map(a => a.id)"
FOCUS = "document.querySelector('select[name=level]').focus()"
SAID = "document.getElementById('said').textContent"
STEPS = (
    ("evaluate", SHOWN),
    ("evaluate", FOCUS),
    ("press", "ArrowDown"),
    ("evaluate", SHOWN),
    ("evaluate", SAID),
    ("evaluate", "location.hash = 'finding-2'"),
    ("wait", f"{SHOWN}.length === 2"),
)


def verdict() -> Verdict:
    """A verdict with two findings on two operations, of different severity and class."""
    run = Run(Settings(document=CONTRACT, require_coverage=False))
    with run.stage("by hand", [Target("old", "http://old.test"), Target("new", "http://new.test")]):
        for name, kind, where, left, right in (
            ("getTask", "status", "status", "200", "500"),
            ("listTasks", "value", "body /data", '"a"', '"b"'),
        ):
            operation = run.document.operations[name]
            request = Request("GET", operation.path, (("Authorization", "Bearer " + "x" * 300),))
            body = json.dumps({"data": "a" * 400, "next_cursor": None}).encode()
            json_type = (("Content-Type", "application/json"),)
            exchange = Exchange(
                number=1,
                request=request,
                label=name,
                requests={"old": request, "new": request},
                outcomes={
                    "old": Response(200, json_type, body),
                    "new": Response(int(right) if right.isdigit() else 200, json_type, body + b" "),
                },
                addresses={"old": "http://old.test", "new": "http://new.test"},
            )
            difference = Difference(kind, where, left, right)
            for observation in run.ledger.signatures.read(exchange, [difference]):
                run.ledger.add_observation(exchange, ("old", "new"), observation, Trace())
            run.ledger.count(exchange)
    return replace(run.finish(), problems=["<b>one</b>"])


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a report."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(html_text(as_data(verdict())), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def page(report: Path) -> browser.Sight:
    """The page as seen by a browser, filtered by keyboard."""
    (sight,) = browser.look([browser.Visit(report.as_uri(), steps=STEPS)])
    return sight


def test_page_requests_nothing_else(page: browser.Sight, report: Path) -> None:
    assert {url for url in page.requests if not url.startswith("data:")} == {report.as_uri()}
    assert page.complaints == []


def test_findings_are_filtered_by_keyboard(page: browser.Sight) -> None:
    before, _, _, filtered, said, _, linked = page.steps
    assert before == ["finding-1", "finding-2"]
    assert filtered == ["finding-1"]
    assert said == "1 of 2 findings shown"
    assert linked is True


def test_first_link_skips_to_the_findings(page: browser.Sight) -> None:
    assert page.skips_to_main


def test_page_needs_no_horizontal_scrolling(page: browser.Sight) -> None:
    assert page.too_wide == []


@pytest.mark.parametrize("scheme", browser.SCHEMES)
def test_page_has_no_accessibility_violations(page: browser.Sight, scheme: str) -> None:
    assert page.violations[scheme] == []
