"""The published page and picture of a swap."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tooling.swap.profiles import PROFILES
from tooling.swap.publishing import publish
from tooling.swap.run import Swapped
from tooling.swap.verdict import figures


@pytest.fixture
def page(swapped: Swapped, tmp_path: Path) -> Path:
    """The page of a swap in which one request failed."""
    swapped.problems.append("node-1 ended with <1>")
    data = {
        "made_at": "2026-11-28T12:00Z",
        "profile": "quick",
        "seed": 1,
        "commit": None,
        "machine": {"cores": 2, "processor": "A & B", "system": "Linux"},
        "shutdown_delay": 2,
        "health_interval": 0.5,
        **figures(swapped, PROFILES["quick"]),
    }
    return publish(data, tmp_path)


def test_page_shows_the_problems(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "node-1 ended with &lt;1&gt;" in text
    assert "4 requests in 1.5 s" in text
    assert "50 % to Node" in text


def test_page_requests_no_host(page: Path) -> None:
    text = page.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert "http://" not in text
    assert "https://" not in text


def test_picture_is_a_separate_file(page: Path) -> None:
    root = ElementTree.parse(page.with_suffix(".svg")).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "50 % to Node at 1 s" in "".join(root.itertext())


def test_figures_are_saved_as_json(page: Path) -> None:
    data = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert data["requests"] == 4
