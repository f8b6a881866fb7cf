"""The models are the tables that the migrations make."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from task_timer.config import Settings
from task_timer.db import driver_url
from task_timer.models import Base

NAMES = text("""
    SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
    UNION SELECT indexname FROM pg_indexes WHERE schemaname = 'public'
""")


def test_models_and_database_do_not_differ(settings: Settings) -> None:
    engine = create_engine(driver_url(settings.database_url))
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_constraints_have_the_names_that_errors_are_told_by(settings: Settings) -> None:
    engine = create_engine(driver_url(settings.database_url))
    with engine.connect() as connection:
        names = set(connection.scalars(NAMES))
    engine.dispose()
    declared = {
        str(constraint.name)
        for table in Base.metadata.tables.values()
        for constraint in table.constraints | table.indexes
    }
    assert declared == {name for name in names if not name.startswith("alembic")}
