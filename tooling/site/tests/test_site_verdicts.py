"""The start page shows the verdicts of the newest reports."""

import json
from pathlib import Path
from typing import Any

import pytest

from lockstep.openapi.document import Document
from testbed.paths import CONTRACT
from tooling.benchmark.keeping import PICTURE, Keeping
from tooling.benchmark.summary import Summary, answer
from tooling.benchmark.tests.comparison import comparison
from tooling.benchmark.workload import load_workload
from tooling.site import verdicts
from tooling.site.build import pages
from tooling.site.verdicts import newest


@pytest.fixture(scope="module")
def compared() -> dict[str, Any]:
    """The content of a compare.json."""
    return comparison(load_workload(Document.load(CONTRACT)))


def test_verdicts_are_read_from_the_newest_reports(
    tmp_path: Path, compared: dict[str, Any]
) -> None:
    report = {
        "exit_code": 1,
        "verdict": "not alike",
        "conformance": "kept",
        "requests": 2000,
        "exchanges": 1000,
        "covered": {"seen": 1, "documented": 2},
        "findings": [{}],
        "seed": 3,
    }
    (tmp_path / "contract-report.json").write_text(json.dumps(report))
    (tmp_path / "compare.json").write_text(json.dumps(compared))
    parity, mutants, comparing = newest(tmp_path)
    assert (parity.good, mutants.good, comparing.good) == (False, None, True)
    assert parity.said == (
        "The twins are not alike; the contract is kept.",
        "2,000 requests in 1,000 exchanges, 1 of 2 documented statuses, 1 finding, seed 3.",
    )
    assert parity.when is not None
    assert mutants.said == ("Not run here yet.",)
    assert len(comparing.said) == 3


def test_report_of_another_version_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "mutants.json").write_text("[]")
    assert newest(tmp_path)[1].good is None


@pytest.fixture
def keeping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keeping:
    """An empty folder for the kept comparison, which the site reads instead of the repository's."""
    readme = tmp_path / "README.md"
    readme.write_text("<!-- comparison -->\n<!-- /comparison -->\n")
    keeping = Keeping(tmp_path / "kept", readme)
    monkeypatch.setattr(verdicts, "Keeping", lambda: keeping)
    return keeping


def test_start_page_shows_the_kept_comparison(keeping: Keeping, compared: dict[str, Any]) -> None:
    assert verdicts.kept_comparison() is None
    assert PICTURE not in dict(pages())["index.html"]
    keeping.write(compared)
    page = dict(pages())["index.html"]
    assert f'<img src="{PICTURE}"' in page
    for sentence in answer(Summary.of(compared)):
        assert f"<li>{sentence}</li>" in page
