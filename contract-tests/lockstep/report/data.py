"""A verdict as JSON data that matches `report.schema.json`; the input of every report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from lockstep import __version__
from lockstep.explain.severity import LEVELS, level
from lockstep.openapi.inputs import CATEGORIES, Inputs
from lockstep.report.extras import (
    known_data,
    noise_data,
    race_data,
    replay_data,
    rule_data,
    trap_data,
)
from lockstep.report.redact import redacted
from lockstep.report.remarks import remarks
from lockstep.report.script import script
from lockstep.report.secret_names import key_names
from lockstep.report.shards import shard_data
from lockstep.report.steps import Data, step_data
from lockstep.results.coverage import Coverage, OperationRecord
from lockstep.results.faults import one_line
from lockstep.results.findings import Finding
from lockstep.verdict import Stage, Verdict, is_parity, reached

# Incremented when a member changes its meaning or is removed, not for new members.
SCHEMA_VERSION = 3


def as_data(verdict: Verdict, *, show_secrets: bool = False) -> Data:
    """Return the report as JSON data, with secrets masked unless `show_secrets`.

    Findings are numbered consecutively, those seen once last.
    """
    seen, every = verdict.covered
    levels = Counter(level(finding.severity) for finding in verdict.findings)
    # Differences come before violations that all targets share.
    ordered = sorted(verdict.findings, key=lambda one: not is_parity(one))
    numbered = [(one, at) for at, one in enumerate((*ordered, *verdict.seen_once), 1)]
    unshown: list[str] = []
    findings = list(_shown(numbered[: len(ordered)], unshown))
    seen_once = list(_shown(numbered[len(ordered) :], unshown))
    data = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "lockstep", "version": __version__},
        "title": verdict.title,
        "verdict": verdict.parity,
        "exit_code": verdict.exit_code,
        "alike": verdict.parity == "alike",
        "conformance": verdict.conformance,
        "fail_on": verdict.fail_on,
        "untested": list(verdict.untested),
        "excused": dict(verdict.excused),
        "seed": verdict.seed,
        "seconds": round(verdict.seconds, 3),
        "exchanges": verdict.exchanges,
        "requests": verdict.requests,
        "covered": {"seen": seen, "documented": every},
        "levels": {name: levels[name] for name, _ in LEVELS},
        "targets": _targets(verdict),
        "stages": [_stage(stage) for stage in verdict.stages],
        "operations": _operations(verdict.coverage),
        "findings": findings,
        "remarks": remarks(findings),
        "seen_once": seen_once,
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
        "not_judged": [*unshown, *verdict.not_judged],
        "not_tested": list(verdict.not_tested),
        "noise": [noise_data(noise) for noise in verdict.noise],
        "rules": [rule_data(rule) for rule in verdict.rules],
        "traps": [trap_data(result) for result in verdict.traps],
        "races": [race_data(result) for result in verdict.races],
        "replays": [replay_data(result) for result in verdict.replays],
    }
    if verdict.part is not None:
        data["shard"] = shard_data(verdict.part, verdict.coverage.document, numbered)
    if show_secrets:
        return data
    shown = redacted(data, verdict.secrets, key_names(verdict.coverage.document))
    if verdict.masking is not None:
        shown = verdict.masking(shown)
    return shown


def _shown(findings: Iterable[tuple[Finding, int]], unshown: list[str]) -> Iterator[Data]:
    """Yield the findings as data; one that cannot be serialised is included without its steps."""
    for finding, number in findings:
        try:
            yield finding_data(finding, number)
        except Exception as error:  # One finding must not prevent the report.
            unshown.append(
                f"{finding.operation}, {finding.kind}: no steps are shown: {one_line(error)}"
            )
            bare = replace(finding, sequence=[], neighbour=None, breaks=[])
            yield finding_data(bare, number)


def finding_data(finding: Finding, number: int) -> Data:
    """Return one finding with its steps, the failing one last."""
    steps = [step_data(exchange) for exchange in finding.sequence]
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
        "conditions": [
            {"kind": one.kind, "subject": one.subject, "detail": one.detail}
            for one in finding.conditions
        ],
        "differences": [
            {"kind": one.kind, "where": one.where, "left": one.left, "right": one.right}
            for one in finding.differences
        ],
        "places": [
            {"operation": place.operation, "where": place.where, "count": place.count}
            for place in finding.places
        ],
        "effect_of": finding.effect_of or None,
        "count": sum(place.count for place in finding.places) or finding.count,
        "reproduced": finding.reproduced,
        "stage": finding.stage,
        "steps": steps,
        "script": script(steps, finding.sentence),
        "neighbour": _neighbour(finding),
    }


def _neighbour(finding: Finding) -> Data | None:
    """Return the nearest steps that do not differ, with a description of the change."""
    neighbour = finding.neighbour
    if neighbour is None:
        return None
    steps = [step_data(exchange) for exchange in neighbour.sequence]
    return {"changed": neighbour.changed, "steps": steps}


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
    """Return documented operations in the document's order, then undocumented requests."""
    documented = coverage.document.operations
    others = sorted(name for name in coverage.operations if name not in documented)
    succeeded = {one.name for one in reached(coverage) if one.succeeded}
    operations: Data = {}
    for name in (*documented, *others):
        operation = documented.get(name)
        operations[name] = {
            "documented": operation is not None,
            "method": operation.method if operation is not None else None,
            "path": operation.path if operation is not None else None,
            "statuses_documented": list(operation.responses) if operation is not None else [],
            "succeeded": operation is not None and name in succeeded,
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
