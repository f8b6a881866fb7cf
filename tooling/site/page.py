"""Shared parts of all pages: the frame, the navigation, the template filters."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from tooling.site import prose


@dataclass(frozen=True)
class Entry:
    """A page in the navigation: its file, its short name, and its purpose."""

    file: str
    name: str
    about: str


NAVIGATION = (
    Entry("index.html", "Start", "What this is, how to run it, and the newest verdicts."),
    Entry("reference.html", "Reference", "Every operation: parameters, bodies, errors, samples."),
    Entry("try.html", "Try it", "Send requests to either twin from the browser."),
    Entry("errors.html", "Errors", "Every code, its meaning, and the check that returns it."),
    Entry("traps.html", "Traps", "Where Python and Node differ by default, and the decision."),
    Entry("operate.html", "Operate", "Settings, probes, signals, backups, and troubleshooting."),
    Entry("migrate.html", "Migrate", "From test databases to live traffic, with lockstep."),
    Entry("parity.html", "Parity", "The newest run of the contract tests, finding by finding."),
    Entry("compare.html", "Comparison", "The costs of each runtime for the same behaviour."),
    Entry("mirror.html", "Mirror", "Both programs, file by file and function by function."),
)


def render(template: str, file: str, **values: Any) -> str:
    """Return the text of a page: a template within the frame.

    file: the name of the page, which marks it in the navigation.
    """
    return (
        environment()
        .get_template(template)
        .render(file=file, navigation=NAVIGATION, **values)
        .lstrip()
    )


@cache
def environment() -> Environment:
    """Return the templates; all output is escaped, and an undefined name is an error."""
    made = Environment(
        loader=PackageLoader("tooling.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "markdown": prose.markdown,
        "inline": prose.inline,
        "code": prose.code,
        "plain": prose.plain,
        "pretty": pretty,
        "thousands": lambda number: f"{number:,}",
    }
    return made


def pretty(value: Any) -> str:
    """Return formatted JSON."""
    return json.dumps(value, ensure_ascii=False, indent=2)
