"""A face is another framework over a twin's services: thin, and without the twin's framework."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from testbed.paths import FACES, NODE, PYTHON

MAX_LINES = 250
# What is imported, in TypeScript: from "express", import "express", import("express").
IMPORTS = {
    ".py": re.compile(r"^\s*(?:from|import)\s+([\w.]+)", re.MULTILINE),
    ".ts": re.compile(r'\b(?:from|import)\s*\(?\s*"([^"]+)"'),
}


@dataclass(frozen=True)
class Face:
    """A face, and the twin that it stands before.

    framework: the twin's own; only the files named in `knowing` may import it.
    """

    folder: Path
    twin: Path
    framework: str
    knowing: frozenset[str]


FASTAPI = Face(FACES / "fastapi", PYTHON / "task_timer", "flask", frozenset({"app.py"}))
FASTIFY = Face(FACES / "fastify/src", NODE / "src", "express", frozenset({"app.ts"}))
each_face = pytest.mark.parametrize(
    "face", [pytest.param(FASTAPI, id="fastapi"), pytest.param(FASTIFY, id="fastify")]
)


def sources(folder: Path) -> Iterator[Path]:
    """The sources below a folder, without what is generated."""
    paths = sorted(path for suffix in IMPORTS for path in folder.rglob(f"*{suffix}"))
    return (path for path in paths if "generated" not in path.parts)


def knowing(folder: Path, framework: str) -> set[str]:
    """The sources below a folder that import a framework or a part of it."""
    return {
        str(path.relative_to(folder))
        for path in sources(folder)
        for name in IMPORTS[path.suffix].findall(path.read_text(encoding="utf-8"))
        if re.split("[/.]", name)[0] == framework
    }


@each_face
def test_face_is_thin(face: Face) -> None:
    lines = [len(path.read_text(encoding="utf-8").splitlines()) for path in sources(face.folder)]
    assert 0 < sum(lines) < MAX_LINES


@each_face
def test_face_knows_nothing_of_the_twins_framework(face: Face) -> None:
    assert knowing(face.folder, face.framework) == set()


@each_face
def test_framework_of_a_twin_is_known_in_one_place(face: Face) -> None:
    assert knowing(face.twin, face.framework) == face.knowing
