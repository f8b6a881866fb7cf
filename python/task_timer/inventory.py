"""What this twin consists of, as JSON: `python -m task_timer.inventory`."""

import inspect
import sys
from types import ModuleType
from typing import Any

from sqlalchemy import Column, Dialect
from sqlalchemy.dialects import postgresql

from .config import ConfigError, Settings, load_settings
from .contract import Contract, ContractError, load_contract
from .models import Base
from .services import (
    auth_service,
    idempotency_service,
    password_service,
    rate_limit_service,
    report_service,
    task_service,
    time_entry_service,
    timer_service,
    token_service,
    user_service,
)
from .utils.database_url import parse_database_url
from .utils.json_text import dump_json

SERVICES = (
    auth_service,
    idempotency_service,
    password_service,
    rate_limit_service,
    report_service,
    task_service,
    time_entry_service,
    timer_service,
    token_service,
    user_service,
)


_DIALECT: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]


def take_inventory(settings: Settings, contract: Contract) -> dict[str, Any]:
    """Lists routes, models with their fields, services and the database, without its password."""
    routes = [
        {"operation": operation.id, "method": operation.method, "path": operation.path}
        for operation in contract.operations.values()
    ]
    models = [
        {"name": table.name, "fields": [_field(column) for column in table.columns]}
        for table in sorted(Base.metadata.tables.values(), key=lambda table: table.name)
    ]
    services = [_service(module) for module in SERVICES]
    url = parse_database_url(settings.database_url)
    return {
        "routes": routes,
        "models": models,
        "services": services,
        "database": {"name": url.database, "host": url.host},
        "summary": {"routes": len(routes), "models": len(models), "services": len(services)},
    }


def _field(column: Column[Any]) -> dict[str, Any]:
    text = column.type.compile(_DIALECT)
    kind = text.split(" COLLATE ")[0].lower()
    return {"name": column.name, "type": kind, "nullable": column.nullable}


def _service(module: ModuleType) -> dict[str, Any]:
    functions = sorted(
        name
        for name, member in vars(module).items()
        if inspect.isfunction(member)
        and member.__module__ == module.__name__
        and not name.startswith("_")
    )
    return {"name": module.__name__.rsplit(".", 1)[1], "functions": sorted(functions)}


def main() -> None:
    """Prints the inventory; exits 2 where settings or contract cannot be read."""
    try:
        settings = load_settings()
        inventory = take_inventory(settings, load_contract(settings.contract_path))
    except (ConfigError, ContractError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    sys.stdout.buffer.write(dump_json(inventory) + b"\n")


if __name__ == "__main__":
    main()
