"""One embedded PostgreSQL with a migrated template for the tests that run real twins."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from twins.databases import open_databases
from twins.stage import CLEAN, Stage


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with open_databases() as (databases, server):
        stage = Stage(databases, server, Path(tmp_path_factory.mktemp("logs")))
        stage.prepare(CLEAN)
        yield stage
