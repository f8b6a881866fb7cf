"""A made-up comparison, for tests of its evaluation and presentation."""

import random
from typing import Any

from tooling.benchmark.contestants import CONTESTANTS, Contestant
from tooling.benchmark.profiles import PROFILES
from tooling.benchmark.workload import Workload

_RATES = {
    "python": 290,
    "node": 540,
    "fastapi": 340,
    "fastify": 620,
    "bare-python": 900,
    "bare-node": 1600,
    "tutorial-python": 200,
    "tutorial-node": 400,
}
_SPEED = {"mixed": 1.0, "report": 0.4, "log in": 0.12, "read a task": 1.4, "list tasks": 0.9}


def comparison(workload: Workload, *, seed: int = 1) -> dict[str, Any]:
    """The data of a complete comparison, with some random variation."""
    profile = PROFILES["default"]
    chance = random.Random(seed)
    return {
        "version": 1,
        "made_at": "2026-02-01T09:00Z",
        "profile": "default",
        "seed": seed,
        "seconds": 3300.0,
        "commit": "0123456789ab",
        "machine": {
            "processor": "A processor",
            "cores": 2,
            "memory_bytes": 25 * 10**9,
            "system": "Linux 6.1",
        },
        "versions": {"Python": "3.11.7", "Node": "20.20.2", "PostgreSQL": "18.4"},
        "settings": {
            "parity": "default",
            "rounds": profile.rounds,
            "workers": list(profile.workers),
            "alone": list(profile.alone),
            "rates": list(profile.rates),
            "warm_up": profile.warm_up,
            "half": profile.half,
            "burst": profile.burst,
            "probes": profile.probes,
            "probe": profile.probe,
            "fixed": profile.fixed,
            "outages": profile.outages,
            "unit_tests": True,
            "users": 50,
            "tasks": 10_000,
            "entries": 100_000,
            "pool_size": 10,
            "connections": 32,
            "p99_limit_ms": 100.0,
            "mixed": dict(workload.mixed),
        },
        "parity": {
            "servers": ["python", "node", "fastapi", "fastify"],
            "profile": "default",
            "seed": seed,
            "requests": 39_330,
            "exchanges": 11_914,
            "seconds": 206.4,
            "findings": 0,
        },
        "contestants": [_contestant(each) for each in CONTESTANTS],
        "rounds": [
            _round(each, workers, number, workload, chance)
            for number in range(1, profile.rounds + 1)
            for workers in profile.workers
            for each in CONTESTANTS
            if workers == 1 or not each.is_baseline
        ],
        "sender_late_ms": 1.4,
        "vulnerabilities": {
            "python": {"known": None, "reason": "nobody could be asked"},
            "node": {
                "known": [{"package": "left", "id": "GHSA-1", "because": "Never called."}],
                "reason": None,
            },
        },
        "unit_tests": {
            "python": {"seconds": 41.0, "tests": 310},
            "node": {"seconds": 33.0, "tests": 305},
        },
    }


def _contestant(contestant: Contestant) -> dict[str, Any]:
    layers = {
        "twin": {"routes": 245, "services": 1034},
        "adapter": {"own web layer": 180},
        "bare": {},
        "tutorial": {},
    }
    installed = {"direct": 15, "all": 28, "bytes": 55_657_801}
    return {
        "name": contestant.name,
        "label": contestant.label,
        "runtime": contestant.runtime,
        "role": contestant.role,
        "lines": layers[contestant.role],
        "packages": None if contestant.is_baseline else installed,
    }


def _round(
    contestant: Contestant, workers: int, number: int, workload: Workload, chance: random.Random
) -> dict[str, Any]:
    best = _RATES[contestant.name] * (1 if workers == 1 else 1.6) * chance.uniform(0.94, 1.05)
    mixes = {"mixed": workload.mixed} | (dict(workload.alone) if workers == 1 else {})
    memory = 90 if contestant.is_baseline else 160
    return {
        "contestant": contestant.name,
        "workers": workers,
        "round": number,
        "start_seconds": (1.6 if contestant.runtime == "python" else 1.1)
        * chance.uniform(0.9, 1.2),
        "idle_bytes": int(memory * 1e6 * chance.uniform(0.98, 1.02)),
        "loaded_bytes": int(memory * 1.4e6 * chance.uniform(0.95, 1.1)),
        "recover_seconds": chance.uniform(0, 0.1) if not contestant.is_baseline else None,
        "loads": {
            name: _load(best * _SPEED.get(name, 0.8), name == "mixed" and workers == 1, chance)
            for name, mix in mixes.items()
            if contestant.can(mix)
        },
    }


def _load(best: float, with_curve: bool, chance: random.Random) -> dict[str, Any]:
    cost = {"cpu_ms": 950 / best, "database_cpu_ms": 200 / best}
    curve = []
    for rate in PROFILES["default"].rates if with_curve else ():
        queue = 1 / max(0.004, 1 - rate / (best * 1.15))
        p50 = 1000 / best * 1.2 * queue * chance.uniform(0.9, 1.1)
        times = {"count": rate * 4, "p50": p50, "p99": p50 * 3.1, "p999": p50 * 5}
        curve.append({"rate": rate, **times, "failed": 0, "late_p99": 1.4, **cost})
        if rate > best * 1.3:
            break
    at_best = {"count": 900, "p50": 9.0, "p99": 80.0, "p999": None, "failed": 0, "late_p99": 1.1}
    return {
        "saturated": {"per_second": best * 1.1, **cost},
        "highest": {"rate": best, **at_best},
        "half": {"rate": best / 2, **at_best, "p99": 9.0 * chance.uniform(1.8, 2.4)},
        "curve": curve,
    }
