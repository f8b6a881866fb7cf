"""A verdict as data, in the form of `report.schema.json`; every report is written from it."""

from __future__ import annotations

from collections import Counter
from importlib import metadata

from lockstep.explain.severity import LEVELS, level
from lockstep.openapi.inputs import CATEGORIES, Inputs
from lockstep.report.extras import known_data, noise_data, race_data, rule_data, trap_data
from lockstep.report.redact import masked
from lockstep.report.steps import Data, step_data
from lockstep.results.coverage import Coverage, OperationRecord
from lockstep.results.findings import Finding
from lockstep.verdict import ALIKE, COULD_NOT_RUN, DIVERGED, Stage, Verdict

# Raised when a member changes its meaning or goes away; new members do not raise it.
SCHEMA_VERSION = 2
_WORDS = {ALIKE: "alike", DIVERGED: "not alike", COULD_NOT_RUN: "could not run"}


def as_data(verdict: Verdict) -> Data:
    """The report as JSON data; secrets of the verdict are masked in every text."""
    seen, every = verdict.covered
    levels = Counter(level(finding.severity) for finding in verdict.findings)
    data = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "lockstep", "version": metadata.version("lockstep")},
        "title": verdict.title,
        "verdict": _WORDS[verdict.exit_code],
        "exit_code": verdict.exit_code,
        "alike": verdict.exit_code == ALIKE,
        "seed": verdict.seed,
        "seconds": round(verdict.seconds, 3),
        "exchanges": verdict.exchanges,
        "requests": verdict.requests,
        "covered": {"seen": seen, "documented": every},
        "levels": {name: levels[name] for name, _ in LEVELS},
        "targets": _targets(verdict),
        "stages": [_stage(stage) for stage in verdict.stages],
        "operations": _operations(verdict.coverage),
        "findings": [
            finding_data(finding, number) for number, finding in enumerate(verdict.findings, 1)
        ],
        "missing": [
            {
                "operation": missing.operation,
                "status": missing.status,
                "targets": list(missing.targets),
            }
            for missing in verdict.missing
        ],
        "problems": list(verdict.problems),
        "known_differences": [known_data(entry) for entry in verdict.known],
        "notes": list(verdict.notes),
        "not_judged": list(verdict.not_judged),
        "not_tested": list(verdict.not_tested),
        "noise": [noise_data(noise) for noise in verdict.noise],
        "rules": [rule_data(rule) for rule in verdict.rules],
        "traps": [trap_data(result) for result in verdict.traps],
        "races": [race_data(result) for result in verdict.races],
    }
    return masked(data, verdict.secrets)


def finding_data(finding: Finding, number: int) -> Data:
    """One finding with its steps, the failing one last."""
    return {
        "number": number,
        "category": finding.category,
        "operation": finding.operation,
        "kind": finding.kind,
        "where": finding.where,
        "class": finding.verdict,
        "at_fault": list(finding.at_fault),
        "level": level(finding.severity),
        "severity": finding.severity,
        "sentence": finding.sentence,
        "silence": finding.silence or None,
        "targets": list(finding.targets),
        "values": dict(finding.values),
        "breaks": [
            {
                "kind": broken.kind,
                "where": broken.where,
                "targets": list(broken.targets),
                "sentence": broken.sentence,
            }
            for broken in finding.breaks
        ],
        "also": [
            {"operation": other.operation, "where": other.where, "count": other.count}
            for other in finding.also
        ],
        "count": finding.count,
        "consequences": finding.consequences,
        "reproduced": finding.reproduced,
        "stage": finding.stage,
        "steps": [step_data(exchange) for exchange in finding.sequence],
    }


def _targets(verdict: Verdict) -> list[str]:
    names = (name for stage in verdict.stages for name in stage.targets)
    return list(dict.fromkeys([*names, *sorted(verdict.coverage.targets)]))


def _stage(stage: Stage) -> Data:
    return {
        "title": stage.title,
        "mode": stage.mode,
        "targets": list(stage.targets),
        "exchanges": stage.exchanges,
        "requests": stage.requests,
        "seconds": round(stage.seconds, 3),
        "findings": stage.findings,
        "stories": [
            {"name": story.name, "requests": story.requests, "problem": story.problem or None}
            for story in stage.stories
        ],
    }


def _operations(coverage: Coverage) -> Data:
    """Documented operations in the document's order, then what else was sent."""
    documented = coverage.document.operations
    others = sorted(name for name in coverage.operations if name not in documented)
    operations: Data = {}
    for name in (*documented, *others):
        operation = documented.get(name)
        operations[name] = {
            "documented": operation is not None,
            "method": operation.method if operation is not None else None,
            "path": operation.path if operation is not None else None,
            "statuses_documented": list(operation.responses) if operation is not None else [],
            **_record(coverage.operations[name]),
            "inputs": _inputs(coverage.inputs.get(name)),
        }
    return operations


def _record(record: OperationRecord) -> Data:
    return {
        "exchanges": record.requests,
        "differing": record.differing,
        "nonconforming": dict(record.nonconforming),
        "statuses": {
            name: {str(status): count for status, count in sorted(counts.items())}
            for name, counts in sorted(record.statuses.items())
        },
    }


def _inputs(inputs: Inputs | None) -> Data:
    if inputs is None:
        return {}
    return {
        category: {
            "seen": len(inputs.seen[category]),
            "documented": len(inputs.documented[category]),
            "unseen": inputs.unseen(category),
        }
        for category in CATEGORIES
        if inputs.documented[category]
    }
