"""What all tables and views share."""

from datetime import datetime
from typing import Annotated, Any, ClassVar

from sqlalchemy import FetchedValue, MetaData, Text, Uuid, func
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.schema import SchemaItem

# The names that PostgreSQL itself would give, written out so that errors can be told by them.
NAMES = {
    "pk": "%(table_name)s_pkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "ck": "%(table_name)s_%(constraint_name)s_check",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
}
# The table arguments of a view, which Alembic does not compare with the database.
VIEW: dict[str, Any] = {"info": {"view": True}}
MILLISECONDS = TIMESTAMP(timezone=True, precision=3)

Id = Annotated[str, mapped_column(Uuid(as_uuid=False))]
Instant = Annotated[datetime, mapped_column(MILLISECONDS)]
# Compared code point by code point, and in letter case by ASCII alone.
BinaryText = Annotated[str, mapped_column(Text(collation="C"))]
CreatedAt = Annotated[datetime, mapped_column(MILLISECONDS, server_default=func.now())]
UpdatedAt = Annotated[
    datetime,
    mapped_column(MILLISECONDS, server_default=func.now(), server_onupdate=FetchedValue()),
]


def is_stored(item: SchemaItem, *_: object) -> bool:
    """Tells whether an item is a table or of one, and not a view; also for Alembic."""
    return "view" not in item.info


class Base(DeclarativeBase):
    """The base of all models. What the database makes of a row comes back with the statement."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {str: Text()}
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012
