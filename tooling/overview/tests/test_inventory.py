"""Both inventories match each other, the contract, the sources and the database."""

import re
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import yaml

from testbed.paths import CONTRACT, ROOT
from testbed.servers import KINDS, Kind
from testbed.stage import CLEAN, Stage
from tooling.overview import inventory

METHODS = {"get", "post", "put", "patch", "delete"}
# A view has no NOT NULL information about its columns.
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


def test_inventories_are_equal_except_for_file_names(
    inventories: dict[Kind, dict[str, Any]],
) -> None:
    assert inventory.differences(inventories) == []
    python, node = (inventories[kind] for kind in KINDS)
    assert list(python) == ["routes_created", "models", "services", "database", "summary"]
    assert python.keys() == node.keys()
    assert {**python, "services": None} == {**node, "services": None}


def test_difference_is_reported(inventories: dict[Kind, dict[str, Any]]) -> None:
    python = inventories["python"]
    models = [{**python["models"][0], "name": "Other"}, *python["models"][1:]]
    differences = inventory.differences({"python": python, "node": {**python, "models": models}})
    assert '+      "name": "Other",' in differences


@pytest.mark.parametrize("kind", KINDS)
def test_routes_match_the_contract(inventories: dict[Kind, dict[str, Any]], kind: Kind) -> None:
    paths = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))["paths"]
    documented = [
        f"{method.upper()} {path}"
        for path, item in paths.items()
        for method in item
        if method in METHODS
    ]
    assert sorted(inventories[kind]["routes_created"]) == sorted(documented)


@pytest.mark.parametrize("kind", KINDS)
def test_models_match_the_tables_and_views_of_the_database(
    inventories: dict[Kind, dict[str, Any]], kind: Kind, database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        columns = set(connection.execute(COLUMNS).fetchall())
    views = {table for table, _, nullable in columns if nullable is None}
    assert {
        (model["table"], field["name"], None if model["table"] in views else field["nullable"])
        for model in inventories[kind]["models"]
        for field in model["fields"]
    } == columns


@pytest.mark.parametrize("kind", KINDS)
def test_services_are_listed_with_their_functions(
    inventories: dict[Kind, dict[str, Any]], kind: Kind
) -> None:
    services = inventories[kind]["services"]
    assert [path for path in services if not (ROOT / path).is_file()] == []
    (tasks,) = [path for path in services if re.search("/task.service", path)]
    assert "create_task" in services[tasks]


@pytest.mark.parametrize("kind", KINDS)
def test_database_is_named_without_a_password(
    inventories: dict[Kind, dict[str, Any]], kind: Kind, database_url: str
) -> None:
    url = urlsplit(database_url)
    database = {"name": url.path[1:], "host": f"{url.hostname}:{url.port}"}
    assert inventories[kind]["database"] == database
    summary = inventories[kind]["summary"]
    assert summary.endswith(f"of the database {url.path[1:]} at {url.hostname}:{url.port}.")
