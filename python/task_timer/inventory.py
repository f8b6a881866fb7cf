"""The inventory of this twin, as JSON: `python -m task_timer.inventory`."""

import inspect
import pkgutil
import sys
from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import Any

from sqlalchemy import Column, Dialect
from sqlalchemy.dialects import postgresql

from . import services as package
from .app import create_app, routes_of
from .config import ConfigError, Settings, load_settings
from .contract import Contract, ContractError, load_contract
from .models import Base
from .utils.database_url import parse_database_url
from .utils.json_text import dump_json

_DIALECT: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]


def take_inventory(settings: Settings, contract: Contract) -> dict[str, Any]:
    """Lists routes, models with their fields, services and the database, without its password."""
    routes = routes_of(create_app(replace(settings, workers=1), contract))
    names = {mapper.local_table: mapper.class_.__name__ for mapper in Base.registry.mappers}
    models = [
        {
            "name": names[table],
            "table": table.name,
            "fields": [_field(column) for column in table.columns],
        }
        for table in sorted(Base.metadata.tables.values(), key=lambda table: table.name)
    ]
    services = dict(_read_service(module) for module in _service_modules())
    url = parse_database_url(settings.database_url)
    database = {"name": url.database, "host": f"{url.host}:{url.port}"}
    return {
        "routes_created": routes,
        "models": models,
        "services": services,
        "database": database,
        "summary": f"{contract['info']['title']} serves {len(routes)} routes with {len(services)}"
        f" services over {len(models)} models of the database {database['name']} at"
        f" {database['host']}.",
    }


def _field(column: Column[Any]) -> dict[str, Any]:
    text = column.type.compile(_DIALECT)
    kind = text.split(" COLLATE ")[0].lower()
    return {"name": column.name, "type": kind, "nullable": column.nullable}


def _service_modules() -> list[ModuleType]:
    """Lists the services, those of the commands among them."""
    names = sorted(each.name for each in pkgutil.iter_modules(package.__path__))
    return [import_module(f"{package.__name__}.{n}") for n in names if n.endswith("_service")]


def _read_service(module: ModuleType) -> tuple[str, list[str]]:
    """Gives the source of a service and its functions, without its classes."""
    functions = sorted(
        name
        for name, member in inspect.getmembers(module, inspect.isfunction)
        if member.__module__ == module.__name__ and not name.startswith("_")
    )
    return f"python/{module.__name__.replace('.', '/')}.py", functions


def main() -> None:
    """Prints the inventory; exits 2 if settings or contract cannot be read."""
    try:
        settings = load_settings()
        inventory = take_inventory(settings, load_contract(settings.contract_path))
    except (ConfigError, ContractError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    sys.stdout.buffer.write(dump_json(inventory) + b"\n")


if __name__ == "__main__":
    main()
