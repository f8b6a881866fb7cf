"""The models match the tables and views that the migrations create."""

from collections.abc import Mapping
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.types import TypeEngine

from task_timer.config import Settings
from task_timer.db import driver_url
from task_timer.models import Base
from task_timer.models.base import is_stored

NAMES = text("""
    SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
    UNION SELECT indexname FROM pg_indexes WHERE schemaname = 'public'
""")


def test_models_match_the_database(settings: Settings) -> None:
    engine = create_engine(driver_url(settings.database_url))
    with engine.connect() as connection:
        options = {
            "compare_type": True,
            "compare_server_default": True,
            "include_object": is_stored,
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_views_have_the_columns_of_their_models(settings: Settings) -> None:
    engine = create_engine(driver_url(settings.database_url))
    views = [table for table in Base.metadata.tables.values() if not is_stored(table)]
    found = inspect(engine)
    assert {view.name for view in views} == set(found.get_view_names())
    for view in views:
        columns = {each["name"]: each["type"] for each in found.get_columns(view.name)}
        declared = {column.name: column.type for column in view.columns}
        assert _described(columns, engine) == _described(declared, engine)
    engine.dispose()


def test_constraint_names_match_those_used_for_errors(settings: Settings) -> None:
    engine = create_engine(driver_url(settings.database_url))
    with engine.connect() as connection:
        names = set(connection.scalars(NAMES))
    engine.dispose()
    declared = {
        str(constraint.name)
        for table in Base.metadata.tables.values()
        if is_stored(table)
        for constraint in table.constraints | table.indexes
    }
    assert declared == {name for name in names if not name.startswith("alembic")}


def _described(columns: Mapping[str, TypeEngine[Any]], engine: Engine) -> dict[str, str]:
    """Returns the SQL types of the columns."""
    return {name: kind.compile(engine.dialect) for name, kind in columns.items()}
