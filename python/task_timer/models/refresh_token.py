"""Table refresh_tokens."""

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from ..utils.identifiers import new_id
from .base import Base, CreatedAt, Id, Instant


class RefreshToken(Base):
    """A refresh token, of which only the hash is stored; `successor_id` is what replaced it."""

    __tablename__ = "refresh_tokens"

    id: Mapped[Id] = mapped_column(primary_key=True, default=new_id)
    session_id: Mapped[Id] = mapped_column(
        ForeignKey("sessions.id", ondelete="CASCADE"), index=True
    )
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[Instant] = mapped_column(index=True)
    used_at: Mapped[Instant | None]
    successor_id: Mapped[Id | None]
