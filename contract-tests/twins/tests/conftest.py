"""One embedded PostgreSQL with a migrated template for the tests that run real twins."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from twins.databases import open_databases
from twins.migrations import seed
from twins.site.build import write_site
from twins.stage import CLEAN, Stage


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a fresh docs site."""
    folder: Path = tmp_path_factory.mktemp("site")
    write_site(folder)
    return folder


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with open_databases() as (databases, server):
        stage = Stage(databases, server, Path(tmp_path_factory.mktemp("logs")))
        stage.prepare(CLEAN)
        yield stage


@pytest.fixture(scope="session")
def sample_data(stage: Stage) -> str:
    """The name of a database with the sample data, to be copied."""
    seed(stage.databases.create("sample_data", template="migrated"))
    return "sample_data"
