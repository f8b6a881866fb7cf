"""The numbers, make targets, commands and links in README.md and the package README are right."""

import re
import subprocess
import sys

import pytest

from lockstep.drivers.races.files import load_races
from lockstep.drivers.stories.files import load_stories
from lockstep.drivers.traps.files import load_traps
from lockstep.mutants import load_mutants
from lockstep.openapi.document import Document
from suite.mutation import MUTANTS
from testbed.contract import RACES, STORIES, TRAPS
from testbed.paths import CONTRACT, CONTRACT_TESTS, ROOT

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
PACKAGE = (CONTRACT_TESTS / "README.md").read_text(encoding="utf-8")


def test_numbers_of_stories_traps_races_and_mutants() -> None:
    document = Document.load(CONTRACT)
    counted = {
        "stories": len(load_stories(STORIES, document)),
        "traps": len(load_traps(TRAPS)),
        "races": len(load_races(RACES, document)),
        "twins that are wrong on purpose": len(load_mutants(MUTANTS)),
    }
    stated = re.findall(rf"(\d+) ({'|'.join(counted)})", TEXT)
    assert {what: int(number) for number, what in stated} == counted


def test_readme_is_one_page() -> None:
    assert len(TEXT.splitlines()) <= 80


@pytest.mark.parametrize("text", [TEXT, PACKAGE])
def test_every_make_target_exists(text: str) -> None:
    verbs = set(re.findall(r"\bmake ([a-z][a-z-]+)", text))
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert verbs
    assert verbs <= known


def test_every_link_resolves() -> None:
    paths = re.findall(r"\]\(([^):]+)\)", TEXT) + re.findall(r'src="([^"]+)"', TEXT)
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_command_is_documented() -> None:
    command = [sys.executable, "-m", "lockstep", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    commands = re.findall(r"^  (\w+) {2,}", shown.partition("Commands:")[2], re.MULTILINE)
    assert commands
    documented = set(re.findall(r"(?:^\| `|lockstep )(\w+)", PACKAGE, re.MULTILINE))
    assert set(commands) <= documented
