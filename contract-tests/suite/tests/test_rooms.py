"""import-linter's forbidden_modules lists every command-line module of the lower layers."""

import re
import tomllib
from pathlib import Path

from testbed.paths import BENCHMARK, CONTRACT_TESTS, TOOLING

IS_COMMAND = re.compile(r'^if __name__ == "__main__":', re.MULTILINE)


def commands(folder: Path, base: Path) -> set[str]:
    """The names of the modules of a package that are run as commands."""
    return {
        ".".join(path.relative_to(base).with_suffix("").parts)
        for path in folder.rglob("*.py")
        if IS_COMMAND.search(path.read_text(encoding="utf-8"))
    }


def test_command_line_modules_of_lower_packages_must_not_be_imported() -> None:
    project = tomllib.loads((CONTRACT_TESTS / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    forbidden = {name for each in contracts for name in each.get("forbidden_modules", ())}
    below = commands(CONTRACT_TESTS / "testbed", CONTRACT_TESTS)
    below |= commands(BENCHMARK, TOOLING.parent)
    assert below == forbidden - {"lockstep.__main__", "lockstep.cli"}
