"""The contract tests before anything is measured: no figures without parity in the same run."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twins.paths import BUILD, ROOT

PARTS = ("stories", "traps", "generated")
# The twins come last, so that the report that stays is theirs.
PAIRS = (("fastapi", "fastify"), ("python", "node"))
REPORT = BUILD / "contract-report.json"


class ParityError(Exception):
    """Contestants differ, or break the contract; the message is a sentence."""


@dataclass(frozen=True)
class ContractTests:
    """The command that runs them, and the report that it leaves.

    It is told SERVERS, PROFILE and SEED, and the parts to run as arguments.
    """

    command: Sequence[str] = (sys.executable, "-m", "twins.suite")
    report: Path = REPORT

    def hold(self, pair: Sequence[str], profile: str, seed: int) -> dict[str, Any]:
        """Run them on a pair, and give what the page says of it. Raises ParityError."""
        told = {"SERVERS": ",".join(pair), "PROFILE": profile, "SEED": str(seed)}
        self.report.unlink(missing_ok=True)
        run = subprocess.run([*self.command, *PARTS], cwd=ROOT, env=os.environ | told)
        if not self.report.exists():
            raise ParityError(
                f"No figures are published: the contract tests of {_names(pair)} could not run."
            )
        report = json.loads(self.report.read_text(encoding="utf-8"))
        findings = len(report["findings"])
        if run.returncode != 0 or findings:
            raise ParityError(
                f"No figures are published: the contract tests of {_names(pair)} end with"
                f" {findings} {'finding' if findings == 1 else 'findings'}."
                f" {self.report.with_suffix('.html')} shows them."
            )
        return {
            "servers": list(pair),
            "profile": profile,
            "seed": report["seed"],
            "requests": report["requests"],
            "exchanges": report["exchanges"],
            "seconds": report["seconds"],
            "findings": findings,
        }


def _names(pair: Sequence[str]) -> str:
    return " and ".join(pair)
