"""Keeps the last comparison in the repository: its figures, its picture, and README's part."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed.paths import BENCHMARK, ROOT
from tooling.benchmark.picture import WIDTH, described, picture
from tooling.benchmark.summary import Summary, answer

# A quick run is not precise enough, and a deep one takes half a day.
_PROFILE = "default"
_PART = re.compile(r"(?<=<!-- comparison -->\n).*?(?=<!-- /comparison -->)", re.DOTALL)
PICTURE = "compare.svg"
NOTHING = "`make compare` measures what each of them costs, and shows it here."


class KeepingError(Exception):
    """README has no place for the comparison."""


@dataclass(frozen=True)
class Keeping:
    """The directory of the last comparison, and the README that shows it."""

    folder: Path = BENCHMARK / "kept"
    readme: Path = ROOT / "README.md"

    def keeps(self, data: Mapping[str, Any], *, asked: bool) -> bool:
        """Whether a comparison replaces the kept one."""
        return asked or data["profile"] == _PROFILE

    def write(self, data: Mapping[str, Any]) -> None:
        """Keep a compare.json. Raises KeepingError, and ValueError if a twin is missing."""
        summary = Summary.of(data)
        text = self.readme.read_text(encoding="utf-8")
        if not _PART.search(text):
            raise KeepingError(f"{self.readme} has no <!-- comparison --> and its end.")
        self.folder.mkdir(exist_ok=True)
        content = json.dumps(summary.as_json(), indent=1)
        (self.folder / "compare.json").write_text(f"{content}\n", encoding="utf-8")
        (self.folder / PICTURE).write_text(picture(summary), encoding="utf-8")
        self.readme.write_text(_PART.sub(lambda _: self.part(summary), text), encoding="utf-8")

    def read(self) -> Summary | None:
        """Return what is kept; None if the default profile was not run yet."""
        path = self.folder / "compare.json"
        if not path.exists():
            return None
        return Summary.from_json(json.loads(path.read_text(encoding="utf-8")))

    def part(self, summary: Summary | None) -> str:
        """Return README's part: the summary, the picture, and the run that they are from."""
        if summary is None:
            return f"{NOTHING}\n"
        place = (self.folder / PICTURE).relative_to(self.readme.parent)
        lines = [
            f"What Python costs and what Node costs for {behaviour(summary)}:",
            "",
            *(f"- {sentence}" for sentence in answer(summary)),
            "",
            f'<img src="{place}" width="{WIDTH}" alt="{described(summary)}">',
            "",
            f"{provenance(summary)}.",
        ]
        return "".join(f"{line}\n" for line in lines)


def behaviour(summary: Summary) -> str:
    """Describe the behaviour that was shown to be the same before measuring."""
    requests = summary.behaviour["requests"]
    return f"the same behaviour, verified with {requests:,} requests immediately before"


def provenance(summary: Summary) -> str:
    """Describe when and where it was measured."""
    machine, versions = summary.machine, summary.versions
    parts = [
        f"`make compare`, {summary.made_at[:10]}",
        f"{machine['processor']} with {machine['cores']} cores",
        f"Python {versions['Python']}, Node {versions['Node']}",
        f"medians of {summary.rounds} rounds",
    ]
    return "; ".join(parts)
