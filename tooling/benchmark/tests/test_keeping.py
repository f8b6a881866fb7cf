"""The kept summary of a comparison, shown by README and site; only a complete run is kept."""

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from lockstep.openapi.document import Document
from testbed.paths import CONTRACT
from tooling.benchmark.keeping import PICTURE, Keeping, KeepingError
from tooling.benchmark.picture import WIDTH, picture
from tooling.benchmark.summary import Summary, answer
from tooling.benchmark.tests.comparison import comparison
from tooling.benchmark.workload import load_workload

KEPT = Keeping()
TEXT = "# Title\n\n<!-- comparison -->\nold\n<!-- /comparison -->\n\nThe rest.\n"


@pytest.fixture
def data() -> dict[str, Any]:
    return comparison(load_workload(Document.load(CONTRACT)))


@pytest.fixture
def keeping(tmp_path: Path) -> Keeping:
    readme = tmp_path / "README.md"
    readme.write_text(TEXT)
    return Keeping(tmp_path / "kept", readme)


def test_kept_summary_round_trip(data: dict[str, Any], keeping: Keeping) -> None:
    keeping.write(data)
    assert keeping.read() == Summary.of(data)


def test_readme_gets_picture_and_answers_and_keeps_the_rest(
    data: dict[str, Any], keeping: Keeping
) -> None:
    keeping.write(data)
    text = keeping.readme.read_text()
    before, after = TEXT.split("old\n")
    assert text.startswith(before)
    assert text.endswith(after)
    assert f'src="kept/{PICTURE}"' in text
    said = re.findall(r"^- (.+)$", text, re.MULTILINE)
    assert said == answer(Summary.of(data))
    assert len(said) == 5


def test_readme_without_a_marker_is_unchanged(data: dict[str, Any], keeping: Keeping) -> None:
    keeping.readme.write_text("# Title\n")
    with pytest.raises(KeepingError, match="no <!-- comparison -->"):
        keeping.write(data)
    assert not keeping.folder.exists()


def test_single_twin_is_not_kept(data: dict[str, Any], keeping: Keeping) -> None:
    data["contestants"] = [each for each in data["contestants"] if each["name"] != "node"]
    with pytest.raises(ValueError, match="There are no measurements of node"):
        keeping.write(data)


def test_only_the_default_profile_is_kept_by_default(
    data: dict[str, Any], keeping: Keeping
) -> None:
    assert keeping.keeps(data, asked=False)
    for profile in ("quick", "deep"):
        assert not keeping.keeps(data | {"profile": profile}, asked=False)
        assert keeping.keeps(data | {"profile": profile}, asked=True)


def test_insignificant_difference_is_not_claimed(data: dict[str, Any]) -> None:
    for each in data["rounds"]:
        wins = (each["contestant"] == "node") == (each["round"] % 2 == 0)
        each["loaded_bytes"] = 200_000_000 if wins else 190_000_000
    (said,) = [sentence for sentence in answer(Summary.of(data)) if sentence.startswith("Memory")]
    assert said.endswith(", no difference that this machine can show.")


def test_picture_names_each_figure_and_fits_a_phone_screen(data: dict[str, Any]) -> None:
    summary = Summary.of(data)
    root = ElementTree.fromstring(picture(summary))
    texts = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    for figure in summary.figures:
        assert figure.title in texts
        assert {figure.words("python"), figure.words("node")} <= set(texts)
    assert WIDTH <= 360
    assert "prefers-color-scheme: dark" in picture(summary)


def test_readme_shows_the_kept_summary() -> None:
    assert KEPT.part(KEPT.read()) in KEPT.readme.read_text()


def test_kept_summary_is_of_a_complete_run() -> None:
    summary = KEPT.read()
    if summary is None:
        assert not (KEPT.folder / PICTURE).exists()
        return
    assert summary.profile == "default"
    assert summary.behaviour["findings"] == 0
    assert (KEPT.folder / PICTURE).read_text() == picture(summary)


def test_readme_without_a_kept_summary_names_the_command(keeping: Keeping) -> None:
    assert keeping.read() is None
    assert "make compare" in keeping.part(None)
