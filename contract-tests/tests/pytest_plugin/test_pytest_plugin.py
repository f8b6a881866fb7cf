"""The pytest plugin, in projects that use it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from fixtures.tasks_server import DOCUMENT, serve

from lockstep.pytest_plugin.operation import LockstepOperation

pytest_plugins = ["pytester"]

# Few requests: the findings of a run are tested elsewhere.
_LITTLE = 'phases = ["examples"]\nself_check = false\n'
_TEST = "def test_api(lockstep_operation):\n    lockstep_operation.check()\n"
_SERVERS = """
import pytest
from fixtures.tasks_server import serve

@pytest.fixture(scope="session")
def lockstep_targets():
    with open({log!r}, "a") as log:
        print("started", file=log)
    with serve() as old, serve({fault!r}) as new:
        yield {{"old": old, "new": new}}
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with a test of the API, and with no other plugin."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    paths = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]
    monkeypatch.setenv("PYTHONPATH", ":".join(paths))
    pytester.makepyfile(test_api=_TEST)
    pytester.path.joinpath("lockstep.toml").write_text(_LITTLE)
    pytester.makeini(
        f"[pytest]\naddopts = -p lockstep.pytest_plugin -p no:cacheprovider\n"
        f"lockstep_document = {DOCUMENT}\nlockstep_profile = quick\n"
    )
    return pytester


def with_servers(project: pytest.Pytester, fault: str) -> Path:
    """Add a fixture that starts servers to a project; return the log file of its starts."""
    log = project.path / "log"
    project.makeconftest(_SERVERS.format(fault=fault, log=str(log)))
    return log


def ini(project: pytest.Pytester, *lines: str) -> None:
    """Add lines to the pytest configuration of a project."""
    path = project.path / "tox.ini"
    path.write_text("\n".join([path.read_text(), *lines]))


def outcomes(result: pytest.RunResult) -> dict[str, str]:
    """The outcome of the test of each operation."""
    shown = re.findall(r"test_api\[(.+?)\] (PASSED|FAILED|SKIPPED|ERROR)", result.stdout.str())
    return dict(shown)


def test_each_operation_is_a_test_that_fails_with_its_differences(project: pytest.Pytester) -> None:
    with_servers(project, "text")
    result = project.runpytest("-v", "-rs")
    assert outcomes(result) == {
        "GET /tasks": "PASSED",
        "POST /tasks": "PASSED",
        "GET /tasks/{id}": "FAILED",
        "GET /reports": "SKIPPED",
        "the run as a whole": "PASSED",
    }
    result.stdout.fnmatch_lines(
        [
            '*`done` differs: new has "no" but old has false, in the response to `GET /tasks/*',
            "*old: false",
            '*new: "no"',
            "*curl *http://127.0.0.1:*/tasks/*",
            "SKIPPED*it never succeeded on all servers: only its errors were compared",
        ]
    )
    result.stdout.no_fnmatch_line("*lockstep_operation.check()*")
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize("is_ci", [False, True])
def test_shared_difference_fails_each_operation_and_prints_steps_once(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, is_ci: bool
) -> None:
    # On CI, the summary of pytest has untruncated messages.
    monkeypatch.setenv("CI", "true" if is_ci else "")
    with_servers(project, "error")
    result = project.runpytest("-v")
    shown = outcomes(result)
    assert [name for name, one in shown.items() if one == "FAILED"] == [
        "GET /tasks/{id}",
        "GET /reports",
    ]
    assert result.stdout.str().count("The test of GET /") == 1
    assert result.stdout.str().count("reproduced from scratch") == 1


def test_single_selected_test_prints_the_steps(project: pytest.Pytester) -> None:
    with_servers(project, "error")
    result = project.runpytest("-v", "-k", "getTask")
    assert outcomes(result) == {"GET /tasks/{id}": "FAILED"}
    result.stdout.fnmatch_lines(["*reproduced from scratch*", "*curl *"])


def test_only_operations_of_selected_tests_are_compared(project: pytest.Pytester) -> None:
    with_servers(project, "error")
    report = project.path / "report.json"
    (project.path / "lockstep.toml").write_text(f'{_LITTLE}[output]\njson = "report.json"\n')
    result = project.runpytest("-v", "-k", "listTasks")
    assert outcomes(result) == {"GET /tasks": "PASSED"}
    data = json.loads(report.read_text())
    assert "only listTasks: the rest was not judged" in data["untested"]
    requested = {name for name, one in data["operations"].items() if one["exchanges"]}
    assert "getReport" not in requested


def test_only_operations_selected_by_the_configuration_have_tests(project: pytest.Pytester) -> None:
    with_servers(project, "text")
    selected = 'include = ["/tasks*"]\nexclude = ["POST /tasks"]\n'
    (project.path / "lockstep.toml").write_text(selected + _LITTLE)
    result = project.runpytest("--collect-only", "-q")
    assert re.findall(r"test_api\[(.+?)\]\n", result.stdout.str()) == [
        "GET /tasks",
        "GET /tasks/{id}",
        "the run as a whole",
    ]


def test_xdist_workers_share_one_run(project: pytest.Pytester) -> None:
    with_servers(project, "text")
    report = project.path / "report.json"
    (project.path / "lockstep.toml").write_text(f'{_LITTLE}[output]\njson = "report.json"\n')
    project.makepyfile(
        test_api="def test_api(lockstep_operation):\n"
        "    with open('seen', 'a') as seen:\n"
        "        print(lockstep_operation.report['targets'], file=seen)\n"
        "    lockstep_operation.check()\n"
    )
    result = project.runpytest_subprocess("-p", "xdist", "-n", "2", "--dist", "each")
    # Both workers ran all tests and started their servers; the requests were sent once.
    result.assert_outcomes(passed=6, failed=2, skipped=2)
    assert len((project.path / "log").read_text().splitlines()) == 2
    assert len(set((project.path / "seen").read_text().splitlines())) == 1
    assert json.loads(report.read_text())["exit_code"] == 1


