"""The severity of findings."""

from __future__ import annotations

import re

from lockstep.compare.server_headers import SERVER_HEADERS
from lockstep.openapi.schema_lookup import Place
from lockstep.results.conditions import kinds_of
from lockstep.results.findings import Finding

LEVELS = (("critical", 90), ("high", 70), ("medium", 40), ("low", 0))
# Members that must not be visible to a client.
_SECRET = re.compile(
    r"pass(word|wd|phrase|code)|hash|salt|secret|private|api_?key|credential|^pwd$|_?token$"
    r"|^(ssn|cvv|iban|card_?number)$",
    re.IGNORECASE,
)
# The name of a member in a value, as JSON.
_KEY = re.compile(r'"([^"\\]*)":')
_PROTECTIVE = re.compile(
    r"header (set-cookie|www-authenticate|cache-control|vary|access-control-|content-security"
    r"|strict-transport|x-content-type|x-frame|cookie)"
)
_OF_SERVERS = frozenset(f"header {name}" for name in SERVER_HEADERS)
_BY_KIND = {
    # Conformance.
    "server_error": 98,
    "no_response": 95,
    "unreadable_body": 65,
    "undocumented_status": 60,
    "body_schema": 55,
    "undocumented_media_type": 45,
    "unexpected_body": 42,
    "missing_header": 35,
    "header_schema": 35,
    # The checks of Schemathesis.
    "IgnoredAuth": 97,
    "ObjectLevelAuthorizationViolation": 93,
    "UseAfterFree": 82,
    "EnsureResourceAvailability": 75,
    "AcceptedNegativeData": 62,
    "RejectedPositiveData": 62,
    "MissingHeaderNotRejected": 60,
    "UnsupportedMethodResponse": 45,
    "AllowHeaderMismatch": 32,
    # Parity.
    "outcome": 95,
    "symbol": 78,
    "length": 72,
    "elements": 72,
    "token": 60,
    "cookie": 56,
    "repeated": 58,
    "type": 56,
    "missing": 57,
    "extra": 54,
    "form": 52,
    "time": 48,
    "value": 50,
    "elapsed": 44,
    # Calls to other services, and SQL statements.
    "calls": 86,
    "url": 80,
    "statements": 60,
    # Changes to databases.
    "cost": 88,
    "other deleted": 84,
    "other changed": 82,
    "other inserted": 78,
    "deleted": 76,
    "inserted": 74,
    "changed": 72,
    "untouched": 54,
    "header": 34,
    "connection": 30,
    "order": 24,
    "bytes": 20,
    "metrics": 12,
    # Expectations of stories and traps.
    "expectation": 80,
    "trap": 64,
    # Severity classes of the general traps.
    "smuggling": 94,
    "security": 80,
    "interop": 55,
    "cosmetic": 15,
}
# Conditions of requests without the required permission or authentication.
_GUARDED = frozenset({"another's thing", "no credentials", "bad credentials", "other user"})
_DEFAULT = 50
_LEAK = 96


def level(severity: int) -> str:
    """Return `critical`, `high`, `medium` or `low` for a number from 0 to 100."""
    return next(name for name, least in LEVELS if severity >= least)


def severity_of(finding: Finding, place: Place | None) -> int:
    """Return the severity from 0 to 100, given the difference and the conditions.

    From most to least severe: 5xx responses, missing responses and leaked keys; access and data
    loss; status codes; structure; values; header fields; the order of members and bytes.
    """
    if leaks(finding, place):
        return _LEAK
    if finding.kind == "status":
        kinds = kinds_of(finding.conditions)
        return _of_statuses(list(finding.values.values()), guarded=bool(kinds & _GUARDED))
    if finding.where in _OF_SERVERS:
        return _BY_KIND["cosmetic"]
    if finding.kind == "header" and _PROTECTIVE.match(finding.where):
        return 46
    if finding.category == "race":
        return 85
    return _BY_KIND.get(finding.kind, _DEFAULT)


def weight(finding: Finding) -> int:
    """Return the severity of a finding before it is confirmed."""
    return severity_of(finding, None)


def leaks(finding: Finding, place: Place | None) -> bool:
    """Whether a response has a secret member that is not documented."""
    if finding.kind in ("extra", "missing"):
        member = finding.where.rpartition("/")[2]
        inside = (name for text in finding.values.values() for name in _KEY.findall(text))
        secret = any(map(_SECRET.search, (member, *inside)))
        return secret and not (place is not None and place.documented)
    if finding.kind == "body_schema" and finding.where.endswith("Properties"):
        named = re.findall(r"'([^']+)'", " ".join(finding.values.values()))
        return any(_SECRET.search(name) for name in named)
    return False


def _of_statuses(texts: list[str], *, guarded: bool) -> int:
    statuses = [int(text) for text in texts if text.isdigit()]
    if any(status >= 500 for status in statuses):
        return 100
    accepted = any(200 <= status < 300 for status in statuses)
    refused = any(status in (401, 403) for status in statuses)
    if accepted and (guarded or refused):
        return 92
    if accepted and 404 in statuses:
        return 80
    if accepted and any(status >= 400 for status in statuses):
        return 70
    return 66 if refused else 60
