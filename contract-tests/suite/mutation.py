"""Builds a twin with a deliberate fault from a patch, in a copy."""

import os
import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from lockstep.mutants import Mutant, MutantError
from testbed.paths import CONTRACT_TESTS, NODE, PYTHON, ROOT
from testbed.servers import command_for, node_program

MUTANTS = CONTRACT_TESTS / "mutants"

_TRANSPILE = Path(__file__).with_name("transpile.mjs")
_SOURCES = {"python": PurePosixPath("python/task_timer"), "node": PurePosixPath("node/src")}


def build(mutant: Mutant, folder: Path) -> list[str]:
    """Copy the twin into a folder with the patch applied; return the command that runs the copy.

    The folder becomes a copy of the repository: commands read what lies beside the twins. Raises
    MutantError.
    """
    sources = _SOURCES[mutant.target]
    texts = {}
    for file, text in mutant.patched(ROOT).items():
        if not PurePosixPath(file).is_relative_to(sources):
            raise MutantError(f"{mutant.id}: {file} is not below {sources}")
        texts[str(PurePosixPath(file).relative_to(sources))] = text
    link_all_but(mutant.target, folder)
    return (_build_python if mutant.target == "python" else _build_node)(texts, folder)


def link_all_but(kind: str, folder: Path) -> None:
    """Link all of the repository but one twin into a folder."""
    _link(ROOT, folder, (kind, ".git"))


def _build_python(texts: dict[str, str], folder: Path) -> list[str]:
    directory = folder / "python"
    shutil.copytree(
        PYTHON / "task_timer",
        directory / "task_timer",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    _link(PYTHON, directory, ("task_timer",))
    for file, text in texts.items():
        (directory / "task_timer" / file).write_text(text, encoding="utf-8")
    return ["env", f"PYTHONPATH={directory}", *command_for("python")]


def _build_node(texts: dict[str, str], folder: Path) -> list[str]:
    directory = folder / "node"
    shutil.copytree(NODE / "dist", directory / "dist")
    _link(NODE, directory, ("dist",))
    for file, text in texts.items():
        compile_module(text, directory / "dist" / file)
    return [node_program(), str(directory / "dist" / "main.js")]


def _link(source: Path, folder: Path, left_out: Collection[str]) -> None:
    for path in source.iterdir():
        if path.name not in left_out:
            (folder / path.name).symlink_to(path)


def compile_module(text: str, source: Path) -> None:
    """Write TypeScript as JavaScript, under the name that its source has. Raises MutantError."""
    source.with_suffix(".js").write_text(_transpile(text), encoding="utf-8")


def _transpile(text: str) -> str:
    run = subprocess.run(
        [node_program(), str(_TRANSPILE)],
        input=text,
        env={**os.environ, "NODE_PACKAGE": str(NODE / "package.json")},
        capture_output=True,
        text=True,
    )
    if run.returncode != 0:
        raise MutantError(f"TypeScript could not be transpiled:\n{run.stderr}")
    return run.stdout
