"""The report of a ramp: as text, JSON, Markdown and HTML."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lockstep.cutover.judging import Evidence
from lockstep.cutover.plan import CutoverPlan
from lockstep.cutover.ramp import Result
from lockstep.cutover.state import now
from lockstep.report.sanitize import visible
from lockstep.schemas.saved import json_text

VERSION = 1
Data = Mapping[str, Any]
_TITLES = {"arrived": "Arrived", "back": "Rolled back", "stopped": "Stopped"}


def as_data(plan: CutoverPlan, result: Result) -> dict[str, Any]:
    """Return the report as JSON data, with the counts of the ramp only."""
    state, sums = result.state, result.sums
    verdicts = {each.name: each for each in (result.decision.verdicts if result.decision else ())}
    return {
        "version": VERSION,
        "plan": str(plan.path),
        "from": plan.old,
        "to": plan.new,
        "ending": result.ending,
        "percent": state.percent,
        "began": state.began,
        "ended": now(),
        "cause": asdict(result.cause) if result.cause else None,
        "went_back_seconds": result.went_back,
        "answers": _counts(sums),
        "routes": [
            {
                "route": each.name,
                "operation": each.operation,
                **_counts(each),
                "latency_ratio": asdict(each.ratio) if each.ratio else None,
                "outcome": verdicts[each.name].outcome if each.name in verdicts else None,
                "sentence": verdicts[each.name].sentence if each.name in verdicts else None,
                "findings": [asdict(finding) for finding in each.findings],
            }
            for each in result.routes
        ],
        "events": [asdict(event) for event in state.events],
    }


def _counts(each: Evidence) -> dict[str, int]:
    return {
        "requests": each.requests,
        "compared": each.compared,
        "diverged": each.diverged,
        "known": each.known,
        "served": each.served,
        "failed": each.failed,
        "wrong": each.wrong,
    }


def sentences(data: Data) -> Iterator[str]:
    """Yield the result in a few sentences."""
    new, answers = data["to"], data["answers"]
    if data["ending"] == "arrived":
        yield f"Arrived: {new} has all traffic."
    elif data["ending"] == "stopped":
        yield (
            f"Stopped: {new} has {data['percent']:g} % of the traffic. Run the same command again "
            "to resume; --back sets the share to 0."
        )
    else:
        cause = data["cause"]
        yield f"Rolled back: {cause['route']}: {cause['sentence']}"
        if cause["request_id"]:
            yield f"The request was {cause['request_id']}."
        yield f"All traffic was back {data['went_back_seconds']:.2f} s after it was seen."
    yield f"{new} served {answers['served']:,} responses to users, {_wrong(answers['wrong'])}."
    yield (
        f"{answers['compared']:,} were compared in the ramp, {answers['diverged']:,} diverged"
        + (f", {answers['known']:,} only in known differences." if answers["known"] else ".")
    )


def _wrong(count: int) -> str:
    """Users are not identified: each saw at least one of the responses."""
    if not count:
        return "none of them wrong"
    return f"{count:,} of them wrong: at most {count:,} {'user' if count == 1 else 'users'} got one"


def markdown_text(data: Data) -> str:
    """Return the report as Markdown, for CI pages or chats."""
    lines = [f"## {_title(data)}", "", *(f"{_safe(line)}  " for line in sentences(data)), ""]
    if data["routes"]:
        lines += [
            f"| route | compared | diverged | served by {data['to']} | wrong | latency ratio | |",
            "|---|--:|--:|--:|--:|--:|---|",
            *map(_row, data["routes"]),
            "",
        ]
    lines += [f"- {event['at']} {_safe(event['what'])}" for event in data["events"]]
    return "\n".join(lines) + "\n"


def _row(route: Data) -> str:
    counts = (route[name] for name in ("compared", "diverged", "served", "wrong"))
    cells = [_safe(route["route"]), *(f"{count:,}" for count in counts)]
    return "| " + " | ".join([*cells, ratio(route), _safe(route["sentence"] or "")]) + " |"


def _safe(text: str) -> str:
    """Escape a text as one line of Markdown."""
    line = " ".join(visible(text).split())
    return escape(line, quote=False).replace("|", "\\|").replace("`", "\\`")


def html_text(data: Data) -> str:
    """Return the report as a self-contained page."""
    environment = Environment(
        loader=PackageLoader("lockstep.cutover"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: visible(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (Path(__file__).with_name("templates") / "cutover.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return environment.get_template("cutover.html.j2").render(
        data=data,
        title=_title(data),
        sentences=list(sentences(data)),
        ratio=ratio,
        style=Markup(style),
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'",
    )


def ratio(route: Data) -> str:
    """Return the latency ratio as text."""
    ratio = route["latency_ratio"]
    return f"{ratio['ratio']:.2f}" if ratio else ""


def _title(data: Data) -> str:
    return f"{_TITLES[data['ending']]}: {data['from']} to {data['to']}"


FORMS: Mapping[str, Callable[[Data], str]] = {
    "json": json_text,
    "markdown": markdown_text,
    "html": html_text,
}
