"""Known vulnerabilities of the packages that the twins run with, if advisories are available."""

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from testbed.paths import NODE, PYTHON, TOOLING
from testbed.servers import Kind

NOTES = Path(__file__).with_name("not-reachable.yaml")
_PIP_AUDIT = TOOLING / "audit" / ".venv" / "bin" / "pip-audit"
_SECONDS = 120


class NoteError(Exception):
    """A note explains an advisory that does not exist."""


@dataclass(frozen=True)
class Advisory:
    """A known vulnerability; `because` is why it cannot be reached, None if it may be."""

    package: str
    id: str
    because: str | None = None


@dataclass(frozen=True)
class Audit:
    """The advisories of one runtime, or the reason why they are unknown here."""

    advisories: tuple[Advisory, ...] | None
    reason: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the audit for compare.json."""
        if self.advisories is None:
            return {"known": None, "reason": self.reason}
        known = [{"package": a.package, "id": a.id, "because": a.because} for a in self.advisories]
        return {"known": known, "reason": None}


def audits(notes: Path = NOTES) -> dict[Kind, Audit]:
    """Query the advisories for both runtimes. Raises NoteError."""
    return explained(
        {"python": read_pip_audit(_ask_pip_audit()), "node": read_npm_audit(_ask_npm_audit())},
        yaml.safe_load(notes.read_text(encoding="utf-8")) or [],
    )


def read_pip_audit(output: str) -> Audit:
    """Parse the output of `pip-audit --format json`."""
    try:
        dependencies = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Audit(None, f"pip-audit failed: {_last_line(output)}")
    skipped = [each["name"] for each in dependencies if "skip_reason" in each]
    if skipped:
        return Audit(
            None,
            f"the configured package index has no advisories for {len(skipped)}"
            f" of {len(dependencies)} packages",
        )
    return Audit(
        tuple(
            Advisory(each["name"], found["id"])
            for each in dependencies
            for found in each.get("vulns", ())
        )
    )


def read_npm_audit(output: str) -> Audit:
    """Parse the output of `npm audit --json`."""
    try:
        report = json.loads(output)
        vulnerabilities = report["vulnerabilities"]
    except (ValueError, KeyError, TypeError):
        return Audit(None, "the configured npm registry does not respond to npm audit")
    found = {
        (name, str(via.get("url", via.get("source"))).rsplit("/", 1)[-1])
        for name, each in vulnerabilities.items()
        for via in each["via"]
        if isinstance(via, dict)
    }
    return Audit(tuple(Advisory(name, identifier) for name, identifier in sorted(found)))


def explained(found: Mapping[Kind, Audit], notes: Iterable[Mapping[str, str]]) -> dict[Kind, Audit]:
    """Add the notes: {runtime, package, id, because}. Raises NoteError for an outdated one."""
    reasons = {(note["runtime"], note["package"], note["id"]): note["because"] for note in notes}
    result: dict[Kind, Audit] = {}
    for runtime, audit in found.items():
        ours = {key[1:]: because for key, because in reasons.items() if key[0] == runtime}
        if audit.advisories is None:
            result[runtime] = audit
            continue
        stale = set(ours) - {(each.package, each.id) for each in audit.advisories}
        if stale:
            listed = ", ".join(f"{package} {identifier}" for package, identifier in sorted(stale))
            raise NoteError(
                f"{NOTES.name} explains vulnerabilities that are no longer found: {listed}"
            )
        result[runtime] = Audit(
            tuple(Advisory(a.package, a.id, ours.get((a.package, a.id))) for a in audit.advisories)
        )
    return result


def _ask_pip_audit() -> str:
    options = ["--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off"]
    requirements = str(PYTHON / "requirements.txt")
    return _output([str(_PIP_AUDIT), *options, "--requirement", requirements], PYTHON)


def _ask_npm_audit() -> str:
    return _output(["npm", "audit", "--omit=dev", "--json"], NODE)


def _output(command: Sequence[str], folder: Path) -> str:
    """Return the output of a command; both exit with a special status if they find something."""
    try:
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return run.stdout or run.stderr


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it printed nothing"])[-1]
