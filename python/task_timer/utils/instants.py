"""Instants: in UTC, in milliseconds."""

from datetime import UTC, datetime


def parse_instant(text: str) -> datetime:
    """Read an RFC 3339 date-time with an offset; digits beyond milliseconds are cut off."""
    instant = datetime.fromisoformat(text).astimezone(UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def format_instant(instant: datetime) -> str:
    """Write an instant of UTC as `YYYY-MM-DDTHH:MM:SS.mmmZ`."""
    return f"{instant.isoformat(timespec='milliseconds')[:-6]}Z"
