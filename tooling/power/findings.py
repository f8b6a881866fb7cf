"""The findings of a report, in the form in which they are scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_ALIKE = "all wrong alike"


@dataclass(frozen=True)
class Finding:
    """One statement of a tool about two servers.

    operations: all that it names, the main one first. values: the value of each target, the old one
    first, separated by " / ". shown: whether it was reproduced from an empty state; None if that
    was not tried.
    """

    number: int
    operations: tuple[str, ...]
    sentence: str
    kind: str = ""
    where: str = ""
    values: str = ""
    category: str = "parity"
    alike: bool = False
    shown: bool | None = None

    @property
    def decides(self) -> bool:
        """Whether it is a difference between the targets, not a violation of a rule."""
        return self.category != "conformance" and not self.alike

    @property
    def key(self) -> tuple[str, ...]:
        """What is equal for each pair of servers: no ids and times."""
        values = self.values if self.kind == "status" else ""
        return (*self.operations, self.kind, self.where, values)

    @property
    def title(self) -> str:
        """A one-line description."""
        places = self.operations[0] if self.operations else "?"
        more = f" and {len(self.operations) - 1} more" if len(self.operations) > 1 else ""
        return f"{places}{more}: {self.sentence} [{self.kind}, {self.where}: {self.values}]"


@dataclass(frozen=True)
class Report:
    """The findings of one run of a tool.

    problem: why it did not run, or not to the end.
    """

    findings: tuple[Finding, ...] = ()
    seen_once: int = 0
    seconds: float = 0.0
    problem: str = ""

    @property
    def deciding(self) -> list[Finding]:
        """The findings that are differences between the targets."""
        return [each for each in self.findings if each.decides]


def read_report(data: Mapping[str, Any], seconds: float = 0.0) -> Report:
    """Parse a JSON report of lockstep, of any schema version."""
    names = [
        each.get("name", "") if isinstance(each, Mapping) else str(each)
        for each in data.get("targets") or ()
    ]
    findings = [
        _finding(each, number, names)
        for number, each in enumerate(data.get("findings") or (), start=1)
    ]
    problems = "; ".join(map(str, data.get("problems") or ()))
    once = data.get("seen_once") or ()
    return Report(tuple(findings), len(once), seconds or data.get("seconds") or 0.0, problems)


def _finding(data: Mapping[str, Any], number: int, names: Sequence[str]) -> Finding:
    places = [str(each.get("operation") or "") for each in data.get("places") or ()]
    operations = dict.fromkeys([str(data.get("operation") or ""), *places])
    return Finding(
        number=data.get("number") or number,
        operations=tuple(each for each in operations if each),
        sentence=str(data.get("sentence") or ""),
        kind=str(data.get("kind") or ""),
        where=str(data.get("where") or ""),
        values=_values(data.get("values"), names),
        category=str(data.get("category") or "parity"),
        alike=data.get("class") == _ALIKE,
        shown=data.get("reproduced"),
    )


def _values(values: object, names: Sequence[str]) -> str:
    if isinstance(values, Mapping):
        order = [name for name in names if name in values]
        order += [name for name in values if name not in order]
        return " / ".join(str(values[name]) for name in order)
    if isinstance(values, Sequence) and not isinstance(values, str):
        return " / ".join(map(str, values))
    return str(values or "")
