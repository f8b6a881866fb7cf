"""Counts of lines of code, packages, advisories and unit tests."""

import json
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tooling.benchmark.advisories import (
    NOTES,
    Advisory,
    Audit,
    NoteError,
    audits,
    explained,
    read_npm_audit,
    read_pip_audit,
)
from tooling.benchmark.contestants import BY_NAME, CONTESTANTS
from tooling.benchmark.lines import count, lines_by_layer
from tooling.benchmark.packages import closure, packages, required
from tooling.benchmark.unit_tests import count as count_tests

SKIPPED = {"name": "flask", "skip_reason": "Dependency not found"}
VULNERABLE = {"name": "flask", "version": "1", "vulns": [{"id": "GHSA-1", "fix_versions": ["2"]}]}
NPM_VIA = {"source": 1, "name": "pg", "url": "https://advisories.example/GHSA-2"}


def test_blank_lines_do_not_count(tmp_path: Path) -> None:
    source = tmp_path / "code.py"
    source.write_text("# why\n\nx = 1\n   \ny = 2\n")
    assert count(source) == 3


def test_twins_have_the_same_layers() -> None:
    python, node = (lines_by_layer(BY_NAME[name]) for name in ("python", "node"))
    assert set(python) == set(node)
    assert all(lines > 0 for lines in (*python.values(), *node.values()))


def test_adapter_is_thin() -> None:
    for adapter in (each for each in CONTESTANTS if each.role == "adapter"):
        assert 0 < sum(lines_by_layer(adapter).values()) < 400


def test_requirements_are_read_without_options() -> None:
    lines = ["# why", "-c other.txt", "Flask  # the framework", "", "psycopg[binary]>=3"]
    assert [str(each) for each in required(lines)] == ["Flask", "psycopg[binary]>=3"]


def test_closure_includes_dependencies_of_extras() -> None:
    found = closure(required(["psycopg[binary]", "Flask"]))
    assert {"psycopg", "psycopg-binary", "flask", "werkzeug", "markupsafe"} <= set(found)
    assert "pytest" not in found
    assert "psycopg-binary" not in closure(required(["psycopg"]))
    assert found["flask"].version == distribution("flask").version


def test_packages_of_a_twin_are_in_its_lock_file() -> None:
    lock = Path(__file__).parents[3] / "python/requirements.txt"
    pinned = sum("==" in line for line in lock.read_text().splitlines())
    needed = packages(BY_NAME["python"])
    assert needed is not None
    assert needed["direct"] < needed["all"] <= pinned


def test_bare_server_has_no_packages() -> None:
    assert packages(BY_NAME["bare-python"]) is None


def test_advisories_are_parsed() -> None:
    assert read_pip_audit(json.dumps({"dependencies": [VULNERABLE]})).advisories == (
        Advisory("flask", "GHSA-1"),
    )
    report = {"vulnerabilities": {"pg": {"via": [NPM_VIA]}, "prisma": {"via": ["pg"]}}}
    assert read_npm_audit(json.dumps(report)).advisories == (Advisory("pg", "GHSA-2"),)


def test_no_advisories_is_distinguished_from_unknown() -> None:
    assert read_pip_audit('{"dependencies": [{"name": "flask", "vulns": []}]}').advisories == ()
    assert read_npm_audit('{"vulnerabilities": {}}').advisories == ()
    for unknown in (
        read_pip_audit(json.dumps({"dependencies": [SKIPPED, VULNERABLE]})),
        read_pip_audit("Connection refused"),
        read_npm_audit('{"message": "405", "statusCode": 405}'),
        read_npm_audit(""),
    ):
        assert unknown.advisories is None
        assert unknown.reason


def test_note_explains_an_advisory() -> None:
    notes = [{"runtime": "python", "package": "flask", "id": "GHSA-1", "because": "Not called."}]
    found = explained({"python": Audit((Advisory("flask", "GHSA-1"),))}, notes)
    assert found["python"].advisories == (Advisory("flask", "GHSA-1", "Not called."),)


def test_stale_note_is_rejected() -> None:
    notes = [{"runtime": "python", "package": "flask", "id": "GHSA-1", "because": "Not called."}]
    with pytest.raises(NoteError, match="flask GHSA-1"):
        explained({"python": Audit(())}, notes)
    assert explained({"python": Audit(None, "offline")}, notes)["python"].advisories is None


def test_missing_tool_is_reported_as_the_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tooling.benchmark.advisories._PIP_AUDIT", tmp_path / "pip-audit")
    monkeypatch.setattr("tooling.benchmark.advisories._ask_npm_audit", lambda: "")
    assert "pip-audit failed" in str(audits(NOTES)["python"].reason)


def test_test_cases_are_counted() -> None:
    report = "<testsuites><testsuite><testcase/><testcase/></testsuite></testsuites>"
    assert count_tests(report) == 2
