"""The known differences between two servers, assessed manually and stored as data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tooling.power.findings import Finding

LABELLED, TRUE, FALSE, UNJUDGED = "labelled", "true", "false", "unjudged"
_LISTS = {"known": LABELLED, "also_true": TRUE, "false": FALSE}
_FIELDS = ("operation", "sentence", "values", "kind", "where", "category")


class TruthError(Exception):
    """A file of known differences is invalid; the message says why."""


@dataclass(frozen=True)
class Matcher:
    """Matches findings by regular expressions: each must be found in its field."""

    patterns: Mapping[str, re.Pattern[str]]

    def matches(self, finding: Finding) -> bool:
        """Whether all patterns are found; one of the finding's operations is enough."""
        texts: dict[str, Sequence[str]] = {
            "operation": finding.operations,
            "sentence": (finding.sentence,),
            "values": (finding.values,),
            "kind": (finding.kind,),
            "where": (finding.where,),
            "category": (finding.category,),
        }
        return all(
            any(pattern.search(text) for text in texts[name])
            for name, pattern in self.patterns.items()
        )


@dataclass(frozen=True)
class Fact:
    """A known difference, or a known false finding.

    verdict: LABELLED, TRUE or FALSE. evidence: the requests that show it, and both responses.
    """

    id: str
    what: str
    verdict: str
    evidence: str
    matchers: tuple[Matcher, ...]

    def matches(self, finding: Finding) -> bool:
        """Whether a finding is about this fact."""
        return any(matcher.matches(finding) for matcher in self.matchers)


@dataclass(frozen=True)
class Judged:
    """A finding with the facts that it is about.

    A finding that matches a false fact is false; otherwise labelled, true or unjudged.
    """

    finding: Finding
    facts: tuple[Fact, ...]

    @property
    def verdict(self) -> str:
        """FALSE, LABELLED, TRUE or UNJUDGED."""
        verdicts = {fact.verdict for fact in self.facts}
        return next((each for each in (FALSE, LABELLED, TRUE) if each in verdicts), UNJUDGED)


@dataclass(frozen=True)
class Truth:
    """All facts about one pair."""

    facts: tuple[Fact, ...] = field(default=())

    @property
    def known(self) -> list[str]:
        """The ids of the labelled differences."""
        return [fact.id for fact in self.facts if fact.verdict == LABELLED]

    def judge(self, finding: Finding) -> Judged:
        """Return the facts that a finding is about."""
        return Judged(finding, tuple(fact for fact in self.facts if fact.matches(finding)))


def load_truth(file: Path) -> Truth:
    """Read a file of known differences, after the base file that it names. Raises TruthError."""
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    base = data.get("base")
    facts = list(load_truth(file.with_name(f"{base}.yaml")).facts) if base else []
    for name, verdict in _LISTS.items():
        facts += [_fact(each, verdict, file) for each in data.get(name) or ()]
    ids = [fact.id for fact in facts]
    twice = {each for each in ids if ids.count(each) > 1}
    if twice:
        raise TruthError(f"{file.name}: {', '.join(sorted(twice))}: twice")
    return Truth(tuple(facts))


def _fact(data: Mapping[str, Any], verdict: str, file: Path) -> Fact:
    try:
        matchers = tuple(_matcher(each) for each in data["match"])
        evidence = str(data["evidence"])
        fact = Fact(data["id"], data["what"], verdict, evidence, matchers)
    except (KeyError, TypeError, re.error) as error:
        raise TruthError(f"{file.name}: {data}: {error!r}") from None
    if not matchers:
        raise TruthError(f"{file.name}: {fact.id}: no matcher")
    return fact


def _matcher(data: Mapping[str, str]) -> Matcher:
    unknown = data.keys() - set(_FIELDS)
    if unknown or not data:
        raise KeyError(f"fields {sorted(unknown)}")
    return Matcher({name: re.compile(text, re.IGNORECASE) for name, text in data.items()})
