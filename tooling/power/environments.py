"""Environments with the servers and other tools, created on first use.

`environments/NAME.txt` pins all packages of a Python environment, the folder `environments/NAME`
those of a Node environment.
"""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tooling.power.places import HERE, WORK

LISTS = HERE / "environments"
_LIMIT = 900


class SetUpError(Exception):
    """An environment cannot be created; the message says why."""


def prepare(name: str) -> Path:
    """Return the folder of an environment, after installing its packages. Raises SetUpError."""
    folder, listed = WORK / "environments" / name, LISTS / name
    files = (
        sorted(listed.iterdir()) if listed.is_dir() else [listed.with_name(f"{listed.name}.txt")]
    )
    wanted = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    stamp = folder / ".stamp"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return folder
    print(f"Setting up {name} ...", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (_node if listed.is_dir() else _python)(folder, files)
    stamp.write_text(wanted, encoding="utf-8")
    return folder


def python(folder: Path) -> str:
    """Return the interpreter of an environment."""
    return str(folder / "bin/python")


def _python(folder: Path, files: Sequence[Path]) -> None:
    _run([sys.executable, "-m", "venv", str(folder)])
    pip = [python(folder), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "-r", str(files[0])])


def _node(folder: Path, files: Sequence[Path]) -> None:
    for file in files:
        shutil.copy(file, folder)
    _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder)


def _run(command: Sequence[str], folder: Path | None = None) -> None:
    try:
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_LIMIT)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetUpError(f"{' '.join(command)}: {error}") from None
    if run.returncode != 0:
        raise SetUpError(f"{' '.join(command)}:\n{run.stderr.strip()[-2000:]}")
