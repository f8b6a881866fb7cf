"""Other tools on the same servers, if they can be run."""

from __future__ import annotations

import contextlib
import http.client
import json
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tooling.power.children import Command, Ran, run, serving, side_by_side
from tooling.power.driving import RUN_LIMIT, Addresses
from tooling.power.environments import prepare
from tooling.power.findings import Finding, Report
from tooling.power.pairs import Pair
from tooling.power.places import HERE, LOGS, WORK
from tooling.power.planted import Api
from tooling.power.scoring import Row, score_honest, score_planted, score_real
from tooling.power.truth import load_truth

PLAIN = "Schemathesis + check"
APIPARITY = "apiparity-check"
TRAFFIC_DIFF = "traffic-diff"
# Tools with a similar name on the package index, but for another purpose.
CANNOT = {
    "parity-check": "cannot: it compares functions of Python, not servers",
    "api-parity": "cannot: it compares lists of names that two libraries have, not servers",
}
_SENT_BY_CLIENT = {"host", "content-length", "connection", "transfer-encoding"}
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
Headers = Mapping[str, str]
Recorded = list[dict[str, Any]]


def rows_of_faults(
    api: Api, faults: Sequence[str], at_once: int, progress: Callable[[str], None]
) -> list[Row]:
    """Run every other tool on each fault; findings that it has without faults do not count."""
    usual, recorded = _honest(api)

    def one(fault: str) -> dict[str, Report]:
        reports = _all(api, recorded, fault)
        found = {tool: len(report.findings) for tool, report in reports.items()}
        progress(f"{api.name}-{fault}, rivals: {found}")
        return reports

    results = side_by_side(one, faults, at_once)
    return [
        score_planted(
            api.name,
            {fault: each[tool] for fault, each in zip(faults, results, strict=True)},
            usual={each.key for each in usual[tool].findings},
            tool=tool,
        )
        for tool in TOOLS
    ]


def rows_of_honest(apis: Sequence[Api]) -> list[Row]:
    """Run every other tool on a pair of each API without faults."""
    usual = {api.name: _honest(api)[0] for api in apis}
    return [
        score_honest("honest", {name: each[tool] for name, each in usual.items()}, tool=tool)
        for tool in TOOLS
    ]


def rows_of_pair(pair: Pair) -> list[Row]:
    """Run every other tool on a real pair."""
    document, truth = pair.document(), load_truth(pair.truth)
    with pair.serving() as addresses:
        plain, recorded = run_plain(pair.name, document, addresses)
    reports = {PLAIN: plain}
    for tool, drive in _REPLAYING.items():
        with pair.serving() as addresses:
            reports[tool] = drive(pair.name, recorded, addresses)
    return [score_real(pair.name, reports[tool], truth, tool=tool) for tool in TOOLS]


def rows_of_others() -> list[Row]:
    """Return the tools that cannot be run, with the reason."""
    return [Row("all", tool, problems=[why]) for tool, why in CANNOT.items()]


@cache
def _honest(api: Api) -> tuple[dict[str, Report], Recorded]:
    with api.serving() as addresses:
        plain, recorded = _plain_with_users(f"{api.name}-honest", api, addresses)
    return {PLAIN: plain, **_replayed(api, recorded)}, recorded


def _all(api: Api, recorded: Recorded, fault: str) -> dict[str, Report]:
    with api.serving(fault) as addresses:
        plain, _ = _plain_with_users(f"{api.name}-{fault}", api, addresses)
    return {PLAIN: plain, **_replayed(api, recorded, fault)}


def _replayed(api: Api, recorded: Recorded, *faults: str) -> dict[str, Report]:
    """Replay the same requests on new servers, where tokens of other servers are invalid."""
    reports = {}
    for tool, drive in _REPLAYING.items():
        with api.serving(*faults) as addresses:
            name = "-".join((api.name, *(faults or ("honest",))))
            reports[tool] = drive(name, recorded, addresses)
    return reports


def _plain_with_users(name: str, api: Api, addresses: Addresses) -> tuple[Report, Recorded]:
    whole = Addresses(addresses.old + api.prefix, addresses.new + api.prefix)
    headers = (api.log_in(whole.old), api.log_in(whole.new))
    return run_plain(name, api.document, whole, headers)


def run_plain(
    name: str, document: Path, addresses: Addresses, headers: tuple[Headers, Headers] = ({}, {})
) -> tuple[Report, Recorded]:
    """Run plain Schemathesis; return the failures of its check, and the requests that it sent."""
    file = LOGS / f"{name}-plain.json"
    file.unlink(missing_ok=True)
    command: Command = [sys.executable, HERE / "schemathesis_parity.py", _as_json(document)]
    servers: Command = [addresses.old, addresses.new, file, *map(json.dumps, headers)]
    ran = run([*command, *servers], LOGS / f"{name}-plain.log", RUN_LIMIT)
    if not file.exists():
        return Report(seconds=ran.seconds, problem=_problem(ran)), []
    data = json.loads(file.read_text(encoding="utf-8"))
    findings = [
        _finding(each["operation"], *each["message"].partition(": ")[::2])
        for each in data["failures"]
    ]
    problem = "" if ran.code == 0 else _problem(ran)
    return _report(findings, ran, problem), data["requests"]


