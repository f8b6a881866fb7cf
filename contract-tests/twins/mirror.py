"""Lists where the twins do not mirror each other: files without their pair, names without theirs.

python -m twins.mirror

`task_service.py` pairs with `task-service.ts`, `models/task.py` with the model in schema.prisma,
`test_task_service.py` with `task-service.test.ts`. In services and routes the public functions must
have the same names in the same order, and the same first docstring sentence.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from twins.paths import NODE, PYTHON, ROOT

_EXCEPTIONS = Path(__file__).with_name("mirror.yaml")
_PACKAGE = PYTHON / "task_timer"
_SOURCES = NODE / "src"
_NAMES_COMPARED = ("services", "api/routes")
_TS_FUNCTION = re.compile(
    r"(?:/\*\*(?P<doc>(?:(?!\*/).)*)\*/\s*)?"
    r"^export (?:async )?(?:function\*? |const )(?P<name>[a-z]\w*)",
    re.DOTALL | re.MULTILINE,
)
_PRISMA_MODEL = re.compile(r"^model (\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Function:
    """A public function: its name in snake case and the first sentence said about it."""

    name: str
    sentence: str


def snake_case(name: str) -> str:
    """`createTask` and `create-task` as `create_task`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()


def first_sentence(comment: str) -> str:
    """The first sentence of a docstring or a JSDoc comment on one line; names in snake case."""
    words = re.sub(r"^\s*\*? ?", "", comment, flags=re.MULTILINE).split()
    sentence = re.split(r"(?<=\.)\s", " ".join(words), maxsplit=1)[0]
    return re.sub(r"`(\w+)`", lambda found: f"`{snake_case(found[1])}`", sentence)


def python_functions(source: str) -> list[Function]:
    """The public functions of a Python module, in order."""
    return [
        Function(node.name, first_sentence(ast.get_docstring(node) or ""))
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[0] != "_"
    ]


def typescript_functions(source: str) -> list[Function]:
    """The exported functions of a TypeScript module, in order."""
    return [
        Function(snake_case(found["name"]), first_sentence(found["doc"] or ""))
        for found in _TS_FUNCTION.finditer(source)
    ]


def name_faults(pair: str, python: list[Function], node: list[Function]) -> Iterator[str]:
    """Tell how the functions of two paired files differ."""
    ours, theirs = [each.name for each in python], [each.name for each in node]
    if set(ours) != set(theirs):
        for name in sorted(set(ours) ^ set(theirs)):
            yield f"{pair}: {name} is only in the {'Python' if name in ours else 'Node'} twin"
    elif ours != theirs:
        yield f"{pair}: the same functions in another order: {ours} and {theirs}"
    said = {each.name: each.sentence for each in node}
    for each in python:
        if said.get(each.name, each.sentence) != each.sentence:
            yield f"{pair}: {each.name} is described by two sentences"


def unpaired_files() -> set[str]:
    """The files, by path from the root, whose pair is missing."""
    python = {_pair_of_python(path): path for path in _files(PYTHON, ".py")}
    node = {_pair_of_node(path): path for path in _files(NODE, ".ts")}
    models = {f"models/{snake_case(name)}" for name in _PRISMA_MODEL.findall(_prisma_schema())}
    lonely = python.keys() ^ (node.keys() | models)
    return {_relative((python | node).get(name, NODE / "prisma/schema.prisma")) for name in lonely}


def _files(twin: Path, suffix: str) -> Iterator[Path]:
    roots = {PYTHON: (_PACKAGE, PYTHON / "tests"), NODE: (_SOURCES, NODE / "tests")}[twin]
    for root in roots:
        for path in sorted(root.rglob(f"*{suffix}")):
            # Which folders have one of these depends on the language.
            if path.name not in ("__init__.py", "index.ts") and "generated" not in path.parts:
                yield path


def _pair_of_python(path: Path) -> str:
    if path.is_relative_to(PYTHON / "tests"):
        within = path.relative_to(PYTHON).with_suffix("")
        return str(within.with_name(within.name.removeprefix("test_")))
    return str(path.relative_to(_PACKAGE).with_suffix(""))


def _pair_of_node(path: Path) -> str:
    base = NODE if path.is_relative_to(NODE / "tests") else _SOURCES
    within = path.relative_to(base)
    return snake_case(str(within.with_name(within.name.split(".")[0])))


def _prisma_schema() -> str:
    path = NODE / "prisma/schema.prisma"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _all_name_faults() -> Iterator[str]:
    for folder in _NAMES_COMPARED:
        for path in sorted((_PACKAGE / folder).glob("[a-z]*.py")):
            twin = _SOURCES / folder / f"{path.stem.replace('_', '-')}.ts"
            if twin.exists():
                yield from name_faults(
                    f"{folder}/{path.stem}",
                    python_functions(path.read_text(encoding="utf-8")),
                    typescript_functions(twin.read_text(encoding="utf-8")),
                )


def faults() -> list[str]:
    """All that is not mirrored without a reason in mirror.yaml, and reasons without need."""
    reasons: dict[str, str] = yaml.safe_load(_EXCEPTIONS.read_text(encoding="utf-8")) or {}
    unpaired = unpaired_files()
    return [
        *(f"{path}: its pair is missing" for path in sorted(unpaired - reasons.keys())),
        *(
            f"{path}: excused in mirror.yaml, but paired or gone"
            for path in reasons.keys() - unpaired
        ),
        *_all_name_faults(),
    ]


def main() -> int:
    """Print the faults; return 1 if there are any."""
    found = faults()
    print(*(found or ["The twins mirror each other."]), sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
