import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO

import pytest

from task_timer.app import TaskTimer, create_app
from task_timer.config import Settings, load_settings
from task_timer.contract import Contract, load_contract
from task_timer.resources import Resources
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


@contextmanager
def made(settings: Settings, contract: Contract) -> Iterator[TaskTimer]:
    """Creates an application, and closes its connections afterwards."""
    app = create_app(settings, contract)
    yield app
    app.extensions["task_timer"].database.disconnect()


@pytest.fixture(scope="session")
def app(settings: Settings, contract: Contract) -> Iterator[TaskTimer]:
    configure_logging(settings.log_level)
    with made(settings, contract) as app:
        yield app


@pytest.fixture(scope="module")
def printed(settings: Settings) -> Iterator[BytesIO]:
    """Returns what applications log that are made from now on."""
    stream = BytesIO()
    configure_logging("info", stream)
    yield stream
    configure_logging(settings.log_level)


@pytest.fixture(scope="session")
def resources(app: TaskTimer) -> Resources:
    held: Resources = app.extensions["task_timer"]
    return held


@pytest.fixture
def client(app: TaskTimer) -> Client:
    return registered(app)


@pytest.fixture
def fresh(settings: Settings, contract: Contract) -> Iterator[TaskTimer]:
    """Another application, with a key of its own."""
    with made(replace(settings, secret_key="q8W2" * 10), contract) as other:
        yield other
