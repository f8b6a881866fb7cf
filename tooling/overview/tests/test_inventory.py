"""Both inventories are equal to each other, to the contract and to the migrated database."""

from typing import Any

import psycopg
import pytest
import yaml

from testbed.paths import CONTRACT
from testbed.servers import KINDS, Kind
from testbed.stage import CLEAN, Stage
from tooling.overview import inventory

METHODS = {"get", "post", "put", "patch", "delete"}
# A view does not tell which of its columns are never null.
COLUMNS = """
SELECT table_name, column_name, CASE table_type WHEN 'BASE TABLE' THEN is_nullable = 'YES' END
FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
WHERE table_schema = 'public' AND table_name <> 'alembic_version'
"""


@pytest.fixture(scope="module")
def database_url(stage: Stage) -> str:
    return stage.databases.create("inventory", template=CLEAN)


@pytest.fixture(scope="module")
def inventories(database_url: str) -> dict[Kind, dict[str, Any]]:
    return {kind: inventory.inventory_of(kind, database_url) for kind in KINDS}


def test_twins_agree(inventories: dict[Kind, dict[str, Any]]) -> None:
    assert inventory.differences(inventories) == []


@pytest.mark.parametrize("kind", KINDS)
def test_routes_are_those_of_the_contract(
    inventories: dict[Kind, dict[str, Any]], kind: Kind
) -> None:
    paths = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))["paths"]
    documented = {
        (operation["operationId"], method.upper(), path)
        for path, item in paths.items()
        for method, operation in item.items()
        if method in METHODS
    }
    routes = inventories[kind]["routes"]
    assert {(each["operation"], each["method"], each["path"]) for each in routes} == documented


@pytest.mark.parametrize("kind", KINDS)
def test_models_are_the_tables_and_views_of_the_database(
    inventories: dict[Kind, dict[str, Any]], kind: Kind, database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        columns = set(connection.execute(COLUMNS).fetchall())
    views = {table for table, _, nullable in columns if nullable is None}
    assert {
        (model["name"], field["name"], None if model["name"] in views else field["nullable"])
        for model in inventories[kind]["models"]
        for field in model["fields"]
    } == columns


@pytest.mark.parametrize("kind", KINDS)
def test_database_is_named_without_a_password(
    inventories: dict[Kind, dict[str, Any]], kind: Kind
) -> None:
    assert inventories[kind]["database"].keys() == {"name", "host"}
