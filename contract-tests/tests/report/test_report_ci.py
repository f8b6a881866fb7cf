"""What CI servers read: JUnit XML and Markdown."""

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


def test_every_operation_has_a_case_for_each_check() -> None:
    root = Xml.fromstring(junit_text(as_data(one_difference())))
    suites = {suite.get("name"): suite for suite in root}
    cases = {case.get("name"): case for case in suites["createNote"]}
    assert list(cases) == ["status", "headers", "body", "document"]
    failure = cases["body"].find("failure")
    assert failure is not None
    assert 'new has "one" where old has "ONE"' in str(failure.get("message"))
    assert "curl " in str(failure.text)
    assert len(cases["status"]) == 0
    assert all(case.find("skipped") is not None for case in suites["getNote"])
    assert (root.get("failures"), root.get("errors")) == ("1", "0")
    assert root.get("tests") == str(len(list(root.iter("testcase"))))


def test_a_run_that_could_not_be_done_is_an_error() -> None:
    verdict = replace(verdict_of(), exit_code=COULD_NOT_RUN, problems=["new is not there"])
    root = Xml.fromstring(junit_text(as_data(verdict)))
    errors = [error.get("message") for error in root.iter("error")]
    assert errors[0] == "new is not there"
    assert root.get("errors") == str(len(errors))


def test_alike_servers_have_no_failure() -> None:
    root = Xml.fromstring(junit_text(as_data(alike())))
    assert (root.get("failures"), root.get("errors")) == ("0", "0")


def test_a_run_that_tested_nothing_is_an_error() -> None:
    root = Xml.fromstring(junit_text(as_data(verdict_of())))
    (error,) = root.iter("error")
    assert error.get("message") == "not tested: nothing was sent: no findings on old and new"


def test_the_xml_can_be_read_whatever_servers_say() -> None:
    text = junit_text(as_data(hostile()))
    assert [suite for suite in Xml.fromstring(text) if suite.get("name") == "createNote"]
    assert text.encode("utf-8")


def test_the_summary_has_the_verdict_the_table_and_the_findings() -> None:
    text = markdown_text(as_data(one_difference()))
    assert text.startswith("## ❌ Notes: not alike\n")
    assert "| createNote | 1 |" in text
    assert "Nothing says whether <code>Note.text</code> keeps its case." in text
    assert text.count("<details>") == text.count("</details>")
    assert "```sh\ncurl " in text


def test_a_good_summary_is_short() -> None:
    text = markdown_text(as_data(replace(alike(), not_tested=[])))
    assert text.startswith("## ✅ Notes: alike\n")
    assert len(text.splitlines()) == 5


def test_no_answer_can_write_into_the_summary() -> None:
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
def test_a_sentence_is_only_text(text: str, written: str) -> None:
    assert prose(text) == written


@pytest.mark.parametrize(("fail_on", "failures"), [("parity", 1), ("any", 1), ("conformance", 0)])
def test_only_what_fail_on_asks_about_is_a_failure(fail_on: str, failures: int) -> None:
    root = Xml.fromstring(junit_text(as_data(replace(one_difference(), fail_on=fail_on))))
    assert len(list(root.iter("failure"))) == failures
    put_out = "".join(out.text or "" for out in root.iter("system-out"))
    assert ("in the answer to POST /notes" in put_out) is not bool(failures)


def test_what_was_seen_once_is_skipped() -> None:
    verdict = one_difference()
    once = replace(verdict, findings=[], seen_once=verdict.findings)
    root = Xml.fromstring(junit_text(as_data(once)))
    assert list(root.iter("failure")) == []
    skipped = [one.get("message") for one in root.iter("skipped")]
    assert "not reproduced when repeated" in skipped
