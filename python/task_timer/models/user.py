"""Table users."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from ..utils.identifiers import new_id
from .base import Base, BinaryText, CreatedAt, Id, UpdatedAt


class User(Base):
    """A user; `email` is in lower case."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("role IN ('user', 'admin')", name="role"),
        Index(None, "created_at", "id"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[BinaryText] = mapped_column(unique=True)
    password_hash: Mapped[str]
    role: Mapped[str] = mapped_column(server_default="user")
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class UserRow(NamedTuple):
    """A user as it is read."""

    id: str
    email: str
    password_hash: str
    role: str
    created_at: datetime
    updated_at: datetime


USER_COLUMNS = (
    User.id,
    User.email,
    User.password_hash,
    User.role,
    User.created_at,
    User.updated_at,
)
