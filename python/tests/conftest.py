import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from task_timer.app import TaskTimer, create_app
from task_timer.config import REPOSITORY, Settings, load_settings
from task_timer.contract import Contract, load_contract
from task_timer.resources import Resources
from task_timer.utils.logger import configure_logging

from .clients import Client, registered

GROWTH = REPOSITORY / "contract-tests" / "growth.sql"
# GROWTH=full creates an account with a million entries.
TASKS, ENTRIES = (100_000, 1_000_000) if os.environ.get("GROWTH") == "full" else (10_000, 20_000)
SIZES = "SELECT set_config('growth.tasks', %s, false), set_config('growth.entries', %s, false)"


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
    """Returns the log of applications that are created from now on."""
    stream = BytesIO()
    configure_logging("info", stream)
    yield stream
    configure_logging(settings.log_level)


@pytest.fixture(scope="session")
def resources(app: TaskTimer) -> Resources:
    held: Resources = app.extensions["task_timer"]
    return held


@contextmanager
def copied(template_url: str) -> Iterator[str]:
    """Creates a copy of a database without connections, and drops it afterwards."""
    url = make_url(os.environ["TEST_DATABASE_URL"])
    copy = f"copy_{uuid.uuid4().hex}"
    with psycopg.connect(os.environ["TEST_DATABASE_URL"], autocommit=True) as connection:
        template = sql.Identifier(make_url(template_url).database or "")
        name = sql.Identifier(copy)
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, template))
        yield url.set(database=copy).render_as_string(hide_password=False)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture(scope="session")
def grown_template(settings: Settings) -> Iterator[str]:
    """Returns the URL of a template database with the rows of growth.sql."""
    with copied(os.environ["TEST_TEMPLATE_URL"]) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(SIZES, (str(TASKS), str(ENTRIES)))
            connection.execute(GROWTH.read_bytes())
            connection.execute("VACUUM ANALYZE")
        yield url


@pytest.fixture
def grown(settings: Settings, grown_template: str) -> Iterator[Settings]:
    """Returns the settings of a copy of that template, for this test alone."""
    with copied(grown_template) as url:
        yield replace(settings, database_url=url)


@pytest.fixture
def client(app: TaskTimer) -> Client:
    return registered(app)


@pytest.fixture
def fresh(settings: Settings, contract: Contract) -> Iterator[TaskTimer]:
    """Another application, with a different secret key."""
    with made(replace(settings, secret_key="q8W2" * 10), contract) as other:
        yield other
