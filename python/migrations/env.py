"""Runs the migrations on the database that DATABASE_URL names."""

from alembic import context
from sqlalchemy import create_engine

from task_timer.config import load_settings
from task_timer.db import driver_url
from task_timer.models import Base
from task_timer.models.base import is_stored

engine = create_engine(driver_url(load_settings().database_url))
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_object=is_stored,
        # Indexes are made concurrently, which no transaction may enclose.
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
