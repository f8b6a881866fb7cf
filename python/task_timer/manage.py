"""Administration commands: `python -m task_timer.manage --help`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NoReturn

import click

from .config import ConfigError, load_settings
from .contract import ContractError, load_contract
from .current import resources, using
from .outages import outage_of
from .resources import disconnect, make_resources
from .sample_data import insert_sample_data
from .services import password_service, prune_service, user_service
from .utils.errors import EmailTakenError

FAILED = 1
MISUSED = 2
REGISTRATION = {"$ref": "#/components/schemas/Registration"}
# Nobody waits for these commands as a client waits for an answer.
STATEMENT_TIMEOUT_MS = 60_000


@click.group()
def cli() -> None:
    """Manages the data of the Task Timer, in the database of DATABASE_URL."""


@cli.command("create-admin")
@click.option("--email", required=True, help="The email address of the user.")
@click.option(
    "--password",
    envvar="ADMIN_PASSWORD",
    prompt=True,
    hide_input=True,
    help="The password; if not given, that of ADMIN_PASSWORD or of a prompt.",
)
def create_admin(email: str, password: str) -> None:
    """Creates a user with the role `admin`."""
    with _administering():
        _check({"email": email, "password": password})
        try:
            user_service.create_user(email, password_service.hash_password(password), role="admin")
        except EmailTakenError:
            _refuse([f"{email} is already registered"], FAILED)


@cli.command()
def seed() -> None:
    """Inserts the sample data, except rows that exist."""
    with _administering():
        if resources().settings.app_env == "production":
            _refuse(["seed is refused in production: the passwords are public"], FAILED)
        _tell(insert_sample_data())


@cli.command()
def prune() -> None:
    """Deletes rows that have expired, which no request can use."""
    with _administering():
        hours = resources().contract["x-limits"]["idempotency_hours"]
        _tell(prune_service.delete_expired(hours))


@contextmanager
def _administering() -> Iterator[None]:
    """Provides the resources of a process, and closes their connections."""
    try:
        settings = replace(load_settings(), database_timeout_ms=STATEMENT_TIMEOUT_MS)
        held = make_resources(settings, load_contract(settings.contract_path))
    except ConfigError as error:
        _refuse(error.faults, MISUSED)
    except ContractError as error:
        _refuse([str(error)], MISUSED)
    try:
        with using(held):
            yield
    except Exception as error:
        if outage_of(error, held.contract["x-unavailable"]["states"]) is None:
            raise
        _refuse(["the database is unavailable"], FAILED)
    finally:
        disconnect(held)


def _check(registration: dict[str, str]) -> None:
    """Exits unless the contract would let such a user register."""
    validator = resources().contract.reader.validator(REGISTRATION, "body")
    faults = [f"{v.pointer[1:]}: violates {v.rule}" for v in validator.violations(registration)]
    if faults:
        _refuse(faults, MISUSED)


def _refuse(faults: list[str], status: int) -> NoReturn:
    for fault in faults:
        click.echo(fault, err=True)
    sys.exit(status)


def _tell(rows: dict[str, int]) -> None:
    for table, number in rows.items():
        click.echo(f"{table}: {number}")


if __name__ == "__main__":
    cli()
