"""`lockstep report warrant` as a command."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import pytest
from click.testing import CliRunner, Result

from lockstep.cli import main
from lockstep.warrant import Route, Warrant, json_text

EARLY, LATE = "2026-11-29T08:00:00Z", "2026-11-29T20:00:00Z"


def written(path: Path, digest: str = "one", **counts: int) -> str:
    route = Route("GET /tasks", "listTasks", alike=counts["alike"], diverged=counts["diverged"])
    path.write_text(json_text(Warrant("Tasks", digest, ("old", "new"), EARLY, LATE, [route])))
    return str(path)


def command(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["report", "warrant", *arguments])


@pytest.mark.parametrize(
    ("alike", "diverged", "code"), [(10, 0, 0), (10, 1, 1), (0, 0, 2)], ids=str
)
def test_the_exit_code_says_whether_anything_diverged(
    tmp_path: Path, alike: int, diverged: int, code: int
) -> None:
    result = command(written(tmp_path / "w.json", alike=alike, diverged=diverged))
    assert result.exit_code == code
    assert "## Warrant for new: Tasks" in result.output


def test_several_are_one_in_every_form(tmp_path: Path) -> None:
    files = [written(tmp_path / f"{at}.json", alike=1500, diverged=0) for at in range(2)]
    page, data = tmp_path / "new" / "warrant.html", tmp_path / "all.json"
    result = command(*files, f"--html={page}", f"--json={data}", "--markdown=-")
    assert result.exit_code == 0, result.output
    sentence = "3,000 compared, 0 diverged: below 0.1 % with 95 %"
    assert sentence in page.read_text()
    assert sentence in result.output
    assert json.loads(data.read_text())["sources"] == 2


def test_the_printed_schema_matches_written_warrants(tmp_path: Path) -> None:
    schema = json.loads(command("--schema").output)
    data = json.loads(Path(written(tmp_path / "w.json", alike=1, diverged=0)).read_text())
    jsonschema_rs.validator_for(schema).validate(data)


def test_warrants_that_cannot_be_merged_exit_with_2_and_one_line(tmp_path: Path) -> None:
    first = written(tmp_path / "1.json", alike=1, diverged=0)
    other = written(tmp_path / "2.json", digest="two", alike=1, diverged=0)
    result = command(first, other)
    assert result.exit_code == 2
    assert result.output.startswith("lockstep: the warrants are about different documents")
    for wrong, said in (
        ("/nowhere.json", "/nowhere.json: no such file"),
        ("http://127.0.0.1:1", "is it the --admin address of a proxy?"),
    ):
        result = command(wrong)
        assert result.exit_code == 2
        assert said in result.output


def test_without_a_source_there_is_a_usage_error() -> None:
    result = command()
    assert result.exit_code == 2
    assert "give the admin URL of a proxy" in result.output
