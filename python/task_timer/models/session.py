"""Table sessions."""

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from ..utils.identifiers import new_id
from .base import Base, CreatedAt, Id, Instant

REVOKED = "sessions_revoked"


class Session(Base):
    """A log-in session; its tokens are valid until it is revoked."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index(REVOKED, "revoked_at", postgresql_where=text("revoked_at IS NOT NULL")),
    )

    id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[Id] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[CreatedAt]
    revoked_at: Mapped[Instant | None]
