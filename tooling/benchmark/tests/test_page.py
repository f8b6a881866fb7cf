"""The HTML page is self-contained, and its plots are accessible."""

import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from lockstep.openapi.document import Document
from testbed.paths import CONTRACT
from tooling.benchmark.page import render
from tooling.benchmark.publishing import SCHEMA, publish
from tooling.benchmark.svg import decades, pushed_apart, ticks
from tooling.benchmark.tests.comparison import comparison
from tooling.benchmark.workload import load_workload


@pytest.fixture
def data() -> dict[str, Any]:
    return comparison(load_workload(Document.load(CONTRACT)))


class Elements(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def test_data_conform_to_the_schema(data: dict[str, Any]) -> None:
    jsonschema_rs.validator_for(json.loads(SCHEMA.read_text())).validate(data)


def test_invalid_data_are_not_published(data: dict[str, Any], tmp_path: Path) -> None:
    data["parity"]["findings"] = 1
    with pytest.raises(ValueError, match="0 was expected"):
        publish(data, tmp_path / "compare.json", tmp_path / "compare.html")
    assert list(tmp_path.iterdir()) == []


def test_page_loads_nothing_and_has_no_scripts(data: dict[str, Any]) -> None:
    page = render(data)
    elements = Elements(page)
    assert elements.of("script") == []
    for tag, attributes in elements.found:
        assert "style" not in attributes, tag
        for name in ("src", "href", "xlink:href", "data"):
            value = attributes.get(name) or ""
            assert not re.match(r"(?i)https?:|//", value), (tag, value)
    assert "url(" not in page
    assert "@import" not in page


def test_every_plot_has_a_name_and_a_table(data: dict[str, Any]) -> None:
    page = render(data)
    elements = Elements(page)
    identifiers = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    plots = elements.of("svg")
    assert len(plots) == 2 * 10
    for plot in plots:
        assert plot["role"] == "img"
        assert set((plot["aria-labelledby"] or "").split()) <= set(identifiers)
    assert len(elements.of("title")) == len(plots) + 1
    assert len(elements.of("details")) == 8


def test_every_contestant_has_its_own_mark(data: dict[str, Any]) -> None:
    alone = render(data).split('<section id="alone"')[1].split("</section>")[0]
    marks = set(re.findall(r'<(circle|polygon)[^>]* class="mark (s-[\w-]+)"', alone))
    assert {kind for _, kind in marks} == {f"s-{each['name']}" for each in data["contestants"]}


def test_page_of_the_quick_profile_has_a_warning(data: dict[str, Any]) -> None:
    assert "not to\nbe quoted" not in render(data)
    assert "not to\nbe quoted" in render(data | {"profile": "quick", "unit_tests": {}})


def test_page_of_the_twins_alone(data: dict[str, Any]) -> None:
    twins = ("python", "node")
    data["contestants"] = [each for each in data["contestants"] if each["name"] in twins]
    data["rounds"] = [each for each in data["rounds"] if each["contestant"] in twins]
    page = render(data)
    assert "With one worker, Node holds" in page


def test_names_are_escaped(data: dict[str, Any]) -> None:
    data["machine"]["processor"] = "<script>"
    assert "<script>" not in render(data)


def test_axis_ticks_are_round_numbers_beyond_the_maximum() -> None:
    assert ticks(930) == [0, 200, 400, 600, 800, 1000]
    assert ticks(0.013)[-1] == pytest.approx(0.015)
    assert decades(3, 120) == [2, 5, 10, 20, 50, 100, 200]


def test_labels_do_not_overlap() -> None:
    placed = pushed_apart([100, 101, 50, 102], 15)
    ordered = sorted(placed)
    assert all(below - above > 14 for above, below in itertools.pairwise(ordered))
    assert placed[2] < placed[0] < placed[1] < placed[3]
