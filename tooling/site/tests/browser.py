"""Pages as headless Chromium sees them, by tooling/site/look.mjs."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest

from testbed.paths import SITE, TOOLING
from testbed.servers import node_program

SCHEMES = ("light", "dark")
WIDTHS = (360, 768, 1400)

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_LOOK = SITE / "look.mjs"
_PACKAGED = TOOLING / "browser/node_modules"
_SECONDS = 900


@dataclass(frozen=True)
class Visit:
    """A page to visit.

    ready: an expression that becomes true once the page is rendered. unjudged: selectors that axe
    excludes. paints: number of measurements of the first paint. steps: `("click", selector)`,
    `("press", key)`, `("evaluate", expression)` or `("wait", expression)`, executed first.
    """

    url: str
    ready: str | None = None
    unjudged: Sequence[str] = ()
    paints: int = 0
    steps: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Sight:
    """The result of a visit.

    requests: URLs in order. complaints: console messages and uncaught exceptions. paints: first
    paints in milliseconds. too_wide: widths with horizontal scrolling. violations: of WCAG 2.2 AA
    by colour scheme. tab_stops: texts of the elements that the Tab key reaches.
    skips_to_main: whether the first link skips the navigation. steps: their values.
    """

    url: str
    requests: list[str]
    complaints: list[str]
    paints: list[float]
    too_wide: list[int]
    violations: dict[str, list[str]]
    tab_stops: list[str]
    skips_to_main: bool
    steps: list[Any] = field(default_factory=list)


def look(visits: Sequence[Visit]) -> list[Sight]:
    """Visit pages one after the other; skip the test if there is no browser."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None and not _PACKAGED.exists():
        pytest.skip("NOT LOOKED AT: no Chromium on the PATH; Debian: apt install chromium")
    task = {"program": program, "visits": [asdict(visit) for visit in visits]}
    seen = subprocess.run(
        [node_program(), str(_LOOK)],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    assert seen.returncode == 0, seen.stderr
    return [Sight(**sight) for sight in json.loads(seen.stdout)]
