"""Makes a deliberately wrong twin out of a patch, in a copy."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from twins.paths import CONTRACT_TESTS, NODE, PYTHON
from twins.servers import Kind, command_for, node_program

SABOTEURS = CONTRACT_TESTS / "saboteurs"

_SCHEMA = Path(__file__).with_name("saboteurs.schema.json")
_TRANSPILE = Path(__file__).with_name("transpile.mjs")


class SabotageError(Exception):
    """A saboteur is not as it should be, or its patch does not apply any more."""


@dataclass(frozen=True)
class Replacement:
    """One text of a file, below the twin's sources, to be replaced by another."""

    file: str
    find: str
    replace: str


@dataclass(frozen=True)
class Saboteur:
    """One fault: in which twin and layer, what it is about, and what makes it.

    patch: to the twin's sources. sql: to its database, as a wrong migration would have left it.
    """

    id: str
    twin: Kind
    layer: str
    about: str
    patch: tuple[Replacement, ...] = ()
    sql: tuple[str, ...] = ()

    @property
    def sources(self) -> Path:
        """Where the files of the patch are."""
        return {"python": PYTHON / "task_timer", "node": NODE / "src"}[self.twin]

    def patched_files(self) -> dict[str, str]:
        """The patched files' new text by path. Raises SabotageError if a text is not found once."""
        texts: dict[str, str] = {}
        for each in self.patch:
            path = self.sources / each.file
            if not path.is_file():
                raise SabotageError(f"{self.id}: there is no {path}")
            text = texts.get(each.file) or path.read_text(encoding="utf-8")
            count = text.count(each.find)
            if count != 1:
                raise SabotageError(f"{self.id}: {path} has the text {count} times: {each.find!r}")
            texts[each.file] = text.replace(each.find, each.replace)
        return texts


def load_saboteurs(folder: Path = SABOTEURS) -> list[Saboteur]:
    """Every saboteur of a folder, by id. Raises SabotageError."""
    return [_load(path) for path in sorted(folder.glob("*.yaml"))]


def build(saboteur: Saboteur, folder: Path) -> list[str]:
    """Copy the twin into a folder with the patch applied; return the command that runs the copy.

    Raises SabotageError.
    """
    texts = saboteur.patched_files()
    return (_build_python if saboteur.twin == "python" else _build_node)(texts, folder)


def _build_python(texts: dict[str, str], folder: Path) -> list[str]:
    shutil.copytree(
        PYTHON / "task_timer", folder / "task_timer", ignore=shutil.ignore_patterns("__pycache__")
    )
    for file, text in texts.items():
        (folder / "task_timer" / file).write_text(text, encoding="utf-8")
    return ["env", f"PYTHONPATH={folder}", *command_for("python")]


def _build_node(texts: dict[str, str], folder: Path) -> list[str]:
    shutil.copytree(NODE / "dist", folder / "dist")
    shutil.copy(NODE / "package.json", folder)
    (folder / "node_modules").symlink_to(NODE / "node_modules")
    for file, text in texts.items():
        compiled = folder / "dist" / Path(file).with_suffix(".js")
        compiled.write_text(_transpile(text), encoding="utf-8")
    return [node_program(), str(folder / "dist" / "main.js")]


def _transpile(text: str) -> str:
    run = subprocess.run(
        [node_program(), str(_TRANSPILE)],
        input=text,
        env={**os.environ, "NODE_PACKAGE": str(NODE / "package.json")},
        capture_output=True,
        text=True,
    )
    if run.returncode != 0:
        raise SabotageError(f"TypeScript could not be transpiled:\n{run.stderr}")
    return run.stdout


def _load(path: Path) -> Saboteur:
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    fault = next(_validator().iter_errors(data), None)
    if fault is not None:
        raise SabotageError(f"{path}: /{'/'.join(map(str, fault.instance_path))}: {fault.message}")
    if data["id"] != path.stem:
        raise SabotageError(f"{path}: its id is {data['id']}")
    patch = tuple(Replacement(**each) for each in data.get("patch", ()))
    return Saboteur(**{**data, "patch": patch, "sql": tuple(data.get("sql", ()))})


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(json.loads(_SCHEMA.read_text(encoding="utf-8")))
