"""Table rate_limits."""

from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, BinaryText, Instant


class RateLimit(Base):
    """The number of attempts of a client within a window."""

    __tablename__ = "rate_limits"

    key: Mapped[BinaryText] = mapped_column(primary_key=True)
    hits: Mapped[int]
    window_ends_at: Mapped[Instant] = mapped_column(index=True)
