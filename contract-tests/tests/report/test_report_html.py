"""The HTML report: self-contained, safe with hostile responses, and highlighting differences."""

from __future__ import annotations

import base64
import hashlib
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from fixtures.reports import hostile, one_difference, verdict_of

from lockstep.report.data import as_data
from lockstep.report.diff import DIFFERS, PAIRED, SAME, Row, body_lines, rows
from lockstep.report.html import html_text

VOID = {"meta", "link", "br", "img", "input"}


class Page(HTMLParser):
    """The parts of a parsed page; asserts that its elements are properly nested."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.headings: list[str] = []
        self.tags: list[str] = []
        self.policy = ""
        self.inline: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if tag not in VOID:
            self._open.append(tag)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "a":
            self.links.append(str(given["href"]))
        elif address := given.get("src") or given.get("href"):
            self.loaded.append(address)
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append(tag)
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = str(given["content"])
        assert not [name for name in given if name.startswith("on") or name == "style"]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in ("style", "script"):
            self.inline[self._open[-1]] = data


@pytest.mark.parametrize("make", [one_difference, hostile, verdict_of])
def test_page_loads_nothing_and_links_only_to_itself(make: object) -> None:
    assert callable(make)
    page = Page(html_text(as_data(make())))
    assert page.loaded == ["data:,"]
    assert [link for link in page.links if not link.startswith("#")] == []
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_content_security_policy_allows_only_the_inline_code_of_the_page() -> None:
    page = Page(html_text(as_data(one_difference())))
    for kind in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(page.inline[kind].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in page.policy
    assert page.policy.startswith("default-src 'none'")


def test_responses_cannot_inject_html_into_the_page() -> None:
    text = html_text(as_data(hostile()))
    page = Page(text)
    assert page.tags.count("script") == 1
    assert "img" not in page.tags
    assert not {"\x00", "\x1b", "\u202e"} & set(text)


def test_headings_form_an_outline() -> None:
    page = Page(html_text(as_data(one_difference())))
    assert page.headings[0] == "h1"
    assert page.headings.count("h1") == 1
    levels = [int(heading[1]) for heading in page.headings]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert {"header", "nav", "main", "footer"} <= set(page.tags)


def test_names_in_a_sentence_are_code_elements() -> None:
    text = html_text(as_data(one_difference()))
    assert "in the response to <code>POST /notes</code>." in text
    assert (
        "The document does not state whether the letter case of <code>Note.text</code> is kept."
        in text
    )
    assert "<mark>ONE</mark>" in text
    assert "<mark>one</mark>" in text


def aligned(left: str, right: str, *places: str) -> list[Row]:
    """The rows of two bodies."""
    return rows(body_lines({"text": left}), body_lines({"text": right}), places)


def test_changed_value_is_distinguished_from_a_mapped_value() -> None:
    left, right = '{"id":"a1","n":[{"x":"abc"}]}', '{"id":"b2","n":[{"x":"abd"}]}'
    found = aligned(left, right, "body /n/*/x")
    states = {row.left.before.strip(): row.state for row in found if row.left}
    assert states['"id": "a1",'] == PAIRED
    (row,) = [row for row in found if row.state == DIFFERS]
    assert row.left is not None
    assert (row.left.before.strip(), row.left.marked, row.left.after) == ('"x": "ab', "c", '"')


def test_property_of_one_side_has_no_counterpart() -> None:
    found = aligned('{"a":1,"b":2}', '{"a":1}', "body /b")
    (row,) = [row for row in found if row.state == DIFFERS]
    assert row.left is not None
    assert (row.left.marked.strip(), row.right) == ('"b": 2', None)


def test_number_format_and_property_order_are_kept() -> None:
    found = aligned('{"a":1.0,"b":2}', '{"b":2,"a":1.0}', "body")
    assert "1.0" in "".join(row.left.before + row.left.marked for row in found if row.left)
    assert {row.state for row in found} == {SAME, DIFFERS}


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ({"text": "a\nb"}, ["a", "b"]),
        ({"text": ""}, []),
        ({"base64": base64.b64encode(b"\xff\x00").decode()}, ["ff 00"]),
        ({"text": "[]"}, ["[]"]),
        ({"text": "[" * 100_000}, ["[" * 4000]),
    ],
)
def test_body_other_than_json_is_shown_unchanged(body: dict[str, str], lines: list[str]) -> None:
    assert [line.text for line in body_lines(body)] == lines
