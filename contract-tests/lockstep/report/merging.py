"""Merges the reports of several shards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from lockstep.explain.severity import LEVELS
from lockstep.report.json_report import ReportError
from lockstep.report.merged_findings import merged_findings
from lockstep.report.phrases import enumerated, is_parity
from lockstep.report.remarks import remarks
from lockstep.report.steps import Data
from lockstep.results.coverage import gaps
from lockstep.verdict import (
    BROKEN,
    KEPT,
    Reached,
    exit_code_of,
    is_nothing_tested,
    parity_of,
    untested,
)

Named = tuple[str, Data]
# Problems that do not apply if another shard used the rule or saw the difference.
_UNUSED = ("a rule was never used: ", "known difference did not occur: ")
# Members that are true if they are true in any shard.
_ONCE = ("succeeded",)
_SAME: Mapping[str, Callable[[Data], object]] = {
    "documents": lambda one: one["shard"]["document"],
    "versions of lockstep": lambda one: one["tool"]["version"],
    "numbers of shards": lambda one: one["shard"]["of"],
    "seeds": lambda one: one["seed"],
    "targets": lambda one: sorted(one["targets"]),
}


def merge(reports: Sequence[Named], fail_on: str | None = None) -> Data:
    """Return the report of a whole run from those of its shards, each with its file name.

    Raises `ReportError` if they are not shards of one run. If shards are missing the report says
    so, and its verdict is not "alike".
    """
    _check(reports)
    parts = sorted((data for _, data in reports), key=lambda one: int(one["shard"]["number"]))
    first = parts[0]
    lost = _missing_shards(parts)
    operations = _operations(parts)
    reached = _reached(operations, parts)
    noise = _summed([one["noise"] for one in parts], ("operation", "where", "kind"), "count")
    rules = _summed([one["rules"] for one in parts], ("operation", "where", "rule"), "used")
    known = _summed(
        [one["known_differences"] for one in parts], ("operation", "kind", "where"), "seen"
    )
    findings, seen_once = merged_findings(parts)
    findings.sort(key=lambda one: not is_parity(one))
    for number, finding in enumerate((*findings, *seen_once), 1):
        finding["number"] = number
    missing = _missing_statuses(parts, operations)
    problems = [*lost, *_problems(parts, rules, known)]
    raw = not any(one["exchanges"] for one in operations.values()) and _joined(parts, "traps")
    broken = any(not is_parity(one) for one in findings)
    differ = any(map(is_parity, findings)) or bool(missing or problems[len(lost) :])
    parity = parity_of(
        failed=any(one["verdict"] == "could not run" for one in parts) or bool(lost and not differ),
        differ=differ,
        nothing=not raw and is_nothing_tested(reached),
    )
    chosen = fail_on or first["fail_on"]
    levels = Counter(one["level"] for one in findings)
    is_incomplete = bool(lost) and exit_code_of(parity, chosen, broken=broken) == 0
    return {
        **{name: first[name] for name in ("schema_version", "tool", "title")},
        "verdict": parity,
        "exit_code": 2 if is_incomplete else exit_code_of(parity, chosen, broken=broken),
        "alike": parity == "alike",
        "conformance": BROKEN if broken else KEPT,
        "fail_on": chosen,
        "untested": _untested(parts, reached, noise, lost=lost, raw=bool(raw)),
        "excused": dict(sum((Counter(one["excused"]) for one in parts), Counter())),
        "seed": first["seed"],
        "seconds": max(one["seconds"] for one in parts),
        "exchanges": sum(one["exchanges"] for one in parts),
        "requests": sum(one["requests"] for one in parts),
        "covered": _covered(parts, operations),
        "levels": {name: levels[name] for name, _ in LEVELS},
        "targets": first["targets"],
        "stages": _stages(parts),
        "operations": operations,
        "findings": findings,
        "remarks": remarks(findings),
        "seen_once": seen_once,
        "missing": missing,
        "problems": problems,
        "known_differences": known,
        "notes": _once(parts, "notes"),
        "not_judged": _once(parts, "not_judged"),
        "not_tested": _not_tested(parts, operations),
        "noise": noise,
        "rules": rules,
        "traps": _joined(parts, "traps"),
        "races": _races(parts),
        "replays": _replays(parts),
        "shards": [
            {
                **{name: one["shard"][name] for name in ("number", "of")},
                **{name: one[name] for name in ("verdict", "seconds", "exchanges", "requests")},
                "operations": len(one["shard"]["operations"]),
            }
            for one in parts
        ],
    }


def _check(reports: Sequence[Named]) -> None:
    """Raise `ReportError` if reports are not shards, or not those of one run."""
    for name, data in reports:
        if "shard" not in data:
            raise ReportError(
                f"{name}: the report of a whole run, not of a shard; shards are "
                "run with, say, --shard 1/5"
            )
    (first, leader), *others = reports
    for what, read in _SAME.items():
        for name, data in others:
            if read(data) != read(leader):
                values = "" if what == "documents" else f": {read(leader)} and {read(data)}"
                raise ReportError(f"{first} and {name} are of different {what}{values}")
    seen: dict[int, str] = {}
    for name, data in reports:
        number = data["shard"]["number"]
        if number in seen:
            shard = f"{number}/{data['shard']['of']}"
            raise ReportError(f"{seen[number]} and {name} are both of shard {shard}")
        seen[number] = name


def _missing_shards(parts: Sequence[Data]) -> list[str]:
    """Return a message about missing shards."""
    of = parts[0]["shard"]["of"]
    given = {one["shard"]["number"] for one in parts}
    lost = [str(number) for number in range(1, of + 1) if number not in given]
    if not lost:
        return []
    shards = f"shard{'s' * (len(lost) > 1)} {enumerated(lost)} of {of}"
    return [f"{shards} {'are' if len(lost) > 1 else 'is'} missing: give their reports too"]


def _operations(parts: Sequence[Data]) -> Data:
    names = dict.fromkeys(name for one in parts for name in one["operations"])
    documented = [name for name in names if name in parts[0]["operations"]]
    found = {}
    for name in (*documented, *(name for name in names if name not in documented)):
        records = [one["operations"][name] for one in parts if name in one["operations"]]
        statuses: dict[str, Counter[str]] = {}
        for record in records:
            for target, counts in record["statuses"].items():
                statuses.setdefault(target, Counter()).update(counts)
        found[name] = {
            **records[0],
            **{name: any(one[name] for one in records) for name in _ONCE if name in records[0]},
            "exchanges": sum(one["exchanges"] for one in records),
            "differing": sum(one["differing"] for one in records),
            "nonconforming": dict(
                sum((Counter(one["nonconforming"]) for one in records), Counter())
            ),
            "statuses": {
                target: dict(sorted(counts.items(), key=lambda item: int(item[0])))
                for target, counts in sorted(statuses.items())
            },
            "inputs": {
                category: _input([one["inputs"][category] for one in records])
                for category in records[0]["inputs"]
            },
        }
    return found


def _input(inputs: Sequence[Data]) -> Data:
    """Return the parts of the input that any shard saw."""
    unseen = set.intersection(*(set(one["unseen"]) for one in inputs))
    documented = inputs[0]["documented"]
    return {
        "seen": documented - len(unseen),
        "documented": documented,
        "unseen": sorted(unseen),
    }


def _reached(operations: Data, parts: Sequence[Data]) -> list[Reached]:
    guarded = set(parts[0]["shard"]["guarded"])
    return [
        Reached(
            name,
            name in guarded,
            _documented(one) if one["documented"] else None,
            one["exchanges"],
            _seen(one),
        )
        for name, one in operations.items()
    ]


def _documented(operation: Data) -> list[int]:
    return sorted(int(key) for key in operation["statuses_documented"] if key.isdigit())


def _seen(operation: Data) -> dict[str, dict[int, int]]:
    return {
        target: {int(status): count for status, count in counts.items()}
        for target, counts in operation["statuses"].items()
    }


def _untested(
    parts: Sequence[Data],
    reached: Sequence[Reached],
    noise: Sequence[Data],
    *,
    lost: Sequence[str],
    raw: bool,
) -> list[str]:
    """Return the clauses of the verdict: those of all shards together, and others reported.

    Clauses of a shard about its own operations do not apply to the whole run.
    """
    clauses = [text.partition(": ")[0] for text in lost]
    for one in parts:
        own = {f"only shard {one['shard']['number']}/{one['shard']['of']} was run"}
        own |= set(untested(_reached(one["operations"], parts), _changing(one["noise"])))
        clauses += [text for text in one["untested"] if text not in own]
    if not raw:
        clauses += untested(reached, _changing(noise))
    return list(dict.fromkeys(clauses))


def _changing(noise: Iterable[Data]) -> int:
    return len({(one["operation"], one["where"]) for one in noise})


def _not_tested(parts: Sequence[Data], operations: Data) -> list[str]:
    """Return what no shard sent or saw, and the other reasons that shards reported."""
    every: list[str] = []
    for one in parts:
        own = set(_gaps(one["operations"]))
        every += [text for text in one["not_tested"] if text not in own]
    return list(dict.fromkeys([*every, *_gaps(operations)]))


def _gaps(operations: Data) -> Iterator[str]:
    for one in operations.values():
        if one["documented"]:
            unseen = {name: parts["unseen"] for name, parts in one["inputs"].items()}
            seen = _seen(one) if one["exchanges"] else None
            yield from gaps(f"{one['method']} {one['path']}", _documented(one), seen, unseen)


def _missing_statuses(parts: Sequence[Data], operations: Data) -> list[Data]:
    """Return the required status codes that some target returned to no shard."""
    rows = [{(row["operation"], row["status"]) for row in one["missing"]} for one in parts]
    found = []
    for row in parts[0]["missing"]:
        if not all((row["operation"], row["status"]) in several for several in rows):
            continue
        seen = _seen(operations[row["operation"]])
        lacking = [
            name for name in parts[0]["targets"] if not seen.get(name, {}).get(row["status"])
        ]
        if lacking:
            found.append({**row, "targets": lacking})
    return found


def _covered(parts: Sequence[Data], operations: Data) -> Data:
    """Count the status codes that every target returned; exempt ones are unknown and ignored."""
    targets = parts[0]["targets"]
    shown = 0
    for one in operations.values():
        seen = _seen(one)
        statuses = _documented(one) if one["documented"] else []
        shown += sum(all(seen.get(name, {}).get(each) for name in targets) for each in statuses)
    documented = parts[0]["covered"]["documented"]
    return {"seen": min(shown, documented), "documented": documented}


def _problems(parts: Sequence[Data], rules: Sequence[Data], known: Sequence[Data]) -> list[str]:
    """Return the problems of all shards, except those that another shard's work solved."""
    unused = not all(one["used"] for one in rules), not all(one["seen"] for one in known)
    found = []
    for text in _once(parts, "problems"):
        everywhere = all(text in one["problems"] for one in parts)
        kinds = [text.startswith(start) for start in _UNUSED]
        if any(kinds) and not (everywhere and unused[kinds.index(True)]):
            continue
        found.append(text)
    return found


