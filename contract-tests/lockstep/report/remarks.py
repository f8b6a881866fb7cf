"""Violated rules, summarised: one line for each rule, across operations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from lockstep.report.phrases import is_parity, operations_of
from lockstep.report.steps import Data

_ALLOW = re.compile(r"405 without required `Allow`")
_HEADER = re.compile(r"header (.+)")


def remarks(findings: Iterable[Data]) -> list[Data]:
    """Group the findings that are not about parity by rule and by the targets at fault.

    Each group has `rule`, `targets`, the number of `operations`, and the numbers of its `findings`;
    the rule violated by most operations is first.
    """
    groups: dict[tuple[str, tuple[str, ...]], list[Data]] = {}
    for finding in findings:
        if not is_parity(finding):
            who = tuple(sorted(finding["at_fault"] or finding["targets"]))
            groups.setdefault((_rule(finding), who), []).append(finding)
    found = [
        {
            "rule": rule,
            "targets": list(several[0]["at_fault"] or several[0]["targets"]),
            "operations": len({name for one in several for name in operations_of(one)}),
            "findings": [one["number"] for one in several],
        }
        for (rule, _), several in groups.items()
    ]
    return sorted(found, key=lambda one: -int(str(one["operations"])))


def _rule(finding: Data) -> str:
    name = _BY_KIND.get(finding["kind"])
    return name(finding) if name is not None else _of_check(finding)


def _of_check(finding: Data) -> str:
    """Return the title of a check of another tool: the text before the first colon."""
    message = next(iter(finding["values"].values()), finding["kind"])
    if finding["kind"] in ("UnsupportedMethodResponse", "AllowHeaderMismatch"):
        return (
            "405 without `Allow`" if _ALLOW.search(message) else message.partition(":")[0].lower()
        )
    title: str = message.partition(":")[0]
    return title[:1].lower() + title[1:80]


def _header(finding: Data) -> str:
    match = _HEADER.fullmatch(finding["where"])
    return f"`{match[1].title()}`" if match else str(finding["where"])


_BY_KIND: Mapping[str, Callable[[Data], str]] = {
    "server_error": lambda one: f"responses with {one['where']}",
    "no_response": lambda one: f"no response ({one['where']})",
    "undocumented_status": lambda one: f"{one['where']} is not documented",
    "undocumented_media_type": lambda _one: "a media type that is not documented",
    "unexpected_body": lambda _one: "a body where none is documented",
    "unreadable_body": lambda _one: "a body that is not JSON",
    "missing_header": lambda one: f"responses without {_header(one)}",
    "header_schema": lambda one: f"{_header(one)} that violates its schema",
    "body_schema": lambda one: (
        f"responses that violate `{one['where'].rpartition(' ')[2]}` of their schema"
    ),
}
