"""Lists where the twins do not mirror each other: files and names without a counterpart.

python -m suite.mirror

`task_service.py` pairs with `task-service.ts`, `models/task.py` with the model in schema.prisma,
`test_cursor.py` with `cursor.test.ts`. In services, routes and the server the public functions must
have the same names in the same order and the same first sentence; test files must have the same
cases. Common functions take their arguments in the same order, and both list middleware alike.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from testbed.paths import MIRROR_EXCEPTIONS, ROOT
from testbed.signatures import (
    python_arguments,
    python_middleware,
    typescript_arguments,
    typescript_middleware,
)
from testbed.sources import (
    Function,
    node_files,
    python_cases,
    python_files,
    python_functions,
    typescript_cases,
    typescript_functions,
)

_FUNCTIONS_COMPARED = ("services/", "api/routes/", "server/")
# The functions that list the middleware for requests and responses, by file.
_MIDDLEWARE_LISTED = {"api/checks": ("checks", "finisher")}
_CASES_COMPARED = "tests/"
# Models are paired with a Prisma schema.
_CODE = ".ts"


@dataclass(frozen=True)
class Fault:
    """A mirroring fault; `place` identifies it in mirror.yaml."""

    place: str
    text: str


def file_faults(python: dict[str, Path], node: dict[str, Path]) -> Iterator[Fault]:
    """Find the files without a pair."""
    for name in sorted(python.keys() ^ node.keys()):
        path = python.get(name) or node[name]
        place = str(path.relative_to(ROOT))
        yield Fault(place, "its counterpart is missing")


def function_faults(pair: str, python: list[Function], node: list[Function]) -> Iterator[Fault]:
    """Compare the functions of two paired files."""
    ours, theirs = [each.name for each in python], [each.name for each in node]
    yield from _only_faults(pair, {name: name for name in ours}, {name: name for name in theirs})
    if set(ours) == set(theirs) and ours != theirs:
        yield Fault(pair, f"the same functions in a different order: {ours} and {theirs}")
    sentences = {each.name: each.sentence for each in node}
    for each in python:
        if sentences.get(each.name, each.sentence) != each.sentence:
            yield Fault(f"{pair}: {each.name}", "the docstrings differ")


def argument_faults(
    pair: str, python: dict[str, list[str]], node: dict[str, list[str]]
) -> Iterator[Fault]:
    """Find functions of two paired files whose common arguments are in another order."""
    for name in python.keys() & node.keys():
        ours = [each for each in python[name] if each in node[name]]
        theirs = [each for each in node[name] if each in python[name]]
        if ours != theirs:
            text = f"the same arguments in a different order: {ours} and {theirs}"
            yield Fault(f"{pair}: arguments of {name}", text)


def middleware_faults(place: str, python: list[str], node: list[str]) -> Iterator[Fault]:
    """Compare two lists of middleware."""
    yield from _only_faults(place, {name: name for name in python}, {name: name for name in node})
    ours = [each for each in python if each in node]
    theirs = [each for each in node if each in python]
    if ours != theirs:
        yield Fault(place, f"the same middleware in a different order: {ours} and {theirs}")


def case_faults(pair: str, python: dict[str, str], node: dict[str, str]) -> Iterator[Fault]:
    """Find test cases that only one of two paired files has."""
    yield from _only_faults(pair, python, node)


def unexcused(found: list[Fault], reasons: dict[str, str]) -> list[Fault]:
    """Return the faults without an exception, and the exceptions without a fault."""
    places = {fault.place for fault in found}
    stale = sorted(reasons.keys() - places)
    return [
        *(fault for fault in found if fault.place not in reasons),
        *(Fault(place, "listed in mirror.yaml, but not needed") for place in stale),
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
        if node[pair].suffix == _CODE and not pair.startswith(_CASES_COMPARED):
            arguments = python_arguments(ours), typescript_arguments(theirs)
            yield from argument_faults(pair, *arguments)
        for function in _MIDDLEWARE_LISTED.get(pair, ()):
            listed = python_middleware(ours, function), typescript_middleware(theirs, function)
            yield from middleware_faults(f"{pair}: {function}", *listed)
        if pair.startswith(_FUNCTIONS_COMPARED):
            yield from function_faults(pair, python_functions(ours), typescript_functions(theirs))
        elif pair.startswith(_CASES_COMPARED):
            yield from case_faults(pair, python_cases(ours), typescript_cases(theirs))


def main() -> int:
    """Print the faults; return 1 if there are any."""
    reasons = yaml.safe_load(MIRROR_EXCEPTIONS.read_text(encoding="utf-8"))
    found = unexcused(list(_all_faults()), reasons)
    for fault in found:
        print(f"{fault.place}: {fault.text}")
    if not found:
        print("The twins mirror each other.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
