"""Reads the sources of both twins: files by shared name, functions, test cases."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from testbed.paths import NODE, PYTHON

PACKAGE = PYTHON / "task_timer"
SOURCES = NODE / "src"

_TS_FUNCTION = re.compile(
    r"(?:/\*\*(?P<doc>(?:(?!\*/).)*)\*/\s*)?"
    r"^export (?:async )?(?:function\*? |const )(?P<name>[a-z]\w*)",
    re.DOTALL | re.MULTILINE,
)
# test("…", () => …) and test.each(…)("…", () => …).
_TS_TEST = re.compile(
    r"(?:\b(?:test|it)|\))\(\s*([\"`])(?P<name>.+?)\1\s*,\s*(?:async\b|\(|\{|function)", re.DOTALL
)
_PLACEHOLDER = re.compile(r"[:,]? ?%[.\d]*\w|\$\w+")
_PRISMA_MODEL = re.compile(r"^model (\w+)", re.MULTILINE)
# These exist in different folders in each language.
_INDEXES = ("__init__.py", "index.ts")


@dataclass(frozen=True)
class Function:
    """A public function: its name in snake case and the first sentence of its description."""

    name: str
    sentence: str


def snake_case(name: str) -> str:
    """Convert `createTask` and `create-task` to `create_task`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()


def first_sentence(comment: str) -> str:
    """Return the first sentence of a docstring or JSDoc comment, with names in snake case."""
    words = re.sub(r"^\s*\*? ?", "", comment, flags=re.MULTILINE).split()
    sentence = re.split(r"(?<=\.)\s", " ".join(words), maxsplit=1)[0]
    return re.sub(r"`(\w+)`", lambda found: f"`{snake_case(found[1])}`", sentence)


def python_functions(source: str) -> list[Function]:
    """Return the public functions of a Python module, in order."""
    return [
        Function(node.name, first_sentence(ast.get_docstring(node) or ""))
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[0] != "_"
    ]


def typescript_functions(source: str) -> list[Function]:
    """Return the exported functions of a TypeScript module, in order."""
    return [
        Function(snake_case(found["name"]), first_sentence(found["doc"] or ""))
        for found in _TS_FUNCTION.finditer(source)
    ]


def python_cases(source: str) -> dict[str, str]:
    """Return the test functions of a Python module, by normalised name."""
    names = (
        node.name.removeprefix("test_")
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )
    return {_letters(name): name for name in names}


def typescript_cases(source: str) -> dict[str, str]:
    """Return the test cases of a Vitest module, by normalised name."""
    names = (_PLACEHOLDER.sub("", found["name"]) for found in _TS_TEST.finditer(source))
    return {_letters(name): name for name in names}


def python_files() -> dict[str, Path]:
    """Return the files of the Python twin by the name that they share with their counterpart."""
    files = {_stem(path, PACKAGE): path for path in _below(PACKAGE, "*.py")}
    for path in _below(PYTHON / "tests", "*.py"):
        files[_stem(path, PYTHON).replace("tests/test_", "tests/")] = path
    return files


def node_files() -> dict[str, Path]:
    """Return the files of the Node twin, and its Prisma models, by their shared name."""
    schema = NODE / "prisma/schema.prisma"
    models = _PRISMA_MODEL.findall(schema.read_text(encoding="utf-8"))
    files = {f"models/{snake_case(name)}": schema for name in models}
    files |= {snake_case(_stem(path, SOURCES)): path for path in _below(SOURCES, "*.ts")}
    files |= {snake_case(_stem(path, NODE)): path for path in _below(NODE / "tests", "*.ts")}
    return files


def _below(folder: Path, pattern: str) -> Iterator[Path]:
    for path in sorted(folder.rglob(pattern)):
        if path.name not in _INDEXES and "generated" not in path.parts:
            yield path


def _stem(path: Path, base: Path) -> str:
    within = path.relative_to(base)
    return str(within.with_name(within.name.split(".")[0]))


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