def test_collect_only_and_exitfirst(project: pytest.Pytester) -> None:
    log = with_servers(project, "error")
    result = project.runpytest("--collect-only", "-q")
    result.stdout.fnmatch_lines(
        [f"test_api.py::test_api[[]{name}[]]" for name in ("GET /tasks", "POST /tasks")]
    )
    assert not log.exists()
    project.runpytest("-x").assert_outcomes(passed=2, failed=1)


def test_unchecked_operation_is_checked_by_the_plugin(project: pytest.Pytester) -> None:
    with_servers(project, "text")
    project.makepyfile(
        test_api="def test_api(lockstep_operation): pass\n"
        "def test_all(lockstep_operation):\n"
        "    found = [one['kind'] for one in lockstep_operation.findings]\n"
        "    assert found == (['type'] if lockstep_operation.name == 'getTask' else [])\n"
    )
    result = project.runpytest("-k", "getTask")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["FAILED test_api.py::test_api*"])


def test_running_servers_are_named_in_the_configuration(
    project: pytest.Pytester,
) -> None:
    with serve() as old, serve() as new:
        ini(project, "lockstep_targets =", f"  old={old}", f"  new={new}")
        project.runpytest().assert_outcomes(passed=4, skipped=1)


def test_marker_overrides_the_configuration(project: pytest.Pytester) -> None:
    with serve() as old, serve("text") as new:
        arguments = f"targets={{'a': {old!r}, 'b': {new!r}}}, fail_on='conformance'"
        project.makepyfile(
            test_api=f"import pytest\n@pytest.mark.lockstep({arguments})\n{_TEST}",
        )
        ini(project, "lockstep_targets =", "  old=http://127.0.0.1:1")
        result = project.runpytest("-k", "getTask")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*A and b send a body in the response to*defines none.", "*on a:"])


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            ["lockstep_targets = old=http://127.0.0.1:1"],
            "lockstep: old at http://127.0.0.1:1: ref*",
        ),
        ([], "lockstep: no targets: define a fixture lockstep_targets, *"),
    ],
)
def test_failed_run_is_an_error_of_each_test_in_one_line(
    project: pytest.Pytester, lines: list[str], message: str
) -> None:
    ini(project, *lines)
    result = project.runpytest()
    result.assert_outcomes(errors=5)
    result.stdout.fnmatch_lines([message])
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["lockstep_document ="], "lockstep: no OpenAPI document: set lockstep_document in *"),
        (["lockstep_document = absent.yaml"], "lockstep: *absent.yaml*"),
        (["lockstep_profile = huge"], 'lockstep: profile: "huge" is not one of *'),
        (["lockstep_targets = nonsense"], "lockstep: lockstep_targets: 'nonsense' is not NAME=URL"),
        (["lockstep_config = absent.toml"], "lockstep: *absent.toml*"),
    ],
)
def test_invalid_configuration_is_reported_at_collection(
    project: pytest.Pytester, lines: list[str], message: str
) -> None:
    path = project.path / "tox.ini"
    kept = [line for line in path.read_text().splitlines() if not line.startswith(lines[0][:15])]
    path.write_text("\n".join([*kept, *lines]))
    result = project.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([message])
    result.stdout.no_fnmatch_line("*Traceback*")


def report(**changed: object) -> dict[str, object]:
    """The report of a run without findings, with these changes."""
    record = {"documented": True, "exchanges": 3, "succeeded": True, "method": "GET", "path": "/a"}
    return {
        **{"exit_code": 0, "verdict": "alike", "untested": [], "problems": [], "findings": []},
        **{"seen_once": [], "missing": [], "fail_on": "parity", "targets": {"old": {}, "new": {}}},
        "operations": {"a": record, "b": {**record, "exchanges": 0}},
        **changed,
    }


def test_operation_without_requests_is_skipped() -> None:
    LockstepOperation("a", report()).check()
    with pytest.raises(pytest.skip.Exception, match="no requests were sent"):
        LockstepOperation("b", report()).check()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"verdict": "not tested", "untested": ["no operation succeeded"]}, "no operation"),
        ({"verdict": "could not run", "problems": ["fuzzing: new was lost"]}, "new was lost"),
    ],
)
@pytest.mark.parametrize("name", ["a", ""])
def test_inconclusive_run_is_a_problem_of_each_operation(
    name: str, changed: dict[str, object], message: str
) -> None:
    assert message in LockstepOperation(name, report(exit_code=2, **changed)).problem


@pytest.mark.parametrize(
    "changed",
    [
        {"problems": ["the rule for /tags was not used"]},
        {"findings": [{"category": "trap", "class": "new wrong", "operation": "trap, framing"}]},
        {},
    ],
)
def test_finding_without_an_operation_fails_the_run_as_a_whole(
    changed: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LockstepOperation, "_formatted", lambda *_: "a finding")
    for finding in changed.get("findings", []):  # type: ignore[attr-defined]
        finding.update(places=[], sentence="They differ.", kind="trap")
    failed = report(exit_code=1, verdict="not alike", **changed)
    LockstepOperation("a", failed).check()
    with pytest.raises(pytest.fail.Exception):
        LockstepOperation("", failed).check()
