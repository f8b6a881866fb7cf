"""The packages that a server needs: direct dependencies, all dependencies, and their size."""

import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from testbed.paths import NODE, NODE_ADAPTERS, PYTHON, PYTHON_ADAPTERS
from tooling.benchmark.contestants import Contestant


def packages(contestant: Contestant) -> dict[str, Any] | None:
    """Return the numbers of direct and of all packages, and their size in bytes without bytecode.

    Returns None for a baseline, which uses the packages of its twin.
    """
    if contestant.is_baseline:
        return None
    return (_of_python if contestant.runtime == "python" else _of_node)(contestant)


def required(lines: Iterable[str]) -> list[Requirement]:
    """Parse the requirements of a requirements.in; options and comments are skipped."""
    stripped = (re.sub(r"(^|\s)#.*", "", line).strip() for line in lines)
    return [Requirement(line) for line in stripped if line and not line.startswith("-")]


def closure(direct: Iterable[Requirement]) -> dict[str, Distribution]:
    """Return the packages that requirements with their extras install, by name.

    Raises PackageNotFoundError if one is missing.
    """
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    todo = list(direct)
    while todo:
        requirement = todo.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if (name, extras) not in seen:
            seen.add((name, extras))
            found[name] = distribution(name)
            todo += _needs(found[name], extras)
    return found


def _needs(package: Distribution, extras: frozenset[str]) -> Iterator[Requirement]:
    for text in package.requires or ():
        needed = Requirement(text)
        markers = [{"extra": extra} for extra in (*extras, "")]
        if needed.marker is None or any(map(needed.marker.evaluate, markers)):
            yield needed


def _of_python(contestant: Contestant) -> dict[str, Any]:
    direct = required((PYTHON / "requirements.in").read_text(encoding="utf-8").splitlines())
    own = PYTHON_ADAPTERS / contestant.name / "requirements.in"
    if contestant.role == "adapter" and own.exists():
        direct += required(own.read_text(encoding="utf-8").splitlines())
    everything = closure(direct)
    size = sum(_bytes(_files(package)) for package in everything.values())
    return {"direct": len(direct), "all": len(everything), "bytes": size}


def _files(package: Distribution) -> Iterator[Path]:
    for path in package.files or ():
        if path.suffix != ".pyc":
            yield Path(str(path.locate()))


def _of_node(contestant: Contestant) -> dict[str, Any]:
    folders = _installed(NODE)
    direct = _direct(NODE)
    own = NODE_ADAPTERS / contestant.name
    if contestant.role == "adapter" and (own / "package.json").exists():
        folders |= _installed(own)
        direct |= _direct(own)
    size = sum(_bytes(_own_files(folder)) for folder in folders)
    return {"direct": len(direct), "all": len(folders), "bytes": size}


def _installed(project: Path) -> set[Path]:
    """Return the folders of production packages, as listed by npm."""
    command = ["npm", "ls", "--omit=dev", "--all", "--parseable"]
    output = subprocess.run(command, cwd=project, capture_output=True, text=True).stdout
    return {Path(line).resolve() for line in output.splitlines() if "node_modules" in line}


def _direct(project: Path) -> set[str]:

    described = json.loads((project / "package.json").read_text(encoding="utf-8"))
    return set(described.get("dependencies", ()))


def _own_files(folder: Path) -> Iterator[Path]:
    """Yield the files of a package without those of nested packages, which count separately."""
    for path in folder.rglob("*"):
        if "node_modules" not in path.relative_to(folder).parts:
            yield path


def _bytes(paths: Iterable[Path]) -> int:
    return sum(path.stat().st_size for path in paths if path.is_file())
