"""Reports for CI servers: JUnit XML and Markdown."""

from __future__ import annotations

import re
import xml.etree.ElementTree as Xml
from dataclasses import replace

import pytest
from fixtures.reports import alike, hostile, one_difference, verdict_of

from lockstep.report.data import as_data
from lockstep.report.junit import junit_text
from lockstep.report.markdown import markdown_text, prose
from lockstep.verdict import COULD_NOT_RUN


def test_every_operation_has_a_test_case_for_each_check() -> None:
    root = Xml.fromstring(junit_text(as_data(one_difference())))
    suites = {suite.get("name"): suite for suite in root}
    cases = {case.get("name"): case for case in suites["createNote"]}
    assert list(cases) == ["status", "headers", "body", "document"]
    failure = cases["body"].find("failure")
    assert failure is not None
    assert 'new has "one" but old has "ONE"' in str(failure.get("message"))
    assert "curl " in str(failure.text)
    assert len(cases["status"]) == 0
    assert all(case.find("skipped") is not None for case in suites["getNote"])
    assert (root.get("failures"), root.get("errors")) == ("1", "0")
    assert root.get("tests") == str(len(list(root.iter("testcase"))))


def test_failed_run_is_a_junit_error() -> None:
    verdict = replace(verdict_of(), exit_code=COULD_NOT_RUN, problems=["new is not there"])
    root = Xml.fromstring(junit_text(as_data(verdict)))
    errors = [error.get("message") for error in root.iter("error")]
    assert errors[0] == "new is not there"
    assert root.get("errors") == str(len(errors))


def test_equal_servers_have_no_junit_failure() -> None:
    root = Xml.fromstring(junit_text(as_data(alike())))
    assert (root.get("failures"), root.get("errors")) == ("0", "0")


def test_run_that_tested_nothing_is_a_junit_error() -> None:
    root = Xml.fromstring(junit_text(as_data(verdict_of())))
    (error,) = root.iter("error")
    assert error.get("message") == "not tested: no requests were sent: no findings on old and new"


def test_junit_xml_is_well_formed_with_hostile_responses() -> None:
    text = junit_text(as_data(hostile()))
    assert [suite for suite in Xml.fromstring(text) if suite.get("name") == "createNote"]
    assert text.encode("utf-8")


def test_markdown_summary_has_verdict_table_and_findings() -> None:
    text = markdown_text(as_data(one_difference()))
    assert text.startswith("## ❌ Notes: not alike\n")
    assert "| createNote | 1 |" in text
    assert (
        "The document does not state whether the letter case of <code>Note.text</code> is kept."
        in text
    )
    assert text.count("<details>") == text.count("</details>")
    assert "```sh\ncurl " in text


def test_markdown_summary_without_findings_is_short() -> None:
    text = markdown_text(as_data(replace(alike(), not_tested=[])))
    assert text.startswith("## ✅ Notes: alike\n")
    assert len(text.splitlines()) == 5


def test_responses_cannot_inject_html_into_the_markdown_summary() -> None:
    text = markdown_text(as_data(hostile()))
    outside = re.sub(r"````+sh\n.*?\n````+\n", "", text, flags=re.DOTALL)
    tags = re.findall(r"(?<!\\)<[^>]*>", outside)
    assert set(tags) <= {
        f"<{end}{tag}>" for tag in ("details", "summary", "code", "b") for end in ("", "/")
    }


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a *b* [c](d)", "a \\*b\\* \\[c\\](d)"),
        ("`a|b` c|d", "<code>a\\|b</code> c\\|d"),
        ("`a` ` b", "<code>a</code> \\` b"),
        ("<b>", "\\<b\\>"),
        ("a\n\n# b", "a \\# b"),
    ],
)
def test_markdown_in_a_sentence_is_escaped(text: str, written: str) -> None:
    assert prose(text) == written


@pytest.mark.parametrize(("fail_on", "failures"), [("parity", 1), ("any", 1), ("conformance", 0)])
def test_fail_on_selects_the_junit_failures(fail_on: str, failures: int) -> None:
    root = Xml.fromstring(junit_text(as_data(replace(one_difference(), fail_on=fail_on))))
    assert len(list(root.iter("failure"))) == failures
    put_out = "".join(out.text or "" for out in root.iter("system-out"))
    assert ("in the response to POST /notes" in put_out) is not bool(failures)


def test_finding_seen_once_is_a_skipped_test_case() -> None:
    verdict = one_difference()
    once = replace(verdict, findings=[], seen_once=verdict.findings)
    root = Xml.fromstring(junit_text(as_data(once)))
    assert list(root.iter("failure")) == []
    skipped = [one.get("message") for one in root.iter("skipped")]
    assert "not reproduced when repeated" in skipped
