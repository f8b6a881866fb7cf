"""Instants: in UTC, in milliseconds."""

from datetime import UTC, datetime


def parse_instant(text: str) -> datetime:
    """Parses an instant that satisfies the contract."""
    instant = datetime.fromisoformat(text).astimezone(UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def format_instant(instant: datetime) -> str:
    """Formats an instant for the wire: in UTC, with milliseconds."""
    return f"{instant.isoformat(timespec='milliseconds')[:-6]}Z"
