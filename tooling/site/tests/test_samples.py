"""Every code sample of the reference page works verbatim on both twins."""

import itertools
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from lockstep.openapi.document import Document
from lockstep.openapi.operations import Operation
from testbed.migrations import ADMIN, SAMPLE_USER
from testbed.paths import CONTRACT
from testbed.servers import KINDS, Kind, TwinServer
from testbed.stage import Stage
from tooling.site.samples import VARIABLES, CodeSample, samples
from tooling.site.samples.catalogue import LABELS
from tooling.site.samples.requests import sample_request, success_status
from tooling.site.tests.accounts import log_in
from tooling.site.tests.sample_runners import RUNNERS, Runner
from tooling.site.tests.saved_rows import SavedRows

DOCUMENT = Document.load(CONTRACT)
# References to environment variables in shell, Python and Node.
ENVIRONMENT = re.compile(r"""\$([A-Z_]+)|os\.environ\[['"](\w+)|process\.env\.(\w+)""")


@dataclass(frozen=True)
class Place:
    """A twin with the sample data, and sessions of a user and an administrator."""

    address: str
    tokens: Mapping[str, Mapping[str, str]]
    rows: SavedRows
    runners: Mapping[str, Runner]

    def variables(self, operation: Operation, source: str) -> dict[str, str]:
        """The environment variables that a reader sets before running the sample."""
        tokens = self.tokens[operation.definition.get("x-role", "user")]
        known = {
            "BASE_URL": self.address,
            "TOKEN": tokens["access_token"],
            "REFRESH_TOKEN": tokens["refresh_token"],
        }
        if "ETAG" in source:
            url = self.address + sample_request(DOCUMENT, operation).path
            headers = {"Authorization": f"Bearer {known['TOKEN']}"}
            known["ETAG"] = httpx.get(url, headers=headers).raise_for_status().headers["ETag"]
        return {name: value for name, value in known.items() if name in source}


@pytest.fixture(scope="module", params=KINDS)
def place(
    request: pytest.FixtureRequest,
    stage: Stage,
    sample_data: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Place]:
    kind: Kind = request.param
    directory: Path = tmp_path_factory.mktemp(kind)
    url = stage.databases.create(f"samples_{kind}", template=sample_data)
    with ExitStack() as stack:
        stack.callback(stage.databases.drop, f"samples_{kind}")
        server = stack.enter_context(TwinServer(kind, url, directory / "log"))
        tokens = {"user": log_in(server, SAMPLE_USER), "admin": log_in(server, ADMIN)}
        rows = stack.enter_context(SavedRows(url))
        runners = {name: stack.enter_context(runner(directory)) for name, runner in RUNNERS.items()}
        yield Place(server.base_url, tokens, rows, runners)


@pytest.fixture(scope="module")
def catalogue() -> dict[str, list[CodeSample]]:
    return samples(DOCUMENT.raw)


@pytest.mark.parametrize("language", LABELS)
@pytest.mark.parametrize("name", DOCUMENT.operations)
def test_sample_succeeds(
    name: str, language: str, place: Place, catalogue: dict[str, list[CodeSample]]
) -> None:
    operation = DOCUMENT.operations[name]
    expected = sample_request(DOCUMENT, operation)
    sample = next(each for each in catalogue[name] if each.language == language)
    place.rows.restore()
    outcome = place.runners[language](sample.source, place.variables(operation, sample.source))
    assert outcome.status == (200 if expected.redirects else success_status(operation))
    assert bool(outcome.printed) == (expected.answer != "none")


def test_every_operation_has_a_sample_in_every_language(
    catalogue: dict[str, list[CodeSample]],
) -> None:
    for name in DOCUMENT.operations:
        assert [sample.language for sample in catalogue[name]] == list(LABELS)


def test_variables_are_documented(catalogue: dict[str, list[CodeSample]]) -> None:
    named = {
        name
        for sample in itertools.chain(*catalogue.values())
        for groups in ENVIRONMENT.findall(sample.source)
        for name in groups
        if name
    }
    assert named == set(VARIABLES)
