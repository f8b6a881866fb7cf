"""Administration commands: `python -m task_timer.manage --help`."""

import sys

import click

from .config import ConfigError, load_settings
from .contract import load_contract
from .current import resources, using
from .resources import make_resources
from .sample_data import insert_sample_data
from .services import password_service, prune_service, user_service
from .utils.errors import EmailTakenError


@click.group()
@click.pass_context
def cli(context: click.Context) -> None:
    """Manages the data of the Task Timer, in the database of DATABASE_URL."""
    try:
        settings = load_settings()
    except ConfigError as error:
        sys.exit("\n".join(error.faults))
    context.with_resource(using(make_resources(settings, load_contract(settings.contract_path))))


@cli.command("create-admin")
@click.option("--email", required=True)
@click.option("--password", envvar="ADMIN_PASSWORD", prompt=True, hide_input=True)
def create_admin(email: str, password: str) -> None:
    """Creates a user with the role `admin`."""
    try:
        user_service.create_user(email, password_service.hash_password(password), role="admin")
    except EmailTakenError:
        sys.exit(f"{email} is already registered")


@cli.command()
def seed() -> None:
    """Inserts the sample data, except rows that exist."""
    _tell(insert_sample_data())


@cli.command()
def prune() -> None:
    """Deletes expired tokens, sessions, idempotency records and rate limits."""
    hours = resources().contract["x-limits"]["idempotency_hours"]
    _tell(prune_service.delete_expired(hours))


def _tell(rows: dict[str, int]) -> None:
    for table, number in rows.items():
        click.echo(f"{table}: {number}")


if __name__ == "__main__":
    cli()
