"""A pytest plugin: a test for each operation of the document that servers share.

    def test_api(lockstep_operation):
        lockstep_operation.check()

runs once for each operation, and once for findings outside of operations. The pytest configuration
sets what is compared: `lockstep_document` and `lockstep_targets`, lines of `NAME=URL`; so does
`lockstep.toml` beside it, or `@pytest.mark.lockstep(document=...)` with the keys of that file. URLs
that are known only once servers have started are returned by a fixture `lockstep_targets`.

The first test sends all requests, as `lockstep run` does; if tests were deselected, only those that
the selected tests need. This module is loaded in every pytest session, so it imports its
dependencies only when a test requests the fixture.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from lockstep.pytest_plugin.operation import LockstepOperation

FIXTURE = "lockstep_operation"
_TARGETS = "lockstep: the servers, one NAME=URL per line; the first one is the reference"
_OPTIONS = {
    "lockstep_document": "the OpenAPI document: a file or a URL",
    "lockstep_profile": "how much is sent: quick, default or deep",
    "lockstep_fail_on": "what fails: parity, conformance or any",
    "lockstep_config": "a configuration of lockstep; lockstep.toml is found automatically",
}
_MARKER = (
    "lockstep(document=..., targets={...}, ...): what lockstep_operation compares, in the keys"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options of pytest's configuration file."""
    parser.addini("lockstep_targets", _TARGETS, type="linelist", default=[])
    for name, description in _OPTIONS.items():
        parser.addini(name, f"lockstep: {description}", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", f"{_MARKER} of lockstep.toml")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Create a test for each operation, and one for the run as a whole."""
    if FIXTURE not in metafunc.fixturenames:
        return
    from lockstep.pytest_plugin.comparison import PlanError, operations

    try:
        found = operations(metafunc.config, metafunc.definition)
    except PlanError as error:
        raise pytest.Collector.CollectError(str(error)) from error
    metafunc.parametrize(FIXTURE, list(found), indirect=True, ids=list(found.values()))


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let `-k` also select by operationId; the test id has method and path."""
    name = _parameter(item)
    if name:
        item.extra_keyword_matches.add(name)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """Check the operation of a test that did not check it itself."""
    result = yield
    operation: Any = pyfuncitem.funcargs.get(FIXTURE)
    if operation is not None and not operation.is_looked_at:
        operation.check()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep steps out of pytest's summary and of the messages in JUnit XML."""
    report = yield
    operation = getattr(item, "funcargs", {}).get(FIXTURE)
    crash = getattr(report.longrepr, "reprcrash", None)
    if operation is not None and operation.summary and crash is not None:
        crash.message = operation.summary
    return report


@pytest.fixture(scope="session")
def lockstep_targets() -> Mapping[str, str]:
    """The URLs of the servers by name, the reference first; if empty, the configuration applies."""
    return {}


@pytest.fixture
def lockstep_operation(
    request: pytest.FixtureRequest,
    lockstep_targets: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> LockstepOperation:
    """The result for one operation; see `LockstepOperation`.

    The first test of a test function sends all requests. If that fails, or nothing was tested, each
    test without a difference to report errors.
    """
    from lockstep.pytest_plugin.comparison import PlanError, compared
    from lockstep.pytest_plugin.operation import LockstepOperation

    chosen = {_parameter(item) for item in request.session.items if _is_beside(item, request.node)}
    try:
        data = compared(
            *(request.config, request.node, lockstep_targets, tmp_path_factory), chosen - {None}
        )
    except PlanError as error:
        pytest.fail(str(error), pytrace=False)
    operation = LockstepOperation(request.param, data, frozenset(chosen - {None}))
    for title, text in operation.remarks():
        request.node.add_report_section("call", title, text)
    if operation.problem:
        pytest.fail(operation.problem, pytrace=False)
    return operation


def _parameter(item: pytest.Item) -> Any:
    """Return the operation of a test, `None` for other tests."""
    callspec = getattr(item, "callspec", None)
    return None if callspec is None else callspec.params.get(FIXTURE)


def _is_beside(item: pytest.Item, other: pytest.Item) -> bool:
    """Whether two tests are parametrizations of one function."""
    return item.nodeid.partition("[")[0] == other.nodeid.partition("[")[0]
