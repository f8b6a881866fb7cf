"""The report as JUnit XML, which most CI servers support."""

from __future__ import annotations

import xml.etree.ElementTree as Xml
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lockstep.report.phrases import (
    conformance,
    curl_lines,
    decides,
    excused_lines,
    headline,
    missing_of,
    neighbour,
    operations_of,
    places,
    plain,
    verdict,
)
from lockstep.report.sanitize import visible
from lockstep.report.steps import Data
from lockstep.verdict import COULD_NOT_RUN

MAX_TEXT = 20_000
_CHECKS = (
    "status",
    "headers",
    "body",
    "connection",
    "document",
    "stories",
    "rows",
    "calls",
    "other",
)
_ALWAYS = frozenset({"status", "headers", "body", "document"})
# Categories with separate test suites.
_APART = frozenset({"trap", "race"})


@dataclass(slots=True)
class Case:
    """One test case: (message, text) of each failure, and of each finding that is not counted.

    `skipped` is the reason why the case has no result.
    """

    name: str
    failures: list[tuple[str, str]] = field(default_factory=list)
    remarks: list[tuple[str, str]] = field(default_factory=list)
    skipped: str = ""
    is_error: bool = False


def junit_text(data: Data) -> str:
    """Render a test suite per operation with a case per check; then stories, traps and races.

    The findings of one check are one failure, with the sentences and commands of all; those that
    `--fail-on` does not cover go to `system-out`. A finding is a failure in the suite of one
    operation, and is mentioned in those of its other operations.
    """
    name = f"lockstep: {data['title']}: {verdict(data)}"
    root = Xml.Element("testsuites", name=visible(name))
    root.set("time", f"{data['seconds']:.3f}")
    for title, cases in _suites(data):
        root.append(_suite(title, cases))
    for count in ("tests", "failures", "errors", "skipped"):
        root.set(count, str(sum(int(suite.get(count, 0)) for suite in root)))
    Xml.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + Xml.tostring(root, "unicode") + "\n"


def _suites(data: Data) -> Iterator[tuple[str, list[Case]]]:
    findings = [one for one in data["findings"] if one["category"] not in _APART]
    for name, operation in data["operations"].items():
        found = [finding for finding in findings if name in operations_of(finding)]
        if operation["documented"] or found:
            yield name, list(_operation(data, name, operation, found))
    others = [finding for finding in findings if finding["operation"] not in data["operations"]]
    yield "other findings", [_case(data, one["operation"], [one]) for one in others]
    yield "stories", list(_stories(data))
    yield (
        "traps",
        [_listed(f"{one['area']}: {one['name']}", one["problems"]) for one in data["traps"]],
    )
    yield "races", [_listed(one["name"], one["impossible"]) for one in data["races"]]
    yield "run", list(_run(data))


def _operation(data: Data, name: str, operation: Data, found: Sequence[Data]) -> Iterator[Case]:
    for check in _CHECKS:
        of_check = [finding for finding in found if _check(finding) == check]
        if of_check or check in _ALWAYS:
            case = _case(data, check, of_check, at=name)
            case.skipped = "no requests were sent" * (not operation["exchanges"] and not of_check)
            yield case
    missing = missing_of(data, name)
    if missing:
        yield Case("documented statuses", [(text, text) for text in missing])


def _case(data: Data, name: str, found: Sequence[Data], *, at: str = "") -> Case:
    """Return a case with the counted findings as failures, and the others as remarks."""
    case = Case(name)
    for finding in found:
        if at in ("", finding["operation"]):
            failed = decides(data, finding)
            (case.failures if failed else case.remarks).append(_failure(finding))
        else:
            case.remarks.append(_named(finding))
    return case


def _named(finding: Data) -> tuple[str, str]:
    """Return the mention of a finding in another suite: one cause is one failure."""
    sentence = plain(finding["sentence"])
    return sentence, f"{sentence}\nSee finding {finding['number']}, at {finding['operation']}."


def _check(finding: Data) -> str:
    apart = {"conformance": "document", "story": "stories"}
    if finding["category"] == "effects":
        return "calls" if finding["where"].startswith("calls ") else "rows"
    if finding["category"] in apart:
        return apart[finding["category"]]
    kind = finding["kind"] if finding["category"] == "parity" else ""
    if kind in ("status", "outcome"):
        return "status"
    where = finding["where"].partition(" ")[0]
    known = {"header": "headers", "cookie": "headers", "body": "body", "connection": "connection"}
    return known.get(where, "other") if kind else "other"


def _failure(finding: Data) -> tuple[str, str]:
    lines = [f"{finding['level']}, {finding['class']}: {plain(finding['sentence'])}"]
    if finding["silence"]:
        lines.append(f"The document is silent: {plain(finding['silence'])}")
    lines += [f"{name}: {value}" for name, value in finding["values"].items()]
    for title, text in (
        ("Places", places(finding)),
        ("Does not differ", neighbour(finding)),
    ):
        lines += [f"{title}: {text}"] if text else []
    for name in finding["targets"]:
        lines += [f"On {name}:", *(f"  {line}" for line in curl_lines(finding, name))]
    return plain(finding["sentence"]), "\n".join(lines)


def _stories(data: Data) -> Iterator[Case]:
    for stage in data["stages"]:
        for story in stage["stories"]:
            problem = story["problem"]
            yield _listed(f"{story['name']} ({stage['title']})", [problem] if problem else [])


def _run(data: Data) -> Iterator[Case]:
    for known in data["known_differences"]:
        name = f"{known['operation']}, {known['kind']}, {known['where']}"
        yield Case(f"known difference: {name}")
    broken = data["exit_code"] == COULD_NOT_RUN
    yield Case("problems", [(text, text) for text in data["problems"]], is_error=broken)
    result = f"{verdict(data)}: {headline(data)}"
    kept = [("conformance", f"conformance {plain(conformance(data))}")]
    kept += [("not counted", text) for text in excused_lines(data)]
    yield Case("verdict", [(result, result)] * _is_untested(data), kept, is_error=True)
    for finding in data["seen_once"]:
        remark = _failure(finding)
        title = f"seen once: {finding['number']}, {finding['operation']}"
        yield Case(title, [], [remark], skipped="not reproduced when repeated")


def _is_untested(data: Data) -> bool:
    return bool(data["verdict"] == "not tested")


def _listed(name: str, problems: Sequence[str]) -> Case:
    return Case(name, [(problem, problem) for problem in problems])


def _suite(title: str, cases: Sequence[Case]) -> Xml.Element:
    suite = Xml.Element("testsuite", name=visible(title), tests=str(len(cases)))
    for case in cases:
        element = Xml.SubElement(
            suite, "testcase", classname=visible(title), name=visible(case.name)
        )
        if case.failures:
            failure = Xml.SubElement(element, "error" if case.is_error else "failure")
            more = f" (and {len(case.failures) - 1} more)" if len(case.failures) > 1 else ""
            failure.set("message", visible(case.failures[0][0]) + more)
            failure.text = visible("\n\n".join(text for _, text in case.failures))[:MAX_TEXT]
        elif case.skipped:
            Xml.SubElement(element, "skipped", message=case.skipped)
        if case.remarks:
            out = Xml.SubElement(element, "system-out")
            out.text = visible("\n\n".join(text for _, text in case.remarks))[:MAX_TEXT]
    failed = [case for case in cases if case.failures]
    suite.set("failures", str(sum(not case.is_error for case in failed)))
    suite.set("errors", str(sum(case.is_error for case in failed)))
    suite.set("skipped", str(sum(bool(case.skipped) for case in cases)))
    return suite
