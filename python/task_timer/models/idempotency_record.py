"""Table idempotency_records."""

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, BinaryText, CreatedAt, Id


class IdempotencyRecord(Base):
    """The response to a request that carried an Idempotency-Key; null until it is known."""

    __tablename__ = "idempotency_records"

    user_id: Mapped[Id] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[BinaryText] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None]
    headers: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    body: Mapped[str | None]
    created_at: Mapped[CreatedAt] = mapped_column(index=True)
