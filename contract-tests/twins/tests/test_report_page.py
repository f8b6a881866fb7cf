"""The report of lockstep in a browser: by keyboard, on a narrow screen, light and dark."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lockstep.compare import Difference
from lockstep.exchange.trace import Exchange, Trace
from lockstep.report.html import write_html
from lockstep.results.verdict import Verdict
from lockstep.run import Run
from lockstep.settings import Settings
from lockstep.transport.messages import Request, Response
from lockstep.transport.targets import Target
from twins.paths import CONTRACT
from twins.tests import browser

SHOWN = "[...document.querySelectorAll('article')].filter(a => !a.hidden).map(a => a.id)"
# Contrast of text and what is behind it, by WCAG 2.2; elements that show no text do not count.
CONTRASTS = """(() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (rgb(colour)[3] !== 0) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const poor = [];
  for (const element of document.body.querySelectorAll('*')) {
    const text = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!text || !element.getClientRects().length) continue;
    const [a, b] = [getComputedStyle(element).color, behind(element)].map((c) => light(rgb(c)));
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) poor.push(`${element.className || element.tagName}: ${contrast}`);
  }
  return [...new Set(poor)];
})()"""


def verdict() -> Verdict:
    """Two findings on two operations, of another severity and another class."""
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
            run.ledger.add_differences(exchange, ("old", "new"), [difference], Trace())
            run.ledger.count(exchange)
    return replace(run.finish(), problems=["<b>one</b>"])


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a report."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_html(verdict(), path)
    return path


@pytest.fixture(scope="module")
def page(report: Path) -> Iterator[browser.Page]:
    """The page in a browser, drawn."""
    program = browser.find()
    if program is None:
        pytest.skip("No Chromium or Chrome on the PATH; Debian: apt install chromium")
    with browser.open_page(program) as tab:
        tab.open(report.as_uri())
        assert tab.evaluate(
            "new Promise(done => { const look = () => document.readyState === 'complete' && "
            "document.querySelector('footer') ? done(true) : setTimeout(look, 20); look(); })"
        )
        yield tab


def test_the_page_asks_nobody_for_anything(page: browser.Page, report: Path) -> None:
    assert {url for url in page.requests if not url.startswith("data:")} == {report.as_uri()}
    assert page.complaints == []


def test_findings_are_filtered_by_keyboard(page: browser.Page) -> None:
    assert page.evaluate(SHOWN) == ["finding-1", "finding-2"]
    page.evaluate("document.querySelector('select[name=level]').focus()")
    press(page, "ArrowDown")
    assert page.evaluate(SHOWN) == ["finding-1"]
    assert page.evaluate("document.getElementById('said').textContent") == "1 of 2 findings shown"
    page.evaluate("location.hash = 'finding-2'")
    assert page.evaluate(
        f"new Promise(done => {{ const look = () => {SHOWN}.length === 2 ? done(true) "
        ": setTimeout(look, 20); look(); })"
    )


def test_every_control_can_be_reached_and_has_a_name(page: browser.Page) -> None:
    assert (
        page.evaluate(
            "[...document.querySelectorAll('select, button, a, summary, [tabindex]')]"
            ".filter(e => !(e.textContent.trim() || e.labels?.length || e.ariaLabel"
            " || e.getAttribute('aria-labelledby'))).length"
        )
        == 0
    )


@pytest.mark.parametrize("width", [360, 768, 1400])
def test_the_page_needs_no_scrolling_sideways(page: browser.Page, width: int) -> None:
    page.call(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=800,
        deviceScaleFactor=1,
        mobile=False,
    )
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_told_from_what_is_behind_it(page: browser.Page, scheme: str) -> None:
    features: list[dict[str, Any]] = [{"name": "prefers-color-scheme", "value": scheme}]
    page.call("Emulation.setEmulatedMedia", features=features)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert page.evaluate(CONTRASTS) == []


def press(page: browser.Page, key: str) -> None:
    """Press and release a key."""
    for kind in ("keyDown", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=40)
