"""A summary in Markdown for the page of a CI run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from textwrap import dedent

from lockstep.report import lines, operations
from lockstep.report.phrases import (
    breaks,
    conformance,
    curl_lines,
    excused_lines,
    headline,
    in_full,
    missing_lines,
    neighbour,
    only_remarked,
    places,
    totals,
    verdict,
)
from lockstep.report.sanitize import visible
from lockstep.report.steps import Data

# Such pages are limited in size; the other reports are complete.
SHOWN_FINDINGS = 20
SHOWN_LINES = 20
SHOWN_OPERATIONS = 25
MAX_COMMAND = 2000
_SPECIAL = re.compile(r"([\\*_\[\]<>|#~!&])")
_CODE = re.compile(r"`([^`]*)`")


def markdown_text(data: Data) -> str:
    """Render the verdict, a table of failing operations, and the worst findings, collapsed."""
    return "\n".join(_lines(data)) + "\n"


def _lines(data: Data) -> Iterator[str]:
    mark = {0: "✅", 1: "❌"}.get(data["exit_code"], "⚠️")
    yield f"## {mark} {prose(data['title'])}: {prose(verdict(data))}"
    yield ""
    yield f"{prose(headline(data))}. Conformance {prose(conformance(data))}."
    findings = in_full(data)
    for finding in findings[:SHOWN_FINDINGS]:
        yield from _finding(finding)
    hidden = len(findings) - SHOWN_FINDINGS
    if hidden > 0:
        yield f"\n{hidden} more findings in the other reports."
    yield from _table(data)
    yield ""
    yield f"{prose(totals(data))}."
    remarked = [f"{one['number']}. {one['sentence']}" for one in only_remarked(data)]
    yield from _list("Violated rules that --fail-on does not cover", remarked)
    yield from _list("Problems", data["problems"])
    yield from _list("Documented statuses that were not seen", list(missing_lines(data)))
    for title, listed in (
        ("Traps", lines.traps),
        ("Races", lines.races),
        ("Since the earlier replay", lines.replays),
        ("Known differences", lines.known),
        ("Noise", lines.noise),
        ("Rules", lines.rules),
    ):
        yield from _list(title, list(listed(data)))
    yield from _list("About the targets", data["notes"])
    yield from _list("Not judged", data["not_judged"])
    yield from _list("Not tested", data["not_tested"])
    yield from _list("Not counted, since the states had diverged", excused_lines(data))
    once = [f"{one['number']}. {one['sentence']}" for one in data["seen_once"]]
    yield from _list("Seen once, so not counted", once)


def _table(data: Data) -> Iterator[str]:
    shown = operations.rows(data, SHOWN_OPERATIONS, only_wrong=True)
    if not shown:
        return
    yield ""
    yield "| Operation | Sent | Violates the document | Differs |"
    yield "|---|---:|---|---:|"
    for name, operation in shown:
        broken = operation["nonconforming"].items()
        wrong = ", ".join(f"{prose(who)} {count:,}" for who, count in broken) or "none"
        sent, differing = operation["exchanges"], operation["differing"]
        yield f"| {prose(name)} | {sent:,} | {wrong} | {differing:,} |"


def _finding(finding: Data) -> Iterator[str]:
    level = finding["level"]
    yield ""
    yield (
        f"<details><summary><b>{finding['number']}. {level}</b>, {_html(finding['class'])}, "
        f"{_html(finding['operation'])}: {_html(finding['sentence'])}</summary>"
    )
    if finding["silence"]:
        yield f"\n**The document is silent.** {prose(finding['silence'])}"
    if places(finding):
        yield f"\nPlaces: {prose(places(finding))}."
    if neighbour(finding):
        yield f"\nDoes not differ: {prose(neighbour(finding))}."
    for sentence in breaks(finding):
        yield f"\n**Violates the document.** {prose(sentence)}"
    for name in finding["targets"]:
        commands = [visible(line) for line in curl_lines(finding, name, MAX_COMMAND)]
        if commands:
            yield from (f"\nOn {prose(name)}:\n", *_fenced(commands))
    yield "</details>"


def _fenced(commands: list[str], language: str = "sh") -> list[str]:
    runs = re.findall(r"`+", "\n".join(commands))
    fence = "`" * max(3, 1 + max(map(len, runs), default=0))
    return [f"{fence}{language}", *commands, fence, ""]


def _list(title: str, texts: list[str]) -> Iterator[str]:
    if not texts:
        return
    yield f"\n<details><summary>{title} ({len(texts)})</summary>\n"
    for text in texts[:SHOWN_LINES]:
        # Lines after a sentence are configuration to copy.
        sentence, _, lines = text.partition("\n")
        yield f"- {prose(sentence)}"
        yield from (
            f"  {line}" for line in (_fenced(dedent(lines).splitlines(), "toml") if lines else ())
        )
    if len(texts) > SHOWN_LINES:
        yield f"- and {len(texts) - SHOWN_LINES} more"
    yield "\n</details>"


def prose(text: str) -> str:
    """Return a sentence on one line: text in backticks becomes code, everything else is escaped."""
    line = _SPECIAL.sub(r"\\\1", " ".join(visible(text).split()))
    return _CODE.sub(r"<code>\1</code>", line).replace("`", "\\`")


def _html(text: str) -> str:
    line = escape(" ".join(visible(text).split()), quote=False)
    return _CODE.sub(r"<code>\1</code>", line)
