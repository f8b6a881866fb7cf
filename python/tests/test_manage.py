"""The commands: their output, exit status and effect on the database."""

from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest
from click.testing import CliRunner, Result

from task_timer.app import TaskTimer
from task_timer.config import Settings
from task_timer.contract import Contract
from task_timer.manage import cli

from .clients import PASSWORD, Client, fresh_email
from .conftest import made

Run = Callable[..., Result]
NOWHERE = "postgresql://postgres@127.0.0.1:1/nowhere"
SECRET_KEY = "kO3vT9-bXw7mQz1_Lr5yHd8sNf2cGj6a"
SAMPLE = "users: 3\ntasks: 9\ntime_entries: 39\n"


@pytest.fixture
def run(settings: Settings) -> Run:
    """Runs a command with additional settings."""

    def run(*arguments: str, **environment: str) -> Result:
        own = {"DATABASE_URL": settings.database_url, "APP_ENV": "test"}
        return CliRunner().invoke(cli, arguments, env={**own, **environment})

    return run


def create_admin(run: Run, email: str, password: str = PASSWORD) -> Result:
    return run("create-admin", "--email", email, "--password", password)


def test_created_admin_can_log_in(run: Run, app: TaskTimer) -> None:
    email = fresh_email()
    created = create_admin(run, email)
    assert (created.exit_code, created.output) == (0, "")
    client = Client(app)
    answer = client.post("auth/login", {"email": email, "password": PASSWORD})
    client.token = answer.get_json()["access_token"]
    assert client.get("users/me").get_json()["role"] == "admin"


def test_email_address_can_be_registered_only_once(run: Run) -> None:
    email = fresh_email()
    create_admin(run, email)
    refused = create_admin(run, email.upper())
    assert (refused.exit_code, refused.stderr) == (1, f"{email.upper()} is already registered\n")


def test_email_and_password_are_validated(run: Run) -> None:
    refused = create_admin(run, "root", "x")
    assert refused.exit_code == 2
    assert refused.stderr == (
        "email: violates minLength\nemail: violates pattern\npassword: violates minLength\n"
    )


def test_password_may_come_from_the_environment(run: Run) -> None:
    email = fresh_email()
    assert run("create-admin", "--email", email, ADMIN_PASSWORD=PASSWORD).exit_code == 0
    assert create_admin(run, email).exit_code == 1


def test_sample_data_are_inserted_once(run: Run, grown: Settings, contract: Contract) -> None:
    assert run("seed", DATABASE_URL=grown.database_url).stdout == SAMPLE
    again = run("seed", DATABASE_URL=grown.database_url)
    assert again.stdout == "users: 0\ntasks: 0\ntime_entries: 0\n"
    with made(replace(grown, app_env="test"), contract) as app:
        body = {"email": "ada@example.com", "password": PASSWORD}
        assert Client(app).post("auth/login", body).status_code == 200


def test_seed_is_rejected_in_production(run: Run, grown: Settings) -> None:
    production = {
        "APP_ENV": "production",
        "SECRET_KEY": SECRET_KEY,
        "DATABASE_URL": grown.database_url,
    }
    refused = run("seed", **production)
    message = "seed is refused in production: the passwords are public\n"
    assert (refused.exit_code, refused.output) == (1, message)
    with psycopg.connect(grown.database_url) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (5000,)


def test_prune_prints_the_number_of_deleted_rows(run: Run, grown: Settings) -> None:
    pruned = run("prune", DATABASE_URL=grown.database_url)
    assert (pruned.exit_code, pruned.stdout) == (
        0,
        "refresh_tokens: 7000\nsessions: 5000\nidempotency_records: 2500\nrate_limits: 2500\n",
    )


def test_invalid_settings_are_listed(run: Run) -> None:
    refused = run("prune", DATABASE_URL="", PORT="0")
    assert refused.exit_code == 2
    assert [line.split(":")[0] for line in refused.stderr.splitlines()] == ["PORT", "DATABASE_URL"]


def test_unreachable_database_is_reported_in_one_line(run: Run) -> None:
    refused = run("prune", DATABASE_URL=NOWHERE)
    assert (refused.exit_code, refused.output) == (1, "the database is unavailable\n")


@pytest.mark.parametrize("arguments", [["prune", "--hard"], ["vacuum"], ["create-admin"]])
def test_usage_error_exits_with_2(run: Run, arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2
