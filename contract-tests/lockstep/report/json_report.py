"""The result of a run as data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lockstep.coverage import OperationRecord
from lockstep.findings import Finding
from lockstep.report.curl import steps
from lockstep.verdict import Stage, Verdict

# Raised when a member changes its meaning or goes away; new members do not raise it.
SCHEMA_VERSION = 1


def write_json(verdict: Verdict, path: Path) -> None:
    """Write the report, with the folders that it needs; `OSError` when that fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(as_data(verdict), ensure_ascii=False, indent=2)
    path.write_text(text + "\n", encoding="utf-8")


def as_data(verdict: Verdict) -> dict[str, Any]:
    """The report as JSON data."""
    seen, every = verdict.covered
    return {
        "schema_version": SCHEMA_VERSION,
        "title": verdict.title,
        "exit_code": verdict.exit_code,
        "alike": verdict.exit_code == 0,
        "seed": verdict.seed,
        "seconds": round(verdict.seconds, 3),
        "exchanges": verdict.exchanges,
        "requests": verdict.requests,
        "covered": {"seen": seen, "documented": every},
        "targets": sorted(verdict.coverage.targets),
        "stages": [_stage(stage) for stage in verdict.stages],
        "operations": {
            name: _operation(record)
            for name, record in sorted(verdict.coverage.operations.items())
            if record.requests
        },
        "findings": [_finding(finding) for finding in verdict.findings],
        "missing": [
            {"operation": missing.operation, "status": missing.status, "targets": missing.targets}
            for missing in verdict.missing
        ],
        "problems": verdict.problems,
        "known_differences": [
            {
                "operation": entry.operation,
                "kind": entry.kind,
                "where": entry.where,
                "cause": entry.cause,
                "seen": entry.seen,
            }
            for entry in verdict.known
        ],
    }


def _stage(stage: Stage) -> dict[str, Any]:
    return {
        "title": stage.title,
        "mode": stage.mode,
        "targets": stage.targets,
        "exchanges": stage.exchanges,
        "requests": stage.requests,
        "seconds": round(stage.seconds, 3),
        "findings": stage.findings,
        "stories": [
            {"name": story.name, "requests": story.requests, "problem": story.problem or None}
            for story in stage.stories
        ],
    }


def _operation(record: OperationRecord) -> dict[str, Any]:
    return {
        "exchanges": record.requests,
        "differing": record.differing,
        "nonconforming": dict(record.nonconforming),
        "statuses": {
            name: {str(status): count for status, count in sorted(counts.items())}
            for name, counts in sorted(record.statuses.items())
        },
    }


def _finding(finding: Finding) -> dict[str, Any]:
    last = finding.sequence[-1].requests if finding.sequence else {}
    return {
        "category": finding.category,
        "operation": finding.operation,
        "kind": finding.kind,
        "where": finding.where,
        "targets": finding.targets,
        "values": finding.values,
        "count": finding.count,
        "stage": finding.stage,
        "curl": {name: steps(finding.sequence, name) for name in last},
    }
