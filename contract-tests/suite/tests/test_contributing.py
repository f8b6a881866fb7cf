"""What CONTRIBUTING.md shows works: its examples, its verbs and its links."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lockstep.drivers.stories.files import load_stories
from lockstep.drivers.traps.files import load_traps
from lockstep.mutants import load_mutants
from lockstep.openapi.document import Document
from suite.automatic.sources import load_equivalents, stale
from suite.faults.files import load_faults
from testbed.paths import CONTRACT, ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"```yaml\n# (\w+)\n(.*?)```", TEXT, re.DOTALL))


@pytest.fixture
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A folder with the example that a test is about."""
    tmp_path.joinpath("example.yaml").write_text(EXAMPLES[request.param], encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("folder", ["story"], indirect=True)
def test_the_story_can_be_told(folder: Path) -> None:
    document = Document(yaml.safe_load(CONTRACT.read_text(encoding="utf-8")))
    (story,) = load_stories(folder, document)
    assert len(story.steps) == 3


@pytest.mark.parametrize("folder", ["trap"], indirect=True)
def test_the_trap_can_be_sent(folder: Path) -> None:
    (trap,) = load_traps(folder)
    assert trap.area == "URL"


@pytest.mark.parametrize("folder", ["fault"], indirect=True)
def test_the_fault_can_be_played(folder: Path) -> None:
    (fault,) = load_faults(Document.load(CONTRACT), folder)
    assert fault.answers[0].statuses == (503,)
    assert f"FAULT={fault.name.split()[-1]}" in TEXT


@pytest.mark.parametrize("folder", ["mutant"], indirect=True)
def test_the_mutant_applies(folder: Path) -> None:
    (mutant,) = load_mutants(folder)
    assert mutant.patched(ROOT)
    assert f"ARGS={mutant.id}" in TEXT


@pytest.mark.parametrize("folder", ["equivalent"], indirect=True)
def test_the_equivalent_mutant_is_one(folder: Path) -> None:
    assert stale(load_equivalents(folder / "example.yaml")) == []


def test_each_verb_is_one_of_the_makefile() -> None:
    verbs = set(re.findall(r"\bmake ([a-z][a-z-]+)", TEXT))
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert verbs
    assert verbs <= known


def test_each_link_leads_somewhere() -> None:
    paths = re.findall(r"\]\(([^):]+)\)", TEXT)
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.github-workflows", ".github/workflows/ci.yml"),
        ("custom.github-workflows-require-timeout", ".github/workflows/ci.yml"),
        ("vendor.dependabot", ".github/dependabot.yml"),
    ],
)
def test_what_github_reads_has_its_form(schema: str, file: str) -> None:
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        schema,
        str(ROOT / file),
    ]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stdout


def test_ci_runs_what_people_run() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    steps = workflow["jobs"]["test"]["steps"]
    assert next(step["run"] for step in steps if "run" in step) == ".ci/run"
    folders = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
    named = [path for each in folders for path in each.get("directories", [])]
    assert [path for path in named if not list(ROOT.glob(path.strip("/")))] == []


def test_each_hook_runs_something_that_is_there() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert [hook["id"] for hook in hooks] == ["ruff-check", "ruff-format", "biome", "mirror"]
    for hook in hooks:
        program = hook["entry"].split()[0]
        assert (ROOT / program).exists() or shutil.which(program)
