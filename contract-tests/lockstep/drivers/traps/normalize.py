"""Masks values generated for each response, to compare responses without matching."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from lockstep.transport.messages import NoResponse, Outcome

_UUID = re.compile(
    r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-([0-9A-Fa-f])[0-9A-Fa-f]{3}"
    r"-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}(?![0-9A-Fa-f])"
)
_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)([Tt ])(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:?\d\d)?"
)
_RECENT = timedelta(hours=1)
# An instant without a time zone may be in any.
_RECENT_ANYWHERE = timedelta(hours=15)


def masked(text: str) -> str:
    """Mask UUIDs and instants near the current time.

    Their format is kept: the version and case of a UUID, the parts of an instant.
    """
    return _INSTANT.sub(_instant, _UUID.sub(_uuid, text))


def masked_answer(outcome: Outcome) -> str:
    """Return the status code and the masked body of a response, or why there is none."""
    if isinstance(outcome, NoResponse):
        return f"no response: {outcome.reason}"
    return f"{outcome.status} {masked(outcome.body.decode('utf-8', 'replace'))}"


def _uuid(found: re.Match[str]) -> str:
    case = "upper" if found[0] != found[0].lower() else "lower"
    return f"<uuid {found[1]} {case}>"


def _instant(found: re.Match[str]) -> str:
    day, separator, clock, fraction, zone = found.groups("")
    try:
        instant = datetime.fromisoformat(f"{day}T{clock}{zone.upper()}")
    except ValueError:
        return found[0]
    recent = _RECENT if instant.tzinfo else _RECENT_ANYWHERE
    instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    if abs(datetime.now(UTC) - instant) > recent:
        return found[0]
    return f"<now{separator}{'.' + '0' * len(fraction) if fraction else ''}{zone}>"
