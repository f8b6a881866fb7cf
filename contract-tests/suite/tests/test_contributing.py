"""The examples, make targets and links of CONTRIBUTING.md work."""

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
    """A folder with the example under test."""
    tmp_path.joinpath("example.yaml").write_text(EXAMPLES[request.param], encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("folder", ["story"], indirect=True)
def test_story_example_is_valid(folder: Path) -> None:
    document = Document(yaml.safe_load(CONTRACT.read_text(encoding="utf-8")))
    (story,) = load_stories(folder, document)
    assert len(story.steps) == 3


@pytest.mark.parametrize("folder", ["trap"], indirect=True)
def test_trap_example_is_valid(folder: Path) -> None:
    (trap,) = load_traps(folder)
    assert trap.area == "URL"


@pytest.mark.parametrize("folder", ["fault"], indirect=True)
def test_fault_example_is_valid(folder: Path) -> None:
    (fault,) = load_faults(Document.load(CONTRACT), folder)
    assert fault.answers[0].statuses == (503,)
    assert f"FAULT={fault.name.split()[-1]}" in TEXT


@pytest.mark.parametrize("folder", ["mutant"], indirect=True)
def test_mutant_example_applies(folder: Path) -> None:
    (mutant,) = load_mutants(folder)
    assert mutant.patched(ROOT)
    assert f"ARGS={mutant.id}" in TEXT


@pytest.mark.parametrize("folder", ["equivalent"], indirect=True)
def test_equivalent_mutant_example_is_current(folder: Path) -> None:
    assert stale(load_equivalents(folder / "example.yaml")) == []


def test_every_make_target_exists() -> None:
    verbs = set(re.findall(r"\bmake ([a-z][a-z-]+)", TEXT))
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert verbs
    assert verbs <= known


def test_every_link_resolves() -> None:
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
def test_github_files_match_their_schemas(schema: str, file: str) -> None:
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


def test_ci_runs_the_local_script() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    steps = workflow["jobs"]["test"]["steps"]
    assert next(step["run"] for step in steps if "run" in step) == ".ci/run"
    folders = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
    named = [path for each in folders for path in each.get("directories", [])]
    assert [path for path in named if not list(ROOT.glob(path.strip("/")))] == []


def test_every_pre_commit_hook_runs_an_existing_program() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert [hook["id"] for hook in hooks] == ["ruff-check", "ruff-format", "biome", "mirror"]
    for hook in hooks:
        program = hook["entry"].split()[0]
        assert (ROOT / program).exists() or shutil.which(program)