def run_apiparity(name: str, recorded: Recorded, addresses: Addresses) -> Report:
    """Send recorded requests to both servers with apiparity-check."""
    folder = LOGS / f"{name}-apiparity"
    folder.mkdir(parents=True, exist_ok=True)
    cases, labels = [], {}
    base = urlsplit(addresses.old)
    for number, each in enumerate(recorded):
        if each["method"] in _METHODS:
            labels[f"c{number}"] = each["operation"]
            case = {"id": f"c{number}", "method": each["method"], "path": _path(each["uri"])}
            case |= {"headers": _headers(each)} if _headers(each) else {}
            cases.append(case | ({"data": each["body"]} if each["body"] else {}))
    corpus = folder / "corpus.json"
    # It would substitute ${...} as a variable.
    corpus.write_text(json.dumps({"version": 1, "cases": cases}).replace("${", "$ {"))
    new = urlsplit(addresses.new)
    program = prepare("apiparity-check") / "bin/apiparity"
    command: Command = [program, "compare", "--corpus", corpus, "--allow-mutating-requests"]
    servers = ("--old-url", f"http://{base.netloc}", "--new-url", f"http://{new.netloc}")
    options: Command = ["--output", folder, "--quiet"]
    ran = run([*command, *servers, *options], LOGS / f"{name}-apiparity.log", RUN_LIMIT)
    report = folder / "report.json"
    if ran.code not in (0, 1) or not report.exists():
        return Report(seconds=ran.seconds, problem=_problem(ran))
    data = json.loads(report.read_text(encoding="utf-8"))
    findings = []
    for case in data["cases"]:
        for each in case["differences"]:
            values = f"{each.get('baseline_value')} / {each.get('candidate_value')}"
            where = each.get("path", "")
            findings.append(_finding(labels[case["id"]], each["category"], values, where))
    return _report(findings, ran)


def run_traffic_diff(name: str, recorded: Recorded, addresses: Addresses) -> Report:
    """Record requests to the old server with traffic-diff, and replay them on the new one."""
    database, labels = LOGS / f"{name}-traffic.db", {}
    database.unlink(missing_ok=True)
    program = prepare("traffic-diff") / "bin/shadowdiff"
    common = ("--session", "power", "--db", database)
    folder = WORK / "run/traffic-diff"
    old, new = (f"http://{urlsplit(each).netloc}" for each in (addresses.old, addresses.new))

    def record(port: int) -> Command:
        return [program, "record", "--target", old, "--port", str(port), *common]

    with serving(record, LOGS / f"{name}-traffic-proxy.log", folder) as port:
        for each in recorded:
            # It records only GET.
            if each["method"] == "GET":
                labels[_path(each["uri"])] = each["operation"]
                _send(port, each)
    if not labels:
        return Report(problem="cannot: there is no GET to record")
    command: Command = [program, "replay", "--target", new, "--concurrency", "1", *common]
    output: Command = ["--output", LOGS / f"{name}-traffic.md"]
    ran = run([*command, *output], LOGS / f"{name}-traffic.log", RUN_LIMIT)
    if ran.code not in (0, 1):
        return Report(seconds=ran.seconds, problem=_problem(ran))
    return _report(list(_traffic_findings(database, labels)), ran)


_REPLAYING: Mapping[str, Callable[[str, Recorded, Addresses], Report]] = {
    APIPARITY: run_apiparity,
    TRAFFIC_DIFF: run_traffic_diff,
}
TOOLS = (PLAIN, *_REPLAYING)


def _traffic_findings(database: Path, labels: Mapping[str, str]) -> Iterator[Finding]:
    query = (
        "SELECT path, query, diffs, error FROM results"
        " JOIN exchanges ON exchanges.id = results.exchange_id"
    )
    with contextlib.closing(sqlite3.connect(database)) as connection:
        for path, asked, differences, error in connection.execute(query):
            whole = f"{path}?{asked}" if asked else path
            label = labels.get(whole, f"GET {path}")
            if error:
                yield _finding(label, "error", f"answered / {error}")
            for each in json.loads(differences):
                values = f"{each.get('old')} / {each.get('new')}"
                yield _finding(label, each["kind"], values, each["path"])


def _finding(operation: str, kind: str, values: str, where: str = "") -> Finding:
    if "status" in kind:
        kind, where = "status", "status"
    return Finding(0, (operation,), f"{kind} {where}".strip(), kind, where, values)


def _report(findings: Iterable[Finding], ran: Ran, problem: str = "") -> Report:
    """Return a report without duplicate findings."""
    return Report(tuple(dict.fromkeys(findings)), seconds=ran.seconds, problem=problem)


def _problem(ran: Ran) -> str:
    if ran.code is None:
        return f"not done after {RUN_LIMIT} s"
    lines = ran.output.strip().splitlines() or [f"exit code {ran.code}"]
    return lines[-1][:300]


def _as_json(document: Path) -> Path:
    if document.suffix == ".json":
        return document
    file = WORK / f"documents/{document.stem}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    data = yaml.load(document.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    file.write_text(json.dumps(data, default=str), encoding="utf-8")
    return file


def _path(uri: str) -> str:
    parts = urlsplit(uri)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _headers(recorded: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: value
        for name, value in recorded["headers"].items()
        if name.lower() not in _SENT_BY_CLIENT and value.isascii() and value.isprintable()
    }


def _send(port: int, recorded: Mapping[str, Any]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
        connection.request("GET", _path(recorded["uri"]), headers=_headers(recorded))
        connection.getresponse().read()
    connection.close()