def _summed(rows: Sequence[Sequence[Data]], key: Sequence[str], count: str) -> list[Data]:
    """Merge the rows of all shards with equal keys, with the sum of their counts."""
    found: dict[tuple[Any, ...], Data] = {}
    for several in rows:
        # A rule may be listed twice.
        at: Counter[tuple[Any, ...]] = Counter()
        for row in several:
            name = tuple(row[part] for part in key)
            at[name] += 1
            known = found.setdefault((*name, at[name]), {**row, count: 0})
            known[count] += row[count]
    return list(found.values())


def _stages(parts: Sequence[Data]) -> list[Data]:
    """Merge stages with the same title; shards run in parallel, so the longest duration counts."""
    found: dict[tuple[str, str], Data] = {}
    for one in parts:
        for stage in one["stages"]:
            known = found.get((stage["title"], stage["mode"]))
            if known is None:
                found[stage["title"], stage["mode"]] = {**stage, "stories": [*stage["stories"]]}
                continue
            for name in ("exchanges", "requests", "findings"):
                known[name] += stage[name]
            known["seconds"] = max(known["seconds"], stage["seconds"])
            known["stories"] += stage["stories"]
    return list(found.values())


def _races(parts: Sequence[Data]) -> list[Data]:
    found: dict[str, Data] = {}
    for race in _joined(parts, "races"):
        found.setdefault(race["name"], race)
    return list(found.values())


def _replays(parts: Sequence[Data]) -> list[Data]:
    """Merge the parts of one recording, with the entries in its order."""
    found: dict[str, Data] = {}
    for replay in _joined(parts, "replays"):
        known = found.get(replay["title"])
        if known is None:
            found[replay["title"]] = {**replay, "entries": [*replay["entries"]]}
            continue
        for name in ("played", "as_recorded", "recorded"):
            known[name] += replay[name]
        if known["changes"] is not None and replay["changes"] is not None:
            known["changes"] = dict(Counter(known["changes"]) + Counter(replay["changes"]))
        known["entries"] += replay["entries"]
    return list(found.values())


def _joined(parts: Sequence[Data], name: str) -> list[Data]:
    return [row for one in parts for row in one.get(name, ())]


def _once(parts: Sequence[Data], name: str) -> list[str]:
    return list(dict.fromkeys(text for one in parts for text in one[name]))
