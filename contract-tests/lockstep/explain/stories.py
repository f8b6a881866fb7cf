"""Merges failed expectations of stories with the differences that they are about."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lockstep.results.findings import PARITY, STORY, Finding

_STATUS = re.compile(r"(?:status|got) (\d{3})\b")
_STEP = re.compile(r"(.*), step (\d+)", re.DOTALL)


def merge_story_failures(findings: Iterable[Finding]) -> list[Finding]:
    """Attach failed expectations to the difference between targets that they are about.

    A target that fails a story at one step, and at later ones in other variants, is reported once,
    for the first step.
    """
    every = list(findings)
    differing = [one for one in every if one.category == PARITY]
    kept: list[Finding] = []
    first: dict[tuple[str, tuple[str, ...]], Finding] = {}
    for finding in sorted(every, key=_step):
        if finding.category != STORY:
            kept.append(finding)
            continue
        story = _STEP.fullmatch(finding.where)
        key = story[1] if story else finding.where, finding.targets
        cause = next((one for one in differing if _is_about(finding, one)), first.get(key))
        first.setdefault(key, cause or finding)
        if cause is None:
            kept.append(finding)
        else:
            cause.breaks.append(finding)
    return kept


def _step(finding: Finding) -> int:
    story = _STEP.fullmatch(finding.where)
    return int(story[2]) if story and finding.category == STORY else 0


def _is_about(story: Finding, parity: Finding) -> bool:
    """Whether the failed expectation is about the difference between two targets."""
    operations = {parity.operation, *(place.operation for place in parity.places)}
    if story.operation not in operations or not set(story.targets) <= set(parity.targets):
        return False
    text = " ".join(story.values.values())
    if parity.kind == "status":
        return set(parity.values.values()) <= set(_STATUS.findall(text))
    pointer = parity.where.partition(" ")[2]
    return bool(pointer) and pointer in text
