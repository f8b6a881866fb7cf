"""Lines of code by layer: non-blank ones, including comments and docstrings.

The twins have the same comments, so these do not affect the comparison.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from testbed.paths import NODE, NODE_ADAPTERS, PYTHON, PYTHON_ADAPTERS
from tooling.benchmark.contestants import Contestant

_LAYERS = {
    "api/routes": "routes",
    "api/schemas": "schemas",
    "api/middleware": "middleware",
    "api": "rest of the web layer",
    "services": "services",
    "models": "models",
    "server": "HTTP server",
    "utils": "utilities",
    "": "assembly, settings, database",
}
_SUFFIXES = {"python": (".py",), "node": (".ts", ".js", ".mjs")}


def lines_by_layer(contestant: Contestant) -> dict[str, int]:
    """Return the lines of a twin by layer; of an adapter its own; none for a baseline."""
    if contestant.is_baseline:
        return {}
    suffixes = _SUFFIXES[contestant.runtime]
    if contestant.role == "adapter":
        adapters = PYTHON_ADAPTERS if contestant.runtime == "python" else NODE_ADAPTERS
        return {"own web layer": _sum(_files(adapters / contestant.name, suffixes))}
    base = PYTHON / "task_timer" if contestant.runtime == "python" else NODE / "src"
    counted = dict.fromkeys(_LAYERS.values(), 0)
    for path in _files(base, suffixes):
        counted[_layer(path.relative_to(base))] += count(path)
    if contestant.runtime == "node":
        counted["models"] += count(NODE / "prisma" / "schema.prisma")
    return counted


def count(path: Path) -> int:
    """Return the number of non-blank lines of a file."""
    return sum(1 for line in path.read_text(encoding="utf-8").splitlines() if line.strip())


def totals(lines: Mapping[str, int]) -> int:
    """Return the sum of all layers."""
    return sum(lines.values())


def _layer(path: Path) -> str:
    folders = [str(folder) for folder in path.parents]
    return next(_LAYERS[name] for name in (*folders, "") if name in _LAYERS)


def _files(base: Path, suffixes: tuple[str, ...]) -> Iterable[Path]:
    """Yield the sources below a folder, except generated and installed files and tests."""
    left_out = {"generated", "node_modules", "dist", "tests", "__pycache__"}
    for path in sorted(base.rglob("*")):
        within = path.relative_to(base)
        if path.suffix in suffixes and not left_out & set(within.parts):
            yield path


def _sum(paths: Iterable[Path]) -> int:
    return sum(map(count, paths))
