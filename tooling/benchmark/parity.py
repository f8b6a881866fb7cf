"""Runs the contract tests before measuring: no figures without parity in the same run."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed.paths import BUILD, ROOT
from testbed.reports import PARTS, report_name

# Requests to a single server do not test parity, so a quick run skips them.
_QUICK_PARTS = ("lockstep", "traps", "populated")


class ParityError(Exception):
    """Servers differ, or violate the contract; the message is a sentence."""


@dataclass(frozen=True)
class ContractTests:
    """The command that runs the contract tests, and the folder of its report.

    SERVERS, PROFILE and SEED are passed as environment variables, the parts to run as arguments.
    """

    command: Sequence[str] = (sys.executable, "-m", "suite")
    folder: Path = BUILD

    def hold(self, servers: Sequence[str], profile: str, seed: int) -> dict[str, Any]:
        """Run the tests on servers, and return the page's data about them. Raises ParityError."""
        variables = {"SERVERS": ",".join(servers), "PROFILE": profile, "SEED": str(seed)}
        names = ", ".join(servers)
        parts = _QUICK_PARTS if profile == "quick" else PARTS
        path = self.folder / f"{report_name(servers, parts)}-report.json"
        path.unlink(missing_ok=True)
        run = subprocess.run([*self.command, *parts], cwd=ROOT, env=os.environ | variables)
        if not path.exists():
            raise ParityError(
                f"No figures are published: the contract tests of {names} could not run."
            )
        report = json.loads(path.read_text(encoding="utf-8"))
        findings = len(report["findings"])
        if run.returncode != 0 or findings:
            raise ParityError(
                f"No figures are published: the contract tests of {names} end with {findings}"
                f" {'finding' if findings == 1 else 'findings'}; see {path.with_suffix('.html')}"
            )
        return {
            "servers": list(servers),
            "profile": profile,
            "seed": report["seed"],
            "requests": report["requests"],
            "exchanges": report["exchanges"],
            "seconds": report["seconds"],
            "findings": findings,
        }
