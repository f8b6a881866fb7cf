"""What all tables share."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sqlalchemy import Dialect, FetchedValue, MetaData, Text, Uuid, func
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import UserDefinedType

# The names that PostgreSQL itself would give, written out so that errors can be told by them.
NAMES = {
    "pk": "%(table_name)s_pkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "ck": "%(table_name)s_%(constraint_name)s_check",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
}
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


class IdList(UserDefinedType[list[str]]):
    """A parameter with many ids, handed over as one text: each for itself would cost more."""

    cache_ok = True
    render_bind_cast = True

    def get_col_spec(self, **_options: Any) -> str:
        """Gives the type's name in SQL."""
        return "UUID[]"

    def bind_processor(self, dialect: Dialect) -> Callable[[list[str] | None], str]:
        """Gives the function that writes a list as PostgreSQL's text of an array."""
        return lambda ids: f"{{{','.join(ids or ())}}}"


class Base(DeclarativeBase):
    """The base of all models. What the database makes of a row comes back with the statement."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {str: Text()}
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012
