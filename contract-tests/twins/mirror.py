"""Lists where the twins do not mirror each other: files without their pair, names without theirs.

python -m twins.mirror

`task_service.py` pairs with `task-service.ts`, `models/task.py` with the model in schema.prisma,
`test_cursor.py` with `cursor.test.ts`. In services, routes and the server the public functions
must have the same names in the same order and the same first sentence; test files must have the
same cases.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from twins.paths import ROOT
from twins.sources import (
    Function,
    node_files,
    python_cases,
    python_files,
    python_functions,
    typescript_cases,
    typescript_functions,
)

EXCEPTIONS = Path(__file__).with_name("mirror.yaml")
_FUNCTIONS_COMPARED = ("services/", "api/routes/", "server/")
_CASES_COMPARED = "tests/"


@dataclass(frozen=True)
class Fault:
    """What is not mirrored; `place` names it in mirror.yaml."""

    place: str
    text: str


def file_faults(python: dict[str, Path], node: dict[str, Path]) -> Iterator[Fault]:
    """Tell which files have no pair."""
    for name in sorted(python.keys() ^ node.keys()):
        path = python.get(name) or node[name]
        place = str(path.relative_to(ROOT))
        yield Fault(place, "its pair is missing")


def function_faults(pair: str, python: list[Function], node: list[Function]) -> Iterator[Fault]:
    """Tell how the functions of two paired files differ."""
    ours, theirs = [each.name for each in python], [each.name for each in node]
    yield from _only_faults(pair, {name: name for name in ours}, {name: name for name in theirs})
    if set(ours) == set(theirs) and ours != theirs:
        yield Fault(pair, f"the same functions in another order: {ours} and {theirs}")
    said = {each.name: each.sentence for each in node}
    for each in python:
        if said.get(each.name, each.sentence) != each.sentence:
            yield Fault(f"{pair}: {each.name}", "described by two sentences")


def case_faults(pair: str, python: dict[str, str], node: dict[str, str]) -> Iterator[Fault]:
    """Tell which test cases of two paired files only one of them has."""
    yield from _only_faults(pair, python, node)


def unexcused(found: list[Fault], reasons: dict[str, str]) -> list[Fault]:
    """The faults without a reason, and the reasons without a fault."""
    places = {fault.place for fault in found}
    stale = sorted(reasons.keys() - places)
    return [
        *(fault for fault in found if fault.place not in reasons),
        *(Fault(place, "excused in mirror.yaml without need") for place in stale),
    ]


def _only_faults(pair: str, python: dict[str, str], node: dict[str, str]) -> Iterator[Fault]:
    for key in sorted(python.keys() ^ node.keys()):
        twin = "Python" if key in python else "Node"
        name = python.get(key) or node[key]
        yield Fault(f"{pair}: {name}", f"only in the {twin} twin")


def _all_faults() -> Iterator[Fault]:
    python, node = python_files(), node_files()
    yield from file_faults(python, node)
    for pair in sorted(python.keys() & node.keys()):
        ours, theirs = (path[pair].read_text(encoding="utf-8") for path in (python, node))
        if pair.startswith(_FUNCTIONS_COMPARED):
            yield from function_faults(pair, python_functions(ours), typescript_functions(theirs))
        elif pair.startswith(_CASES_COMPARED):
            yield from case_faults(pair, python_cases(ours), typescript_cases(theirs))


def main() -> int:
    """Print the faults; return 1 if there are any."""
    reasons = yaml.safe_load(EXCEPTIONS.read_text(encoding="utf-8"))
    found = unexcused(list(_all_faults()), reasons)
    for fault in found:
        print(f"{fault.place}: {fault.text}")
    if not found:
        print("The twins mirror each other.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
