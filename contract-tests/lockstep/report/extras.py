"""The parts of a report besides findings: traps, races, noise, rules, known differences."""

from __future__ import annotations

from lockstep.drivers.races.driver import RaceResult
from lockstep.drivers.replay.results import ReplayResult
from lockstep.drivers.traps.raw import TrapResult
from lockstep.matching.noise import Noise
from lockstep.matching.rules import Rule
from lockstep.report.steps import Data
from lockstep.results.known_differences import KnownDifference


def trap_data(result: TrapResult) -> Data:
    """Return a trap, and the response of each target to it."""
    trap = result.trap
    alone = trap.left_alone
    return {
        "area": trap.area,
        "name": trap.name,
        "grade": result.grade,
        "decision": trap.decision,
        "left_alone": alone
        if isinstance(alone, str)
        else "; ".join(f"{name}: {text}" for name, text in alone.items()),
        "sent": result.sent,
        "answers": dict(result.shown),
        "agrees": dict(result.agrees),
        "problems": list(result.problems),
    }


def race_data(result: RaceResult) -> Data:
    """Return a race, and how often each outcome occurred."""
    return {
        "name": result.name,
        "rounds": result.rounds,
        "outcomes": {name: dict(counts) for name, counts in result.outcomes.items()},
        "impossible": list(result.impossible),
        "notes": list(result.notes),
    }


def replay_data(result: ReplayResult) -> Data:
    """Return a replay: how many responses were as recorded, and entries that changed or differ."""
    as_recorded, known = result.as_recorded
    shown = [one for one in result.entries if one.change or one.differs is not False]
    return {
        "title": result.title,
        "played": len(result.entries),
        "as_recorded": as_recorded,
        "recorded": known,
        "against_recording": result.is_compared,
        "changes": result.counts() if result.is_compared_with_earlier else None,
        "entries": [
            {
                "name": one.name,
                "request": one.request,
                "recorded": one.recorded,
                "statuses": dict(one.statuses),
                "differs": one.differs,
                "change": one.change or None,
            }
            for one in shown
        ],
    }


def noise_data(noise: Noise) -> Data:
    """Return a location where a target differs from itself."""
    return {
        "operation": noise.operation,
        "where": noise.where,
        "kind": noise.kind,
        "why": noise.why,
        "count": noise.count,
        "examples": list(noise.examples),
    }


def rule_data(rule: Rule) -> Data:
    """Return a rule of the configuration, and how often it was used."""
    return {
        "operation": rule.operation,
        "where": rule.place,
        "rule": rule.rule,
        "value": rule.value,
        "reason": rule.reason,
        "used": rule.used,
    }


def known_data(entry: KnownDifference) -> Data:
    """Return an accepted difference, and how often it occurred."""
    return {
        "operation": entry.operation,
        "kind": entry.kind,
        "where": entry.where,
        "cause": entry.cause,
        "expires": entry.expires.isoformat() if entry.expires is not None else None,
        "seen": entry.seen,
    }
