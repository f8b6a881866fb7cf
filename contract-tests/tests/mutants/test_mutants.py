"""Mutants, the hunt for them and the resulting matrix, with a fake test command."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from lockstep.cli import main
from lockstep.mutants import Hunt, Mutant, MutantError, load_mutants

FORM = """
layer: route
mutants:
  - id: {id}
    target: new
    about: Says y for x.
    tags: [quick]
    patch:
      - {{ file: app.py, find: x, replace: y }}
"""
# Catches by suffix: `stories` catches -s, `generated` catches -g; `plain` has its own findings.
COMMAND = """
import json, sys
name, driver = sys.argv[1], sys.argv[3]
found = [f"{name} by {driver}"] if name.endswith("-" + driver[0]) else []
if name.endswith("-broken"):
    sys.exit("no such port")
if driver == "plain":
    found = ["usual"] + ["new"] * name.endswith("-s")
print("noise")
print(json.dumps({"findings": found, "requests": 7, "seconds": 0.5}))
"""


def mutant(name: str, first: str | None = None) -> Mutant:
    return Mutant(name, "new", "route", "Nothing.", first=first, sql=("SELECT 1",))


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    path = tmp_path / "command.py"
    path.write_text(COMMAND, encoding="utf-8")
    return [sys.executable, str(path)]


@pytest.mark.parametrize("text", ["z", "x x"])
def test_text_that_does_not_occur_exactly_once_is_rejected(tmp_path: Path, text: str) -> None:
    (tmp_path / "one.yaml").write_text(FORM.format(id="one"), encoding="utf-8")
    (tmp_path / "app.py").write_text(text, encoding="utf-8")
    (one,) = load_mutants(tmp_path)
    with pytest.raises(MutantError, match=r"^one: .*app\.py has the text [02] times: 'x'"):
        one.patched(tmp_path)
    (tmp_path / "app.py").unlink()
    with pytest.raises(MutantError, match=r"^one: no such file: .*app\.py"):
        one.patched(tmp_path)


def test_mutants_are_validated_against_the_schema(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(FORM.format(id="One"), encoding="utf-8")
    with pytest.raises(MutantError, match=r"one\.yaml: /mutants/0/id"):
        load_mutants(tmp_path)


def test_duplicate_mutant_id_is_rejected(tmp_path: Path) -> None:
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text(FORM.format(id="same"), encoding="utf-8")
    with pytest.raises(MutantError, match="duplicate mutant ids: same"):
        load_mutants(tmp_path)


def test_hunt_stops_at_the_first_catch_unless_all_drivers_are_requested(command: list[str]) -> None:
    some = [mutant("a-s"), mutant("b-g"), mutant("c-g", first="generated"), mutant("d-x")]
    matrix = Hunt(command, ["stories", "generated"]).run(some)
    assert {name: list(row) for name, row in matrix.catches.items()} == {
        "a-s": ["stories"],
        "b-g": ["stories", "generated"],
        "c-g": ["generated"],
        "d-x": ["stories", "generated"],
    }
    assert [each.id for each in matrix.escaped] == ["d-x"]
    matrix = Hunt(command, ["stories", "generated"], all_drivers=True).run(some)
    assert matrix.score("stories") == (1, 4)
    assert matrix.score("generated") == (2, 4)


def test_usual_findings_of_a_baseline_are_ignored(command: list[str]) -> None:
    matrix = Hunt(command, ["stories"], baseline=["plain"]).run([mutant("a-s"), mutant("b-g")])
    found = {name: row["plain"].finding for name, row in matrix.catches.items()}
    assert found == {"a-s": "new", "b-g": None}
    assert [each.id for each in matrix.escaped] == ["b-g"]


def test_driver_with_findings_on_the_original_aborts_the_hunt(tmp_path: Path) -> None:
    path = tmp_path / "command.py"
    path.write_text("""print('{"findings": ["x"], "requests": 1, "seconds": 1}')""", "utf-8")
    with pytest.raises(MutantError, match="stories reports findings without any mutant: x"):
        Hunt([sys.executable, str(path)], ["stories"]).run([mutant("a-s")])


def test_interrupted_hunt_is_resumed(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "app.py").write_text("x", encoding="utf-8")
    (tmp_path / "one.yaml").write_text(FORM.format(id="one-s"), encoding="utf-8")
    report = tmp_path / "matrix.json"
    given = [str(tmp_path), f"--root={tmp_path}", "--driver=stories", f"--json={report}"]
    first = CliRunner().invoke(main, ["mutants", *given, f"--command={' '.join(command)}"])
    untried = "--command=false"
    again = CliRunner().invoke(main, ["mutants", *given, untried])
    resumed = CliRunner().invoke(main, ["mutants", *given, untried, "--resume"])
    assert [first.exit_code, again.exit_code, resumed.exit_code] == [0, 2, 0], resumed.output
    report.write_text("{", encoding="utf-8")
    broken = CliRunner().invoke(main, ["mutants", *given, untried, "--resume"])
    assert (broken.exit_code, "matrix.json is not a matrix" in broken.output) == (2, True)


def test_command_prints_the_matrix(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "app.py").write_text("x", encoding="utf-8")
    report = tmp_path / "build/matrix.json"

    def run(name: str, *more: str) -> tuple[int, str]:
        (tmp_path / "one.yaml").write_text(FORM.format(id=name), encoding="utf-8")
        given = [str(tmp_path), f"--command={' '.join(command)}", f"--root={tmp_path}"]
        result = CliRunner().invoke(
            main, ["mutants", *given, "--driver=stories", f"--json={report}", *more]
        )
        return result.exit_code, result.output

    code, output = run("one-s")
    assert (code, json.loads(report.read_text())["caught_by"]) == (0, {"stories": 1})
    assert "1 of 1 mutants caught" in output
    code, output = run("one-g", "--tag=quick")
    assert (code, "0 of 1 mutants caught" in output) == (1, True)
    code, output = run("one-broken")
    assert (code, "no such port" in output) == (2, True)
    code, output = run("one-s", "two-s")
    assert (code, "unknown mutants: two-s" in output) == (2, True)


def test_separate_drivers_run_on_escaped_mutants(command: list[str]) -> None:
    hunt = Hunt(command, ["stories"], apart=["units"])
    matrix = hunt.run([mutant("a-s"), mutant("b-u"), mutant("c-x")])
    assert {name: [*row] for name, row in matrix.catches.items()} == {
        "a-s": ["stories"],
        "b-u": ["stories", "units"],
        "c-x": ["stories", "units"],
    }
    assert matrix.catches["b-u"]["units"].finding == "b-u by units"
    assert [each.id for each in matrix.escaped] == ["b-u", "c-x"]


def test_mutant_that_never_terminates_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lockstep.mutants.hunt._GRACE_SECONDS", 0.5)
    path = tmp_path / "command.py"
    path.write_text(
        "import sys, time\n"
        "if sys.argv[1] != 'control':\n    time.sleep(600)\n"
        """print('{"findings": [], "requests": 1, "seconds": 0.01}')""",
        encoding="utf-8",
    )
    matrix = Hunt([sys.executable, str(path)], ["stories"], patience=2).run([mutant("a")])
    assert matrix.catches["a"]["stories"].finding == "did not finish within 1 s"
