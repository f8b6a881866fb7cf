"""Fixtures for tests with real twins: one embedded PostgreSQL with a migrated template."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.databases import open_databases
from testbed.migrations import seed
from testbed.stage import CLEAN, Stage


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage with a clean template."""
    with open_databases() as (databases, server):
        stage = Stage(databases, server, Path(tmp_path_factory.mktemp("logs")))
        stage.prepare(CLEAN)
        yield stage


@pytest.fixture(scope="session")
def sample_data(stage: Stage) -> str:
    """The name of a database with the sample data, to be used as a template."""
    seed(stage.databases.create("sample_data", template="migrated"))
    return "sample_data"
