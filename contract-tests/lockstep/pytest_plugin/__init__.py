"""A pytest plugin: a test for each operation of the document that servers share.

    def test_api(lockstep_operation):
        lockstep_operation.check()

is run once for each operation, and once for what belongs to none. pytest's own configuration says
what is compared: `lockstep_document` and `lockstep_targets`, lines of `NAME=URL`; so does
`lockstep.toml` beside it, or `@pytest.mark.lockstep(document=...)` with the keys of that file. URLs
that are known only once servers are up come from a fixture `lockstep_targets` of one's own.

All requests are sent when the first of the tests begins, by `lockstep run`'s own plan; where tests
were deselected, only those that the others are about. Loaded in every session of pytest, this
module imports what it needs when a test asks for it.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from lockstep.pytest_plugin.operation import LockstepOperation

FIXTURE = "lockstep_operation"
_TARGETS = "lockstep: the servers, NAME=URL, a line each; the first one leads"
_OPTIONS = {
    "lockstep_document": "the OpenAPI document: a file or a URL",
    "lockstep_profile": "how much is sent: quick, default or deep",
    "lockstep_fail_on": "what fails: parity, conformance or any",
    "lockstep_config": "a configuration of lockstep; lockstep.toml is found by itself",
}
_MARKER = (
    "lockstep(document=..., targets={...}, ...): what lockstep_operation compares, in the keys"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options of pytest's configuration file."""
    parser.addini("lockstep_targets", _TARGETS, type="linelist", default=[])
    for name, told in _OPTIONS.items():
        parser.addini(name, f"lockstep: {told}", default="")


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
    """Let `-k` choose by operationId too; the test's own name has method and path."""
    name = _parameter(item)
    if name:
        item.extra_keyword_matches.add(name)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """Check what a test was given and has not looked at."""
    result = yield
    operation: Any = pyfuncitem.funcargs.get(FIXTURE)
    if operation is not None and not operation.is_looked_at:
        operation.check()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep steps out of pytest's summary and of the messages of JUnit's XML."""
    report = yield
    operation = getattr(item, "funcargs", {}).get(FIXTURE)
    crash = getattr(report.longrepr, "reprcrash", None)
    if operation is not None and operation.summary and crash is not None:
        crash.message = operation.summary
    return report


@pytest.fixture(scope="session")
def lockstep_targets() -> Mapping[str, str]:
    """The URLs of the servers by name, the first one leading; of none, the configuration says."""
    return {}


@pytest.fixture
def lockstep_operation(
    request: pytest.FixtureRequest,
    lockstep_targets: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> LockstepOperation:
    """What the servers answered to one operation; see `LockstepOperation`.

    The first test of a test function sends all requests. Where that could not be done, or nothing
    was tested, this is an error of each test that has no difference to show.
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
    """The operation of a test, `None` for another test."""
    callspec = getattr(item, "callspec", None)
    return None if callspec is None else callspec.params.get(FIXTURE)


def _is_beside(item: pytest.Item, other: pytest.Item) -> bool:
    """Whether two tests are made of one function."""
    return item.nodeid.partition("[")[0] == other.nodeid.partition("[")[0]
