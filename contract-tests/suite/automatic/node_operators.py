"""The operators for TypeScript, and the compiler errors of a change."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lockstep.mutants import MutantError
from suite.automatic.changes import Change, numbered
from testbed.paths import NODE, ROOT
from testbed.servers import node_program

_SCRIPT = Path(__file__).with_suffix(".mjs")
_PROJECT = NODE / "tsconfig.build.json"


def node_changes(sources: Mapping[str, str]) -> Iterator[Change]:
    """Yield all changes of modules, given by path."""
    for file, found in _run({"list": sources}).items():
        ordered = sorted(found, key=lambda each: (each["start"], -each["end"]))
        yield from numbered(Change("node", file, **each) for each in ordered)


def syntax_faults(texts: Sequence[str]) -> list[int]:
    """Return the number of syntax errors of each text."""
    return [int(count) for count in _run({"parse": list(texts)})]


def type_faults(changed: Sequence[tuple[str, str]]) -> list[str]:
    """Return the first compiler error of each changed module, by path; empty without one."""
    request = {
        "check": [(str(ROOT / file), text) for file, text in changed],
        "project": str(_PROJECT),
    }
    return [str(fault) for fault in _run(request)] if changed else []


def _run(request: Mapping[str, Any]) -> Any:
    run = subprocess.run(
        [node_program(), str(_SCRIPT)],
        input=json.dumps(request),
        env={**os.environ, "NODE_PACKAGE": str(NODE / "package.json")},
        capture_output=True,
        text=True,
    )
    if run.returncode != 0:
        raise MutantError(f"{_SCRIPT.name}:\n{run.stderr}")
    return json.loads(run.stdout)
