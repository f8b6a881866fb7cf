"""The report as one HTML page without external resources."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from lockstep.report import lines, operations, views
from lockstep.report.phrases import (
    breaks,
    classes,
    conformance,
    excused_lines,
    headline,
    in_full,
    missing_lines,
    neighbour,
    only_remarked,
    operations_of,
    place_lines,
    places,
    seen,
    totals,
    verdict,
)
from lockstep.report.sanitize import visible
from lockstep.report.steps import Data
from lockstep.report.traps import marked

_TEMPLATES = Path(__file__).with_name("templates")
_CODE = re.compile(r"`([^`]*)`")


def html_text(data: Data) -> str:
    """Render a report as a page, the first finding first.

    Everything that servers sent is escaped. The page's Content-Security-Policy allows only its own
    style and script, so that injected content could not run.
    """
    style, script = (
        (_TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", "report.js")
    )
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=data,
            verdict=verdict(data),
            counts=headline(data),
            conformance=conformance(data),
            totals=totals(data),
            classes=classes(data),
            findings=in_full(data),
            remarked=only_remarked(data),
            rows=operations.rows(data, len(data["operations"])),
            missing=list(missing_lines(data)),
            excused=excused_lines(data),
            replays=list(lines.replays(data)),
            style=Markup(style),
            script=Markup(script),
            policy=f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
            "img-src data:; base-uri 'none'; form-action 'none'",
            views=views,
        )
    )


def page(package: str, template: str, **values: Any) -> str:
    """A page of a template of another package, in the style of a report and without a script.

    The template gets `style` and `policy` beside the values.
    """
    style = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    found = _environment(package).get_template(template)
    return found.render(style=Markup(style), policy=policy, **values)


@cache
def _environment(package: str = "lockstep.report") -> Environment:
    environment = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["prose"] = _prose
    environment.filters["operations"] = operations_of
    environment.filters["breaks"] = breaks
    environment.filters["marked"] = marked
    environment.filters["places"] = places
    environment.filters["place_lines"] = place_lines
    environment.filters["neighbour"] = neighbour
    environment.filters["seen"] = seen
    environment.filters["anchor"] = _anchor
    return environment


def _harmless(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _prose(text: str) -> Markup:
    """Render a sentence; the lines that follow it are shown as code, to be copied."""
    sentence, *lines = map(str.strip, text.split("\n"))
    pasted = (Markup("<br><code>{}</code>").format(visible(line)) for line in lines)
    return _sentence(sentence) + Markup("").join(pasted)


def _sentence(text: str) -> Markup:
    """Render a sentence with the text in backticks as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(visible(text)))))


def _anchor(text: str) -> str:
    """Return a name as the end of an `id`: no whitespace, and unique for each name."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")
    return plain if plain == text else f"{plain}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
