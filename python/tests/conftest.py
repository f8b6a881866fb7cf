import os
from collections.abc import Iterator

import pytest

from task_timer import db
from task_timer.app import TaskTimer, create_app
from task_timer.config import Settings, load_settings
from task_timer.contract import Contract, load_contract
from task_timer.utils.logger import configure_logging

from .clients import Client, registered


@pytest.fixture(scope="session")
def settings() -> Settings:
    if "TEST_DATABASE_URL" not in os.environ:
        pytest.exit("TEST_DATABASE_URL is not set: run `make test-python`", returncode=2)
    os.environ |= {
        "DATABASE_URL": os.environ["TEST_DATABASE_URL"],
        "APP_ENV": "test",
        "RATE_LIMIT_PER_MINUTE": "1000000",
        "CREDENTIAL_LIMIT_PER_MINUTE": "1000000",
    }
    return load_settings()


@pytest.fixture(scope="session")
def contract(settings: Settings) -> Contract:
    return load_contract(settings.contract_path)


@pytest.fixture(scope="session")
def app(settings: Settings, contract: Contract) -> Iterator[TaskTimer]:
    configure_logging(settings.log_level)
    yield create_app(settings, contract)
    db.disconnect()


@pytest.fixture
def client(app: TaskTimer) -> Client:
    return registered(app)
