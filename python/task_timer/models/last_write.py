"""Table last_writes."""

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Id


class LastWrite(Base):
    """Where the write-ahead log was, in bytes, after a user's latest change; see replicas."""

    __tablename__ = "last_writes"

    user_id: Mapped[Id] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(BigInteger)
