"""Formats samples with the formatters of their languages: ruff and Biome."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from testbed.paths import NODE

_WIDTH = 80
_RUFF = [sys.executable, "-m", "ruff", "format", "--isolated", f"--line-length={_WIDTH}"]
_BIOME = [
    str(NODE / "node_modules/.bin/biome"),
    "format",
    "--write",
    "--indent-style=space",
    f"--line-width={_WIDTH}",
]


class LayoutError(Exception):
    """A formatter rejected a sample as invalid; the message is the formatter's."""


def lay_out_python(sources: Mapping[str, str]) -> dict[str, str]:
    """Format Python modules by name. Raises LayoutError."""
    return _laid_out(_RUFF, ".py", sources)


def lay_out_node(sources: Mapping[str, str]) -> dict[str, str]:
    """Format ES modules by name. Raises LayoutError."""
    return _laid_out(_BIOME, ".mjs", sources)


def _laid_out(command: Sequence[str], ending: str, sources: Mapping[str, str]) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        for title, source in sources.items():
            (directory / f"{title}{ending}").write_text(source, encoding="utf-8")
        run = subprocess.run(
            [*command, "."],
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if run.returncode != 0:
            raise LayoutError(run.stdout)
        return {
            title: (directory / f"{title}{ending}").read_text(encoding="utf-8") for title in sources
        }
